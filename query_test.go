package imm_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/query"
)

func TestASimpleQueryGoesOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		req    imm.SimpleQueryRequest
		params url.Values
	}{
		"all files": {imm.SimpleQueryRequest{}, url.Values{}},
		"the documented example": {
			imm.SimpleQueryRequest{Query: query.And(query.Eq("ContentType", "image/jpeg"), query.Gt("ImageWidth", 1000))},
			url.Values{"Query": {`{"Operation":"and","SubQueries":[{"Field":"ContentType","Operation":"eq","Value":"image/jpeg"},{"Field":"ImageWidth","Operation":"gt","Value":"1000"}]}`}},
		},
		"everything": {
			imm.SimpleQueryRequest{
				Query: imm.QueryCondition{Field: "Size", Operation: "gte", Value: "1"}, Sort: "Size,Filename", Order: "asc,desc", MaxResults: 10, NextToken: "T",
				WithFields: []string{"URI"}, WithoutTotalHits: true,
			},
			url.Values{
				"Query": {`{"Field":"Size","Operation":"gte","Value":"1"}`}, "Sort": {"Size,Filename"}, "Order": {"asc,desc"}, "MaxResults": {"10"}, "NextToken": {"T"},
				"WithFields": {`["URI"]`}, "WithoutTotalHits": {"true"},
			},
		},
		"aggregations": {
			imm.SimpleQueryRequest{Aggregations: []imm.Aggregation{{"Size", imm.AggregateSum}, {"MediaType", imm.AggregateGroup}}, MaxResults: 2000},
			url.Values{"Aggregations": {`[{"Field":"Size","Operation":"sum"},{"Field":"MediaType","Operation":"group"}]`}, "MaxResults": {"2000"}},
		},
		"an empty value is one": {
			imm.SimpleQueryRequest{Query: query.Not(query.Eq("Title", ""))},
			url.Values{"Query": {`{"Operation":"not","SubQueries":[{"Field":"Title","Operation":"eq","Value":""}]}`}},
		},
		"nothing is escaped for web pages": {
			imm.SimpleQueryRequest{Query: query.Or(query.MatchPhrase("Title", `<a> & "b"`), query.Exists("CustomLabels.é"))},
			url.Values{"Query": {`{"Operation":"or","SubQueries":[{"Field":"Title","Operation":"match-phrase","Value":"<a> & \"b\""},{"Field":"CustomLabels.é","Operation":"exist"}]}`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, action, params := exchangeOf(t, `{"RequestId":"R","NextToken":"","Files":[{"URI":"oss://test-bucket/photo.jpg"}],"TotalHits":17}`)
			test.req.ProjectName, test.req.DatasetName = project, dataset
			got, err := client.SimpleQuery(t.Context(), &test.req)
			require.NoError(t, err)
			require.Equal(t, "SimpleQuery", *action)
			require.Equal(t, with(test.params), *params)
			require.Equal(t, &imm.SimpleQueryResponse{RequestID: "R", TotalHits: 17, Files: []imm.File{{URI: photo}}}, got)
		})
	}
}

func TestAggregationsComeWithTheirGroups(t *testing.T) {
	t.Parallel()
	client, _, _ := exchangeOf(t, `{"RequestId":"R","NextToken":"","TotalHits":3,"Aggregations":[`+
		`{"Field":"Size","Operation":"sum","Value":200.5},{"Field":"MediaType","Operation":"group","Value":0,"Groups":[{"Value":"image","Count":2},{"Value":"video","Count":1}]}]}`)
	got, err := client.SimpleQuery(t.Context(), &imm.SimpleQueryRequest{ProjectName: project, DatasetName: dataset, Aggregations: []imm.Aggregation{{"Size", "sum"}}})
	require.NoError(t, err)
	require.Equal(t, &imm.SimpleQueryResponse{RequestID: "R", TotalHits: 3, Aggregations: []imm.AggregationResult{
		{Field: "Size", Operation: imm.AggregateSum, Value: 200.5},
		{Field: "MediaType", Operation: imm.AggregateGroup, Groups: []imm.AggregationGroup{{"image", 2}, {"video", 1}}},
	}}, got)
}

func TestTextQueriesGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	client, action, params := exchangeOf(t, `{"RequestId":"R","NextToken":"N","TotalHits":2,"Files":[{"URI":"oss://test-bucket/photo.jpg"}]}`)
	fuzzy, err := client.FuzzyQuery(t.Context(), &imm.FuzzyQueryRequest{
		ProjectName: project, DatasetName: dataset, Query: "cat & dog", Sort: "Size", Order: "desc", MaxResults: 200, NextToken: "T", WithFields: []string{"URI"},
	})
	require.NoError(t, err)
	require.Equal(t, "FuzzyQuery", *action)
	require.Equal(t, with(url.Values{"Query": {"cat & dog"}, "Sort": {"Size"}, "Order": {"desc"}, "MaxResults": {"200"}, "NextToken": {"T"}, "WithFields": {`["URI"]`}}), *params)
	require.Equal(t, &imm.FuzzyQueryResponse{RequestID: "R", NextToken: "N", TotalHits: 2, Files: []imm.File{{URI: photo}}}, fuzzy)

	client, action, params = exchangeOf(t, `{"RequestId":"R","Files":[{"URI":"oss://test-bucket/photo.jpg","Elements":[{"ElementType":"shot","SemanticSimilarity":0.5,"ElementContents":[{"Type":"video","TimeRange":[0,1000]}]}]}]}`)
	semantic, err := client.SemanticQuery(t.Context(), &imm.SemanticQueryRequest{
		ProjectName: project, DatasetName: dataset, Query: "snow", SourceURI: photo, MediaTypes: []imm.MediaType{imm.MediaImage, imm.MediaVideo}, MaxResults: 1000, NextToken: "T", WithFields: []string{"URI"},
	})
	require.NoError(t, err)
	require.Equal(t, "SemanticQuery", *action)
	require.Equal(t, with(url.Values{"Query": {"snow"}, "SourceURI": {photo}, "MediaTypes": {`["image","video"]`}, "MaxResults": {"1000"}, "NextToken": {"T"}, "WithFields": {`["URI"]`}}), *params)
	require.Equal(t, []imm.Element{{ElementType: "shot", SemanticSimilarity: 0.5, ElementContents: []imm.ElementContent{{Type: "video", TimeRange: []int64{0, 1000}}}}}, semantic.Files[0].Elements)
}

func TestWrongQueriesAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	five := strings.Repeat("Size,", 4) + "Filename"
	sum := []imm.Aggregation{{"Size", imm.AggregateSum}}
	client, transport := mocked(t, httpmock.NewStringResponder(200, `{"RequestId":"R"}`))
	sent := 0
	for _, test := range []struct {
		req   imm.SimpleQueryRequest
		field string // empty: it is right
		says  string
	}{
		{imm.SimpleQueryRequest{MaxResults: 100}, "", ""},
		{imm.SimpleQueryRequest{MaxResults: 101}, "MaxResults", "0 to 100"},
		{imm.SimpleQueryRequest{MaxResults: -1}, "MaxResults", "0 to 100"},
		{imm.SimpleQueryRequest{MaxResults: 2000, Aggregations: sum}, "", ""},
		{imm.SimpleQueryRequest{MaxResults: 2001, Aggregations: sum}, "MaxResults", "0 to 2000"},
		{imm.SimpleQueryRequest{Aggregations: []imm.Aggregation{{"Size", "sum"}, {"", "sum"}}}, "Aggregations[1].Field", "it is empty"},
		{imm.SimpleQueryRequest{Aggregations: []imm.Aggregation{{"\xff", "sum"}}}, "Aggregations[0].Field", "UTF-8"},
		{imm.SimpleQueryRequest{Aggregations: []imm.Aggregation{{"Size", "median"}}}, "Aggregations[0].Operation", "min, max, average"},
		{imm.SimpleQueryRequest{Aggregations: []imm.Aggregation{{"Size", "Sum"}}}, "Aggregations[0].Operation", "is not an aggregation"},
		{imm.SimpleQueryRequest{Sort: five, Order: "asc,desc,asc,desc,asc"}, "", ""},
		{imm.SimpleQueryRequest{Sort: five, Order: "asc"}, "", ""},
		{imm.SimpleQueryRequest{Sort: five + ",URI"}, "Sort", "at most 5"},
		{imm.SimpleQueryRequest{Sort: "Size,"}, "Sort", "empty name"},
		{imm.SimpleQueryRequest{Sort: "Size, ,URI"}, "Sort", "empty name"},
		{imm.SimpleQueryRequest{Sort: "\xff"}, "Sort", "UTF-8"},
		{imm.SimpleQueryRequest{Sort: "Size", Order: "asc,desc"}, "Order", "for 2 fields, and Sort has 1"},
		{imm.SimpleQueryRequest{Order: "asc"}, "Order", "for 1 fields, and Sort has 0"},
		{imm.SimpleQueryRequest{Sort: "Size", Order: "ASC"}, "Order", "asc or desc"},
		{imm.SimpleQueryRequest{Sort: "Size,URI", Order: "asc, desc"}, "Order", "asc or desc"},
		{imm.SimpleQueryRequest{NextToken: "\xff"}, "NextToken", "UTF-8"},
		{imm.SimpleQueryRequest{WithFields: []string{""}}, "WithFields[0]", "it is empty"},
		{imm.SimpleQueryRequest{Query: query.And()}, "Query.SubQueries", "and needs 1 to 100 sub-queries, not 0"},
	} {
		test.req.ProjectName, test.req.DatasetName = project, dataset
		_, err := client.SimpleQuery(t.Context(), &test.req)
		if test.field == "" {
			require.NoError(t, err)
			sent++
			continue
		}
		requireInvalid(t, err, "SimpleQuery", test.field, test.says)
	}
	_, err := client.SimpleQuery(t.Context(), nil)
	requireInvalid(t, err, "SimpleQuery", "req", "nil")
	_, err = client.SimpleQuery(t.Context(), &imm.SimpleQueryRequest{ProjectName: project})
	requireInvalid(t, err, "SimpleQuery", "DatasetName", "it is empty")
	require.Equal(t, sent, transport.GetTotalCallCount())
}

func TestWrongTextQueriesAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	client, transport := mocked(t, func(*http.Request) (*http.Response, error) {
		return httpmock.NewStringResponse(200, `{"RequestId":"R"}`), nil
	})
	fuzzy := func(req imm.FuzzyQueryRequest) error {
		req.ProjectName, req.DatasetName = project, dataset
		_, err := client.FuzzyQuery(t.Context(), &req)
		return err
	}
	semantic := func(req imm.SemanticQueryRequest) error {
		req.ProjectName, req.DatasetName = project, dataset
		_, err := client.SemanticQuery(t.Context(), &req)
		return err
	}
	requireInvalid(t, fuzzy(imm.FuzzyQueryRequest{}), "FuzzyQuery", "Query", "it is empty")
	requireInvalid(t, fuzzy(imm.FuzzyQueryRequest{Query: "\xff"}), "FuzzyQuery", "Query", "UTF-8")
	requireInvalid(t, fuzzy(imm.FuzzyQueryRequest{Query: "a", MaxResults: 201}), "FuzzyQuery", "MaxResults", "0 to 200")
	requireInvalid(t, fuzzy(imm.FuzzyQueryRequest{Query: "a", Sort: "A,B,C,D,E,F"}), "FuzzyQuery", "Sort", "at most 5")
	requireInvalid(t, semantic(imm.SemanticQueryRequest{}), "SemanticQuery", "Query", "so is SourceURI")
	requireInvalid(t, semantic(imm.SemanticQueryRequest{SourceURI: bucket}), "SemanticQuery", "SourceURI", "not the URI of a file")
	requireInvalid(t, semantic(imm.SemanticQueryRequest{Query: "a", MaxResults: 1001}), "SemanticQuery", "MaxResults", "0 to 1000")
	requireInvalid(t, semantic(imm.SemanticQueryRequest{Query: "a", MediaTypes: []imm.MediaType{"image", ""}}), "SemanticQuery", "MediaTypes[1]", "not a media type")
	_, err := client.FuzzyQuery(t.Context(), nil)
	requireInvalid(t, err, "FuzzyQuery", "req", "nil")
	_, err = client.SemanticQuery(t.Context(), nil)
	requireInvalid(t, err, "SemanticQuery", "req", "nil")
	require.Zero(t, transport.GetTotalCallCount())
	require.NoError(t, semantic(imm.SemanticQueryRequest{SourceURI: photo}))
	require.NoError(t, fuzzy(imm.FuzzyQueryRequest{Query: "a", MaxResults: 200}))
}
