package bench

import (
	"net/http"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
)

// hook gives the requests of the published core to an HTTP client, as the core
// does with one of its own. The transport that it makes for each request is left
// unused.
type hook struct{ client *http.Client }

// Call implements the core's interface for HTTP clients.
func (h hook) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	return h.client.Do(req)
}

func newPublished(host string, httpClient *http.Client) (*openapi.Client, error) {
	return openapi.NewClient(&utils.Config{
		AccessKeyId: new(accessKeyID), AccessKeySecret: new(accessKeySecret), Endpoint: new(host), HttpClient: hook{httpClient},
	})
}

// callPublished makes a call as the published SDK does: its request becomes the
// parameters, the core makes the call, and what comes is converted to the type of
// the answer.
func callPublished[T any](client *openapi.Client, op operation[T]) (*T, error) {
	result, err := callCore(client, op.action, op.published())
	if err != nil {
		return nil, err
	}
	var resp struct {
		Headers    map[string]*string `json:"headers"`
		StatusCode *int32             `json:"statusCode"`
		Body       *T                 `json:"body"`
	}
	err = dara.Convert(result, &resp)
	return resp.Body, err
}

// callAlone is the core's part in that: parameters go in, and maps come out.
func callAlone[T any](client *openapi.Client, op operation[T]) (any, error) {
	query := make(map[string]any, len(op.params))
	for name, value := range op.params {
		if text, ok := value.(string); ok {
			query[name] = new(text)
		} else {
			query[name] = asJSON(value, name)
		}
	}
	result, err := callCore(client, op.action, query)
	return result["body"], err
}

func callCore(client *openapi.Client, action string, query map[string]any) (map[string]any, error) {
	params := &utils.Params{
		Action: new(action), Version: new("2020-09-30"), Protocol: new("HTTPS"), Pathname: new("/"), Method: new("POST"),
		AuthType: new("AK"), Style: new("RPC"), ReqBodyType: new("formData"), BodyType: new("json"),
	}
	return client.CallApi(params, &utils.OpenApiRequest{Query: utils.Query(query)}, &dara.RuntimeOptions{})
}

// asJSON is how the published SDK makes text of a parameter that is none.
func asJSON(value any, name string) *string {
	return utils.ArrayToStringWithSpecifiedStyle(value, new(name), new("json"))
}
