package immtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func textFiles() map[string]imm.File {
	return map[string]imm.File{
		"holiday/Beach.jpg": {MediaType: imm.MediaImage, Labels: []imm.Label{{LabelName: "sea"}, {LabelName: "sand", LabelAlias: "Strand"}}},
		"notes.txt":         {MediaType: imm.MediaDocument, OCRContents: []imm.OCRContent{{Contents: "sea and sand on a holiday"}}, Title: "Notes"},
		"song.mp3":          {MediaType: imm.MediaAudio, Artist: "The Sea", CustomLabels: map[string]string{"mood": "calm"}, CustomID: "id-7"},
		"city.png":          {MediaType: imm.MediaImage, Addresses: []imm.Address{{City: "Hangzhou"}}, Insights: imm.Insights{Image: imm.ImageInsight{Caption: "杭州的西湖"}}},
	}
}

func TestFuzzyQueryFindsATextInTheTextsOfAFile(t *testing.T) {
	t.Parallel()
	s := newDataset(t, textFiles())
	for query, want := range map[string]string{
		"sea":               "holiday/Beach.jpg notes.txt song.mp3",
		"SEA":               "holiday/Beach.jpg notes.txt song.mp3",
		"each.J":            "holiday/Beach.jpg",
		"holiday/":          "holiday/Beach.jpg",
		"strand":            "holiday/Beach.jpg",
		"sand on":           "notes.txt",
		"on sand":           "",
		"sea calm":          "", // all of it in one text
		"mood":              "song.mp3",
		"calm":              "song.mp3",
		"id-7":              "song.mp3",
		"hangzhou":          "city.png",
		"西湖":                "city.png",
		"image/png":         "", // a type is no text
		"oss://test-bucket": "",
	} {
		body := ask(t, s, "FuzzyQuery", inDataset("Query", query))
		require.Equal(t, strings.Fields(want), keysOf(t, body), query)
	}
	body := ask(t, s, "FuzzyQuery", inDataset("Query", "sea", "Sort", "URI", "MaxResults", "2"))
	require.Equal(t, []string{"song.mp3", "notes.txt"}, keysOf(t, body))
	require.InEpsilon(t, 3.0, body["TotalHits"], 0)
	body = ask(t, s, "FuzzyQuery", inDataset("Query", "sea", "Sort", "URI", "MaxResults", "2", "NextToken", body["NextToken"].(string)))
	require.Equal(t, []string{"holiday/Beach.jpg"}, keysOf(t, body))
	require.Empty(t, body["NextToken"])
}

func TestSemanticQueryRanksBySharedWords(t *testing.T) {
	t.Parallel()
	s := newDataset(t, textFiles())
	for _, c := range []struct {
		params []string
		want   string
	}{
		{[]string{"Query", "Sea, sand, holiday and fun"}, "notes.txt holiday/Beach.jpg song.mp3"},
		{[]string{"Query", "sea"}, "holiday/Beach.jpg notes.txt song.mp3"},
		{[]string{"Query", "sea sea sea strand"}, "holiday/Beach.jpg notes.txt song.mp3"},
		{[]string{"Query", "湖"}, "city.png"},
		{[]string{"Query", "mountains"}, ""},
		{[]string{"Query", "sea sand", "MediaTypes", `["audio","document"]`}, "notes.txt song.mp3"},
		{[]string{"Query", "sea sand", "MediaTypes", `["video"]`}, ""},
		{[]string{"Query", "sea sand", "MediaTypes", `[]`}, "holiday/Beach.jpg notes.txt song.mp3"},
		{[]string{"SourceURI", "oss://test-bucket/holiday/Beach.jpg"}, "holiday/Beach.jpg notes.txt song.mp3"},
		{[]string{"SourceURI", "oss://other-bucket/folder/city.gif"}, "city.png"},
		{[]string{"SourceURI", "oss://other-bucket/city.gif", "Query", "calm sea"}, "song.mp3 city.png holiday/Beach.jpg notes.txt"},
		{[]string{"Query", "sea sand", "MaxResults", "1"}, "holiday/Beach.jpg"},
	} {
		require.Equal(t, strings.Fields(c.want), keysOf(t, ask(t, s, "SemanticQuery", inDataset(c.params...))), "%s", c.params)
	}
}

func TestTheClientsTextQueriesAreUnderstood(t *testing.T) {
	t.Parallel()
	s := newDataset(t, textFiles())
	fuzzy, err := s.Client().FuzzyQuery(t.Context(), &imm.FuzzyQueryRequest{ProjectName: "test-project", DatasetName: "test-dataset", Query: "calm"})
	require.NoError(t, err)
	require.Equal(t, "The Sea", fuzzy.Files[0].Artist)
	semantic, err := s.Client().SemanticQuery(t.Context(), &imm.SemanticQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Query: "the sea", MediaTypes: []imm.MediaType{imm.MediaAudio}, WithFields: []string{"Artist"},
	})
	require.NoError(t, err)
	require.Equal(t, []imm.File{{Artist: "The Sea"}}, semantic.Files)
}
