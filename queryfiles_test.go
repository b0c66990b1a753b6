package imm_test

import (
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// paged answers with pages of the given numbers of files, one after the other, and
// counts the requests. The token of a page is its number.
func paged(t *testing.T, sizes ...int) (*imm.Client, *int) {
	requests := new(int)
	client, _ := mocked(t, func(r *http.Request) (*http.Response, error) {
		*requests++
		page := 0
		if token := r.URL.Query().Get("NextToken"); token != "" {
			if _, err := fmt.Sscan(token, &page); err != nil {
				return nil, err
			}
		}
		var files []string
		for i := range sizes[page] {
			files = append(files, fmt.Sprintf(`{"URI":"oss://test-bucket/%d-%d"}`, page, i))
		}
		next := ""
		if page+1 < len(sizes) {
			next = fmt.Sprint(page + 1)
		}
		return httpmock.NewStringResponse(200, fmt.Sprintf(`{"RequestId":"R","NextToken":%q,"Files":[%s]}`, next, strings.Join(files, ","))), nil
	}, imm.WithRetry(imm.RetryPolicy{MaxAttempts: 1}))
	return client, requests
}

func uris(t *testing.T, files iter.Seq2[imm.File, error]) []string {
	t.Helper()
	var all []string
	for file, err := range files {
		require.NoError(t, err)
		all = append(all, strings.TrimPrefix(file.URI, bucket+"/"))
	}
	return all
}

func TestTheFilesOfAllPagesComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	want := []string{"0-0", "0-1", "2-0", "4-0"}
	client, requests := paged(t, 2, 0, 1, 0, 1, 0)
	simple := &imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset, MaxResults: 2, Sort: "URI"}
	files := client.SimpleQueryFiles(t.Context(), simple)
	require.Zero(t, *requests, "nothing is asked before a loop begins")
	simple.Sort = "changed, as the caller may"
	require.Equal(t, want, uris(t, files))
	require.Equal(t, 6, *requests)
	require.Equal(t, want, uris(t, files), "each loop begins anew")

	fuzzy := &imm.FuzzyQueryRequest{ProjectName: project, DatasetName: dataset, Query: "a"}
	before := *fuzzy
	require.Equal(t, want, uris(t, client.FuzzyQueryFiles(t.Context(), fuzzy)))
	require.Equal(t, before, *fuzzy)
	fuzzy.NextToken = "2"
	require.Equal(t, want[2:], uris(t, client.FuzzyQueryFiles(t.Context(), fuzzy)))
}

func TestABreakEndsTheRequests(t *testing.T) {
	t.Parallel()
	client, requests := paged(t, 2, 2)
	for file, err := range client.SimpleQueryFiles(t.Context(), &imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset}) {
		require.NoError(t, err)
		if file.URI == bucket+"/0-1" {
			break
		}
	}
	require.Equal(t, 1, *requests)
	for _, err := range client.FuzzyQueryFiles(t.Context(), &imm.FuzzyQueryRequest{ProjectName: project, DatasetName: dataset, Query: "a"}) {
		require.NoError(t, err)
		break
	}
	require.Equal(t, 2, *requests)
}

// requireEnds wants files, and then one error, which it returns.
func requireEnds(t *testing.T, files iter.Seq2[imm.File, error], before int) error {
	t.Helper()
	n, ended := 0, error(nil)
	for file, err := range files {
		require.NoError(t, ended, "nothing comes behind an error")
		if ended = err; err != nil {
			require.Equal(t, imm.File{}, file)
			continue
		}
		n++
	}
	require.Equal(t, before, n)
	require.Error(t, ended)
	return ended
}

func TestTheFirstErrorEndsTheFiles(t *testing.T) {
	t.Parallel()
	n := 0
	client, _ := mocked(t, func(*http.Request) (*http.Response, error) {
		if n++; n > 1 {
			return httpmock.NewStringResponse(400, `{"RequestId":"R","Code":"InvalidArgument","Message":"no such field"}`), nil
		}
		return httpmock.NewStringResponse(200, `{"RequestId":"R","NextToken":"N","Files":[{"URI":"oss://b/1"},{"URI":"oss://b/2"}]}`), nil
	})
	err := requireEnds(t, client.SimpleQueryFiles(t.Context(), &imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset}), 2)
	require.ErrorIs(t, err, imm.ErrInvalidArgument)
	n = 0
	err = requireEnds(t, client.FuzzyQueryFiles(t.Context(), &imm.FuzzyQueryRequest{ProjectName: project, DatasetName: dataset, Query: "a"}), 2)
	require.ErrorIs(t, err, imm.ErrInvalidArgument)
}

func TestATokenThatComesTwiceEndsTheFiles(t *testing.T) {
	t.Parallel()
	client, _, _ := exchangeOf(t, `{"RequestId":"R","NextToken":"N","Files":[{"URI":"oss://b/1"}]}`)
	err := requireEnds(t, client.SimpleQueryFiles(t.Context(), &imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset}), 2)
	require.ErrorContains(t, err, `imm: SimpleQuery: the service gave the page token "N" a second time`)
	err = requireEnds(t, client.FuzzyQueryFiles(t.Context(), &imm.FuzzyQueryRequest{ProjectName: project, DatasetName: dataset, Query: "a", NextToken: "N"}), 1)
	require.ErrorContains(t, err, "imm: FuzzyQuery: the service gave")
}

func TestFilesThatCannotBeAskedForAreOneError(t *testing.T) {
	t.Parallel()
	client, requests := paged(t, 1)
	simple := func(req *imm.SimpleQueryRequest) error {
		return requireEnds(t, client.SimpleQueryFiles(t.Context(), req), 0)
	}
	requireInvalid(t, simple(nil), "SimpleQuery", "req", "nil")
	requireInvalid(t, simple(&imm.SimpleQueryRequest{}), "SimpleQuery", "ProjectName", "it is empty")
	requireInvalid(t, simple(&imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset, Aggregations: []imm.Aggregation{{"Size", "sum"}}}), "SimpleQuery", "Aggregations", "call SimpleQuery")
	requireInvalid(t, requireEnds(t, client.FuzzyQueryFiles(t.Context(), nil), 0), "FuzzyQuery", "req", "nil")
	require.Zero(t, *requests)
}

func TestNobodyCountsAllFilesForAnIterator(t *testing.T) {
	t.Parallel()
	client, _, params := exchangeOf(t, `{"RequestId":"R","NextToken":""}`)
	require.Empty(t, uris(t, client.SimpleQueryFiles(t.Context(), &imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset})))
	require.Equal(t, "true", params.Get("WithoutTotalHits"))
}
