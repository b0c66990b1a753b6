package immtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// control calls a control endpoint of a server without a network, so that it also
// works in a bubble.
func control(s *Server, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, "/_emulator/"+path, strings.NewReader(body)))
	return w
}

// get calls an endpoint that has to succeed and decodes its answer.
func get[T any](t *testing.T, s *Server, path string) T {
	t.Helper()
	return decoded[T](t, control(s, http.MethodGet, path, ""))
}

func decoded[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var out T
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out), w.Body.String())
	return out
}

// refused is the sentence of an answer that refuses.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int) string {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var out struct{ Error string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out))
	require.True(t, strings.HasSuffix(out.Error, "."), "it is a sentence: %s", out.Error)
	return out.Error
}

func TestAControlEndpointNeedsNoSignatureMeetsNoFaultAndIsNotRecorded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Inject(Fault{Code: "NoPermission", Times: -1})
	resp, err := http.Get(s.URL() + "/_emulator/requests")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.Empty(t, s.Requests())
	http.DefaultClient.CloseIdleConnections()
}

func TestAnUnknownPathIsAnsweredWithTheListOfEndpoints(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{"", "message", "messages/", "messages/more", "objects", "%2e%2e/", "/state"} {
		w := control(s, http.MethodGet, path, "")
		require.Contains(t, refused(t, w, http.StatusNotFound), "/_emulator/")
		var list struct{ Endpoints []string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list))
		require.Len(t, list.Endpoints, len(endpoints))
	}
	require.Empty(t, s.Requests())
}

func TestAnotherPathThatLooksLikeAControlEndpointIsForTheGateway(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{"/_emulator", "/_emulators/state", "/x/_emulator/state"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Contains(t, w.Body.String(), "InvalidAction.NotFound", path)
	}
	require.Len(t, s.Requests(), 3)
}

func TestAWrongMethodIsToldWhichOnesWouldDo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for path, allowed := range map[string]string{
		"messages": "GET, HEAD", "requests": "GET, HEAD", "state": "GET, HEAD", "reset": "POST",
		"faults": "GET, HEAD, POST, DELETE", "failures": "POST", "subscriptions": "GET, HEAD, POST",
		"targets": "POST", "deliveryfaults": "GET, HEAD, POST, DELETE", "certificate": "GET, HEAD", "objects/b/k": "PUT, DELETE",
	} {
		w := control(s, http.MethodPatch, path, "")
		require.Contains(t, refused(t, w, http.StatusMethodNotAllowed), "PATCH")
		require.Equal(t, allowed, w.Header().Get("Allow"), path)
	}
	require.Equal(t, http.StatusOK, control(s, http.MethodHead, "state", "").Code)
}

func TestAMisspeltParameterIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct{ method, path, want string }{
		{http.MethodGet, "messages?topic=t&waits=1", "waits"},
		{http.MethodGet, "requests?Action=GetBinding", "Action"},
		{http.MethodGet, "state?projects=p", "projects"},
		{http.MethodGet, "state?project=%zz", "query"},
		{http.MethodGet, "faults?a=1", "parameter a"},
		{http.MethodPost, "faults?a=1", "parameter a"},
		{http.MethodDelete, "faults?action=GetBinding", "action"},
		{http.MethodPost, "failures?a=1", "parameter a"},
		{http.MethodGet, "subscriptions?waits=1", "waits"},
		{http.MethodPost, "subscriptions?a=1", "parameter a"},
		{http.MethodPost, "targets?a=1", "parameter a"},
		{http.MethodGet, "deliveryfaults?a=1", "parameter a"},
		{http.MethodPost, "deliveryfaults?a=1", "parameter a"},
		{http.MethodDelete, "deliveryfaults?a=1", "parameter a"},
		{http.MethodGet, "certificate?uri=x", "uri"},
		{http.MethodPost, "reset?project=p", "project"},
		{http.MethodPut, "objects/b/k?x=1", "parameter x"},
		{http.MethodDelete, "objects/b/k?x=1", "parameter x"},
	} {
		require.Contains(t, refused(t, control(s, c.method, c.path, "{}"), http.StatusBadRequest), c.want)
	}
}

func TestAClosedServerCutsControlRequestsToo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	listener := httptest.NewServer(s)
	defer listener.Close()
	s.Close()
	_, err := http.Get(listener.URL + "/_emulator/state")
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestObjectsArePutAndDeletedWithAnyKey(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithReadyTime(0), WithFullScanTime(0))
	for path, key := range map[string]string{
		"objects/new-bucket/photos/caf%C3%A9.png": "photos/café.png",
		"objects/new-bucket/a%20b+c.txt":          "a b+c.txt",
		"objects/new-bucket/a%2Fb":                "a/b",
		"objects/new-bucket//two//slashes/":       "/two//slashes/",
		"objects/new-bucket/..%2F../up":           "../../up",
		"objects/new-bucket/per%25cent%3F":        "per%cent?",
	} {
		put := decoded[map[string]any](t, control(s, http.MethodPut, path, "hello"))
		require.Equal(t, map[string]any{"URI": "oss://new-bucket/" + key, "Size": 5.0}, put)
		file := indexFile(t, s, "oss://new-bucket/"+key)
		require.EqualValues(t, 5, file.Size)
		decoded[map[string]any](t, control(s, http.MethodDelete, path, ""))
	}
	state := get[controlState](t, s, "state")
	require.Equal(t, []stateBucket{{"new-bucket", 0}}, state.Buckets)
}

// indexFile indexes a file at once and returns what is kept of it.
func indexFile(t *testing.T, s *Server, uri string) File {
	t.Helper()
	encoded, err := json.Marshal(map[string]string{"URI": uri})
	require.NoError(t, err)
	notification := `{"MNS":{"TopicName":"done"}}`
	ask(t, s, "IndexFileMeta", inDataset("File", string(encoded), "Notification", notification))
	_, err = s.WaitMessage(t.Context(), "done")
	require.NoError(t, err)
	for _, file := range s.Files("test-project", "test-dataset") {
		if file.URI == uri {
			return file
		}
	}
	require.Fail(t, "not indexed", uri)
	return File{}
}

func TestAPathThatNamesNoObjectIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{"objects/", "objects/bucket", "objects/bucket/", "objects//key", "objects/a%2Fb/key"} {
		require.Contains(t, refused(t, control(s, http.MethodPut, path, "x"), http.StatusBadRequest), "objects/BUCKET/KEY")
		require.Contains(t, refused(t, control(s, http.MethodDelete, path, ""), http.StatusBadRequest), "objects/BUCKET/KEY")
	}
	require.Empty(t, get[controlState](t, s, "state").Buckets)
}

func TestABodyIsReadUpToItsLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	large := strings.Repeat(" ", maxControlBody+1)
	require.Contains(t, refused(t, control(s, http.MethodPost, "faults", large), http.StatusRequestEntityTooLarge), "1048576 bytes")
	require.Contains(t, refused(t, control(s, http.MethodPost, "failures", large), http.StatusRequestEntityTooLarge), "1048576 bytes")
	atLimit := strings.Repeat(" ", maxControlBody-len(`{"Code":"A"}`)) + `{"Code":"A"}`
	require.Equal(t, http.StatusOK, control(s, http.MethodPost, "faults", atLimit).Code)
	huge := strings.Repeat("x", maxControlObject+1)
	require.Contains(t, refused(t, control(s, http.MethodPut, "objects/b/k", huge), http.StatusRequestEntityTooLarge), "67108864 bytes")
	require.Empty(t, get[controlState](t, s, "state").Buckets)
}

func TestFailuresByScriptReachBindingsAndObjects(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithBucket("test-bucket", nil))
	s.PutObject("test-bucket", "a", []byte("a"))
	ask(t, s, "CreateBinding", bindTestBucket)
	decoded[controlFailure](t, control(s, http.MethodPost, "failures", `{"Bucket":"test-bucket","Reason":"no such role"}`))
	state := get[controlState](t, s, "state")
	require.Equal(t, "no such role", state.Projects[0].Datasets[0].Bindings[0].Reason)

	decoded[controlFailure](t, control(s, http.MethodPost, "failures", `{"Bucket":"test-bucket","Key":"a","Reason":"too large"}`))
	require.Equal(t, "too large", indexFile(t, s, "oss://test-bucket/a").Reason)
	decoded[controlFailure](t, control(s, http.MethodPost, "failures", `{"Bucket":"test-bucket","Key":"a"}`))
	require.Empty(t, indexFile(t, s, "oss://test-bucket/a").Reason)

	for body, want := range map[string]string{"": "EOF", "[]": "array", `{"Key":"a"}`: "Bucket is missing", `{"Buckets":"a"}`: "Buckets"} {
		require.Contains(t, refused(t, control(s, http.MethodPost, "failures", body), http.StatusBadRequest), want)
	}
}

func TestRequestsAreListedForATestInAnotherLanguage(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithCredentials("id", "the-secret", "the-token"))
	req := unsigned("GetBinding", inDataset())
	req.Header.Set("X-Acs-Security-Token", "the-token")
	setForm(req, url.Values{"URI": {"oss://test-bucket"}, "ProjectName": {"second"}})
	send(t, s, sign(req, "id", "the-secret"))
	old := unsigned("", url.Values{"Signature": {"of-another-kind"}, "SecurityToken": {"the-token"}})
	old.Header.Del("X-Acs-Action")
	send(t, s, old)

	require.NotContains(t, control(s, http.MethodGet, "requests", "").Body.String(), "the-token")
	require.NotContains(t, control(s, http.MethodGet, "requests", "").Body.String(), "of-another-kind")
	all := get[[]controlRequest](t, s, "requests")
	require.Len(t, all, 2)
	require.Equal(t, map[string]string{"Signature": "REDACTED", "SecurityToken": "REDACTED"}, all[1].Query)

	got := get[[]controlRequest](t, s, "requests?action=GetBinding")
	require.Len(t, got, 1)
	require.Equal(t, "GetBinding", got[0].Action)
	require.Equal(t, http.MethodPost, got[0].Method)
	require.Equal(t, map[string]string{"ProjectName": "test-project", "DatasetName": "test-dataset"}, got[0].Query)
	require.Equal(t, map[string]string{"ProjectName": "test-project", "DatasetName": "test-dataset", "URI": "oss://test-bucket"}, got[0].Form)
	require.Equal(t, "REDACTED", got[0].Header["Authorization"])
	require.Equal(t, "2020-09-30", got[0].Header["X-Acs-Version"])
	require.Equal(t, http.StatusNotFound, got[0].Status)
	require.Equal(t, "ResourceNotFound", got[0].Code)
	require.True(t, got[0].Time.Equal(s.Requests()[0].Time))

	require.Equal(t, "[]\n", control(s, http.MethodGet, "requests?action=CreateBinding", "").Body.String())
	require.Len(t, get[[]controlRequest](t, s, "requests?action="), 1, "an empty action is asked for")
}
