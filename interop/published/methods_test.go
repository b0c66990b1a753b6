package published

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/imm-go/imm"
)

// method calls the method of an operation with parameters as they are on the wire.
type method func(context.Context, *imm.Client, map[string]any) (any, error)

// errUntyped is of parameters that the types of our client cannot say.
var errUntyped = errors.New("the client's types have no place for this")

// methods are those of our client. A test wants one for every operation.
var methods = map[string]method{
	"CreateProject": typed((*imm.Client).CreateProject),
	"GetProject":    typed((*imm.Client).GetProject),
	"ListProjects":  typed((*imm.Client).ListProjects),
	"UpdateProject": typed((*imm.Client).UpdateProject),
	"DeleteProject": typed((*imm.Client).DeleteProject),

	"CreateDataset": typed((*imm.Client).CreateDataset),
	"GetDataset":    typed((*imm.Client).GetDataset),
	"ListDatasets":  typed((*imm.Client).ListDatasets),
	"UpdateDataset": typed((*imm.Client).UpdateDataset),
	"DeleteDataset": typed((*imm.Client).DeleteDataset),

	"CreateBinding": typed((*imm.Client).CreateBinding),
	"GetBinding":    typed((*imm.Client).GetBinding),
	"ListBindings":  typed((*imm.Client).ListBindings),
	"DeleteBinding": typed((*imm.Client).DeleteBinding),

	"IndexFileMeta":       typed((*imm.Client).IndexFileMeta),
	"BatchIndexFileMeta":  typed((*imm.Client).BatchIndexFileMeta),
	"GetFileMeta":         typed((*imm.Client).GetFileMeta),
	"BatchGetFileMeta":    typed((*imm.Client).BatchGetFileMeta),
	"UpdateFileMeta":      typed((*imm.Client).UpdateFileMeta),
	"BatchUpdateFileMeta": typed((*imm.Client).BatchUpdateFileMeta),
	"DeleteFileMeta":      typed((*imm.Client).DeleteFileMeta),
	"BatchDeleteFileMeta": typed((*imm.Client).BatchDeleteFileMeta),

	"SimpleQuery":   typed((*imm.Client).SimpleQuery),
	"FuzzyQuery":    typed((*imm.Client).FuzzyQuery),
	"SemanticQuery": typed((*imm.Client).SemanticQuery),

	"GetTask":   typed((*imm.Client).GetTask),
	"ListTasks": typed((*imm.Client).ListTasks),

	"ListRegions":            typed((*imm.Client).ListRegions),
	"AttachOSSBucket":        typed((*imm.Client).AttachOSSBucket),
	"DetachOSSBucket":        typed((*imm.Client).DetachOSSBucket),
	"GetOSSBucketAttachment": typed((*imm.Client).GetOSSBucketAttachment),
	"ListAttachedOSSBuckets": typed((*imm.Client).ListAttachedOSSBuckets),
}

func typed[Request, Response any](call func(*imm.Client, context.Context, *Request) (*Response, error)) method {
	return func(ctx context.Context, client *imm.Client, params map[string]any) (any, error) {
		text, err := json.Marshal(withTags(params))
		if err != nil {
			return nil, err
		}
		var req Request
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields() // a parameter that got lost would go unnoticed
		if err := decoder.Decode(&req); err != nil {
			return nil, errors.Join(errUntyped, err)
		}
		return call(client, ctx, &req)
	}
}

// withTags has the list of tags as the map that the client takes. What is no list
// of tags with different keys stays, and does not fit the client's types.
func withTags(params map[string]any) map[string]any {
	list, found := params["Tag"].([]any)
	if !found {
		return params
	}
	tags := make(map[string]any, len(list))
	for _, element := range list {
		tag, _ := element.(map[string]any)
		key, isText := tag["Key"].(string)
		if _, twice := tags[key]; twice || !isText {
			return params
		}
		tags[key] = tag["Value"]
	}
	params = maps.Clone(params)
	delete(params, "Tag")
	params["Tags"] = tags
	return params
}
