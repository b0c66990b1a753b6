package imm_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestBindingListsGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	bound := documentedBinding(imm.StateRunning, imm.PhaseIncrementalScanning)
	checkExchanges(t, map[string]exchange{
		"all bindings": {
			"ListBindings", `DatasetName=test-dataset&ProjectName=test-project`,
			`{"RequestId":"R","NextToken":"next","Bindings":[{"Phase":"IncrementalScanning","ProjectName":"test-project","DatasetName":"test-dataset","State":"Running",` +
				`"CreateTime":"2022-07-06T07:03:28.054762739+08:00","UpdateTime":"2022-07-06T07:03:28.054762739+08:00","URI":"oss://test-bucket","Detail":1},{"URI":"oss://b","CreateTime":5}]}`,
			calling((*imm.Client).ListBindings, &imm.ListBindingsRequest{ProjectName: project, DatasetName: dataset}),
			&imm.ListBindingsResponse{RequestID: "R", NextToken: "next", Bindings: []imm.Binding{bound, {URI: "oss://b"}}},
		},
		"some bindings": {
			"ListBindings", `MaxResults=10&Name=n&NextToken=a&ProjectName=test-project`, `{"RequestId":"R","Bindings":[]}`,
			calling((*imm.Client).ListBindings, &imm.ListBindingsRequest{ProjectName: project, Name: "n", MaxResults: 10, NextToken: "a"}),
			&imm.ListBindingsResponse{RequestID: "R", Bindings: []imm.Binding{}},
		},
		"the end of a binding": {
			"DeleteBinding", `DatasetName=test-dataset&ProjectName=test-project&URI=oss://test-bucket`, `{"RequestId":"R"}`,
			calling((*imm.Client).DeleteBinding, &imm.DeleteBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket}),
			&imm.DeleteBindingResponse{RequestID: "R"},
		},
	})
}

// names goes through a list for the names of its items.
func names[Item any](list iter.Seq2[Item, error], name func(Item) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range list {
			if !yield(name(item), err) {
				return
			}
		}
	}
}

// listing is one of the lists that are read page by page. Its call reads a list
// from a token on and spoils the request right after, which must not matter.
type listing struct {
	action string
	query  string // of each request, but for NextToken
	items  string // of the answer
	name   string // of an item
	list   func(ctx context.Context, c *imm.Client, token string) iter.Seq2[string, error]
	none   func(ctx context.Context, c *imm.Client) error // the first error with a nil request
}

func firstError[Item any](list iter.Seq2[Item, error]) error {
	for _, err := range list {
		return err
	}
	return nil
}

var listings = []listing{
	{"ListProjects", `MaxResults=2 Prefix=p Tag=[{"Key":"a","Value":"b"}]`, "Projects", "ProjectName", func(ctx context.Context, c *imm.Client, token string) iter.Seq2[string, error] {
		req := &imm.ListProjectsRequest{MaxResults: 2, Prefix: "p", Tags: map[string]string{"a": "b"}, NextToken: token}
		list := c.Projects(ctx, req)
		clear(req.Tags)
		*req = imm.ListProjectsRequest{}
		return names(list, func(p imm.Project) string { return p.ProjectName })
	}, func(ctx context.Context, c *imm.Client) error { return firstError(c.Projects(ctx, nil)) }},
	{"ListDatasets", `MaxResults=2 ProjectName=test-project`, "Datasets", "DatasetName", func(ctx context.Context, c *imm.Client, token string) iter.Seq2[string, error] {
		req := &imm.ListDatasetsRequest{ProjectName: project, MaxResults: 2, NextToken: token}
		list := c.Datasets(ctx, req)
		*req = imm.ListDatasetsRequest{}
		return names(list, func(d imm.Dataset) string { return d.DatasetName })
	}, func(ctx context.Context, c *imm.Client) error { return firstError(c.Datasets(ctx, nil)) }},
	{"ListBindings", `DatasetName=test-dataset ProjectName=test-project`, "Bindings", "URI", func(ctx context.Context, c *imm.Client, token string) iter.Seq2[string, error] {
		req := &imm.ListBindingsRequest{ProjectName: project, DatasetName: dataset, NextToken: token}
		list := c.Bindings(ctx, req)
		*req = imm.ListBindingsRequest{}
		return names(list, func(b imm.Binding) string { return b.URI })
	}, func(ctx context.Context, c *imm.Client) error { return firstError(c.Bindings(ctx, nil)) }},
	{"ListTasks", `ProjectName=test-project TaskTypes=["a"]`, "Tasks", "TaskId", func(ctx context.Context, c *imm.Client, token string) iter.Seq2[string, error] {
		req := &imm.ListTasksRequest{ProjectName: project, TaskTypes: []string{"a"}, NextToken: token}
		list := c.Tasks(ctx, req)
		req.TaskTypes[0] = "spoiled"
		*req = imm.ListTasksRequest{}
		return names(list, func(task imm.TaskInfo) string { return task.TaskID })
	}, func(ctx context.Context, c *imm.Client) error { return firstError(c.Tasks(ctx, nil)) }},
	{"ListAttachedOSSBuckets", `ProjectName=test-project`, "AttachedOSSBuckets", "OSSBucket", func(ctx context.Context, c *imm.Client, token string) iter.Seq2[string, error] {
		req := &imm.ListAttachedOSSBucketsRequest{ProjectName: project, NextToken: token}
		list := c.AttachedOSSBuckets(ctx, req)
		*req = imm.ListAttachedOSSBucketsRequest{}
		return names(list, func(b imm.AttachedOSSBucket) string { return b.OSSBucket })
	}, func(ctx context.Context, c *imm.Client) error { return firstError(c.AttachedOSSBuckets(ctx, nil)) }},
}

// serves answers with the page of each token, "a b>next" being two items and the
// token of the next page, and "!" a refusal.
func (l listing) serves(t *testing.T, pages map[string]string, asked *[]string) *imm.Client {
	t.Helper()
	var mu sync.Mutex
	client, _ := mocked(t, func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		query := req.URL.Query()
		token := query.Get("NextToken")
		*asked = append(*asked, token)
		query.Del("NextToken")
		want := url.Values{}
		for pair := range strings.SplitSeq(l.query, " ") {
			key, value, _ := strings.Cut(pair, "=")
			want.Set(key, value)
		}
		page, known := pages[token]
		if !known || req.Header.Get("X-Acs-Action") != l.action || !reflect.DeepEqual(query, want) {
			t.Errorf("unexpected request of page %q: %v", token, req.URL)
			return httpmock.NewStringResponse(400, `{"Code":"InvalidArgument"}`), nil
		}
		if page == "!" {
			return httpmock.NewStringResponse(400, `{"Code":"ResourceNotFound","RequestId":"R"}`), nil
		}
		items, next, _ := strings.Cut(page, ">")
		var list []map[string]string
		for name := range strings.FieldsSeq(items) {
			list = append(list, map[string]string{l.name: name})
		}
		return httpmock.NewJsonResponse(200, map[string]any{"RequestId": "R", l.items: list, "NextToken": next})
	})
	return client
}

func collect(list iter.Seq2[string, error], most int) (got []string, err error) {
	for name, err := range list {
		if err != nil {
			return got, err
		}
		if got = append(got, name); len(got) == most {
			break
		}
	}
	return got, nil
}

func TestEveryListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	three := map[string]string{"": "a b>1", "1": ">2", "2": "c>3", "3": ""}
	for _, l := range listings {
		t.Run(l.action, func(t *testing.T) {
			t.Parallel()
			var asked []string
			client := l.serves(t, three, &asked)
			list := l.list(t.Context(), client, "")
			require.Empty(t, asked)
			for range 2 {
				asked = nil
				got, err := collect(list, 100)
				require.NoError(t, err)
				require.Equal(t, []string{"a", "b", "c"}, got)
				require.Equal(t, []string{"", "1", "2", "3"}, asked)
			}

			asked = nil
			got, err := collect(list, 2)
			require.NoError(t, err)
			require.Equal(t, []string{"a", "b"}, got)
			require.Equal(t, []string{""}, asked, "a break stops without another request")

			asked = nil
			got, err = collect(l.list(t.Context(), client, "2"), 100)
			require.NoError(t, err)
			require.Equal(t, []string{"c"}, got, "from the caller's token on")
			require.Equal(t, []string{"2", "3"}, asked)

			var all sync.WaitGroup
			for range 2 {
				all.Go(func() {
					got, err := collect(list, 100)
					if err != nil || len(got) != 3 {
						t.Errorf("two loops at once: %v, %v", got, err)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestEveryListEndsWithItsFirstError(t *testing.T) {
	t.Parallel()
	for _, l := range listings {
		t.Run(l.action, func(t *testing.T) {
			t.Parallel()
			var asked []string
			broken := map[string]string{"": "a b>1", "1": "!"}
			got, err := collect(l.list(t.Context(), l.serves(t, broken, &asked), ""), 100)
			require.Equal(t, []string{"a", "b"}, got)
			require.ErrorIs(t, err, imm.ErrNotFound)

			circle := map[string]string{"": "a>1", "1": "b>2", "2": "c>1"}
			got, err = collect(l.list(t.Context(), l.serves(t, circle, &asked), ""), 100)
			require.Equal(t, []string{"a", "b", "c"}, got)
			require.EqualError(t, err, "imm: "+l.action+`: the service gave the page token "1" a second time, so the list would have no end`)

			asked = nil
			client := l.serves(t, broken, &asked)
			err = l.none(t.Context(), client)
			var invalid *imm.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, l.action, invalid.Action)
			require.Equal(t, "req", invalid.Field)
			require.Empty(t, asked)
		})
	}
}

func TestTheEndOfTheContextEndsAList(t *testing.T) {
	t.Parallel()
	for _, l := range listings {
		t.Run(l.action, func(t *testing.T) {
			t.Parallel()
			var asked []string
			client := l.serves(t, map[string]string{"": "a b>1", "1": "c"}, &asked)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var got []string
			var last error
			for name, err := range l.list(ctx, client, "") {
				cancel()
				if last = err; err == nil {
					got = append(got, name)
				}
			}
			require.Equal(t, []string{"a", "b"}, got, "what came with the page is there")
			require.ErrorIs(t, last, context.Canceled)
			require.Equal(t, []string{""}, asked)
		})
	}
}

func TestAPageThatWasLostIsAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []scripted{
			{200, `{"RequestId":"R","Bindings":[{"URI":"a"}],"NextToken":"1"}`}, {}, refusalOf(429, "Throttling"), {200, `{"RequestId":"R","Bindings":[{"URI":"b"}]}`},
		}}
		start := time.Now()
		var got []string
		for binding, err := range s.client(t).Bindings(t.Context(), &imm.ListBindingsRequest{ProjectName: project}) {
			require.NoError(t, err)
			got = append(got, binding.URI)
		}
		require.Equal(t, []string{"a", "b"}, got)
		require.Positive(t, time.Since(start))
	})
}

func TestAListIsTakenForWhatItIsOnly(t *testing.T) {
	t.Parallel()
	for body, good := range map[string]bool{
		`{"RequestId":"R"}`: true, `{"Bindings":[]}`: true, `{"RequestId":"R","Bindings":null,"NextToken":null}`: true,
		`{}`: false, `[]`: false, ``: false, `{"Bindings":{}}`: false, `{"Bindings":[5]}`: false, `{"RequestId":"R","Bindings":[{"URI":"oss://b"},null]}`: false, `{"RequestId":"R","Code":"NoPermission"}`: false,
	} {
		client, _ := mocked(t, httpmock.NewStringResponder(200, body))
		_, err := client.ListBindings(t.Context(), &imm.ListBindingsRequest{ProjectName: project})
		require.Equal(t, good, err == nil, "%s: %v", body, err)
		var refused *imm.APIError
		require.True(t, good || errors.As(err, &refused), body)
	}
}
