package immtest

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// newDataset is a server with a dataset that holds the files, by their keys. What
// an object cannot tell comes by an extractor, so that every field can be filled.
func newDataset(t *testing.T, files map[string]imm.File) *Server {
	t.Helper()
	s := newServer(t, WithExtractor(func(_ context.Context, object Object) (imm.File, error) {
		return files[object.Key], nil
	}))
	for key, file := range files {
		s.PutObject("test-bucket", key, []byte(strings.Repeat(".", int(file.Size))))
		s.mu.Lock()
		d, f := s.useDataset("test-project", "test-dataset")
		s.mu.Unlock()
		require.Nil(t, f)
		in := inputFile{URI: "oss://test-bucket/" + key, CustomID: file.CustomID, CustomLabels: file.CustomLabels}
		require.Empty(t, s.index(d, &in, nil))
	}
	return s
}

// keysOf are the keys of the files in an answer.
func keysOf(t *testing.T, body map[string]any) []string {
	t.Helper()
	keys := []string{}
	for _, file := range body["Files"].([]any) {
		keys = append(keys, strings.TrimPrefix(file.(map[string]any)["URI"].(string), "oss://test-bucket/"))
	}
	return keys
}

// queried are the keys of the files that a condition finds.
func queried(t *testing.T, s *Server, query string, pairs ...string) []string {
	t.Helper()
	return keysOf(t, ask(t, s, "SimpleQuery", inDataset(append(pairs, "Query", query)...)))
}

// refusedAs is the code with which a call is refused, and its message.
func refusedAs(t *testing.T, s *Server, action string, params url.Values) (code, message string) {
	t.Helper()
	r := send(t, s, signed(action, params))
	message, _ = r.body["Message"].(string)
	return r.code(), message
}

func toJSON(t require.TestingT, value any) string {
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
