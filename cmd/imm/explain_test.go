package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func TestTheDoctorKnowsAnEndpointThatIsNotIMM(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"a page":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Welcome</html>") },
		"no page":      func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"a redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
		"other JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"ok"}`) },
		"a bad method": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
	} {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		f := patient(t)
		code, found := f.examine(t, append([]string{"--endpoint", server.URL}, testTarget...)...)
		require.Equal(t, exitFailed, code)
		require.Equal(t, healthy, found[endpointCheck].Verdict, "it answers")
		require.Contains(t, found["permission"].Detail, "what answers there is not IMM: ", name)
		require.Contains(t, found["permission"].Fix, "Correct --endpoint", name)
		require.NotContains(t, found["permission"].Fix, "doctor", name)
		require.Equal(t, "what answers there is not IMM", found["project"].Detail, name)
		require.Equal(t, skipped, found["dataset"].Verdict, name)

		code, _, errs := f.call(t, "project", "list", "--endpoint", server.URL)
		require.Equal(t, exitFailed, code)
		require.Contains(t, errs, "  Next: what answers there is not IMM. Correct --endpoint, or leave it out for the endpoint of the region.\n", name)
		f.getenv = func(string) string { return server.URL }
		_, _, errs = f.call(t, "project", "list", "--region", "cn-hangzhou")
		require.Contains(t, errs, "Correct IMM_ENDPOINT, or leave it out", name)
	}
}

func TestTheDoctorPutsAMistakeWhereItWasMade(t *testing.T) {
	t.Parallel()
	region := func(id string) func(string) string {
		return func(name string) string { return map[string]string{envRegion: id}[name] }
	}
	for _, test := range []struct {
		name        string
		getenv      func(string) string
		args        []string
		check       string
		detail, fix string
		skipped     string // why the others are
	}{
		{"a region by flag", region(""), []string{"--region", "Hangzhou"}, "region", `"Hangzhou" is not a region id`, "correct --region", "without a region there is no endpoint to ask"},
		{"a region by variable", region("Hangzhou"), nil, "region", `"Hangzhou" is not a region id`, "correct ALIBABA_CLOUD_REGION_ID", "without a region there is no endpoint to ask"},
		{"an endpoint without https", region("cn-hangzhou"), []string{"--endpoint", "imm.example.com"}, endpointCheck, "it does not start with https://", "correct --endpoint", "the endpoint does not answer"},
		{"an endpoint that others read", region("cn-hangzhou"), []string{"--endpoint", "http://imm.example.com"}, endpointCheck, "http is only for this machine", "correct --endpoint", "the endpoint does not answer"},
		{"an endpoint by variable", func(name string) string { return map[string]string{envEndpoint: "ftp://x"}[name] }, nil, endpointCheck, "IMM_ENDPOINT: ", "correct IMM_ENDPOINT", "the endpoint does not answer"},
	} {
		f := patient(t)
		f.getenv = test.getenv
		_, found := f.examine(t, append(test.args, testTarget...)...)
		for check, got := range found {
			if check == test.check {
				require.Equal(t, sick, got.Verdict, test.name)
				require.Contains(t, got.Detail, test.detail, test.name)
				require.Equal(t, test.fix, got.Fix, test.name)
			} else {
				require.NotEqual(t, sick, got.Verdict, "%s: %s", test.name, check)
			}
		}
		require.Equal(t, test.skipped, found["dataset"].Detail, test.name)
	}
	f := patient(t, immtest.WithProject(testProject, "Official:AllFunction"))
	_, found := f.examine(t, "--endpoint", f.server.URL(), "-p", "1", "-d", "all")
	require.Equal(t, healthy, found["permission"].Verdict)
	require.Equal(t, finding{"project", sick, `"1" is not a name; want 1 to 128 letters, digits, "-" and "_", beginning with a letter or "_"`, "correct --project"}, found["project"])
	require.Equal(t, skipped, found["dataset"].Verdict)
	_, found = f.examine(t, "--endpoint", f.server.URL(), "-p", testProject, "-d", "a b")
	require.Equal(t, "correct --dataset", found["dataset"].Fix)
	_, found = f.examine(t, "--endpoint", f.server.URL(), "-p", "none", "-d", "all")
	require.Equal(t, finding{"dataset", skipped, "project none does not exist at this endpoint", ""}, found["dataset"])
	f.credentials = func() (imm.CredentialsProvider, error) { return failing{}, nil }
	_, found = f.examine(t, "--endpoint", f.server.URL())
	require.Equal(t, finding{"permission", skipped, "there are no keys", ""}, found["permission"])
}

func TestSourcesOfKeysAreOneALineAndTheOneThatIsSetByHalfIsTheFirst(t *testing.T) {
	t.Parallel()
	const text = "credentials: default chain: no source gave credentials: (CLI profile: no file (or none that is read); run aliyun configure) (environment keys: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set) (ECS RAM role: off)"
	f := patient(t)
	f.credentials = func() (imm.CredentialsProvider, error) { return nil, errors.New(text) }
	f.getenv = func(name string) string {
		return map[string]string{envRegion: "cn-hangzhou", "ALIBABA_CLOUD_ACCESS_KEY_ID": "id"}[name]
	}
	_, out, _ := f.call(t, "doctor", "--endpoint", f.server.URL())
	const lines = `credentials: default chain: no source gave credentials:
                        environment keys: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set
                        CLI profile: no file (or none that is read); run aliyun configure
                        ECS RAM role: off
                      To fix it: set ALIBABA_CLOUD_ACCESS_KEY_ID`
	require.Contains(t, out, "wrong    keys         "+lines)
	require.NotContains(t, out, ") (")

	f.getenv = func(string) string { return "cn-hangzhou" } // all is set, or what is set is not it
	require.Equal(t, "no source gave credentials:\n  b: x\n  environment keys: y", f.sourceLines("no source gave credentials: (b: x) (environment keys: y)"))
	for _, other := range []string{"", "no keys", "no source gave credentials: (", "no source gave credentials"} {
		require.Equal(t, other, f.sourceLines(other))
	}
	require.Equal(t, "no answer: no source gave credentials: [nothing was sent]\n  a: x", f.sourceLines("no answer: no source gave credentials: (a: x) [nothing was sent]"))
}

func TestASecretThatIsWrongIsToldWithoutAllThatWasSigned(t *testing.T) {
	t.Parallel()
	f := patient(t)
	f.credentials = func() (imm.CredentialsProvider, error) {
		return imm.StaticCredentials(immtest.AccessKeyID, "another-secret", ""), nil
	}
	const want = "SignatureDoesNotMatch (HTTP "
	_, found := f.examine(t, "--endpoint", f.server.URL())
	require.Contains(t, found["permission"].Detail, want)
	require.Contains(t, found["permission"].Detail, "the secret does not belong to the key")
	require.NotContains(t, found["permission"].Detail, "x-acs-")
	code, _, errs := f.call(t, "project", "list", "--endpoint", f.server.URL())
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "imm: ListProjects: "+want)
	require.NotContains(t, errs, "x-acs-")
}

func TestTheNextStepFitsTheCause(t *testing.T) {
	t.Parallel()
	refusal := func(action, code, message string) error {
		return &imm.APIError{Action: action, Code: code, StatusCode: 400, Message: message, RequestID: "1"}
	}
	f := newFixture(t)
	for _, test := range []struct {
		err  error
		want string // empty: nothing
	}{
		{refusal("CreateBinding", "ResourceNotFound", "The specified resource Bucket b is not found."), "look whether the bucket is spelled right"},
		{refusal("AttachOSSBucket", "ResourceNotFound", "The bucket does not exist."), "look whether the bucket is spelled right"},
		{refusal("CreateBinding", "ResourceNotFound", "The specified resource Dataset d is not found."), "imm dataset list"},
		{refusal("GetBinding", "ResourceNotFound", "The specified resource Binding oss://bucket is not found."), "imm binding list show what exists in this region."},
		{&imm.APIError{Action: "BatchReceiveMessage", Code: "QueueNotExist", StatusCode: 404}, "look whether --queue and --queue-endpoint are right"},
		{refusal("GetProject", "ResourceNotFound", "no"), "imm project list shows which projects exist in this region."},
		{refusal("CreateProject", "ResourceAlreadyExists", "no"), "imm project get shows it"},
		{refusal("CreateDataset", "ResourceAlreadyExists", "no"), "imm dataset get shows it"},
		{refusal("CreateBinding", "ResourceAlreadyExists", "no"), "imm unbind ends one"},
		{refusal("DeleteDataset", "InvalidArgument", "it is not empty"), "end its bindings by imm unbind, and delete what it has of files by imm delete"},
		{refusal("DeleteProject", "InvalidArgument", "it is not empty"), "imm dataset delete deletes them"},
		{refusal("SimpleQuery", "InvalidArgument", "no such field"), ""},
		{refusal("ListProjects", "Throttling", "slow down"), "with a lower rate"},
		{&imm.APIError{Action: "ListProjects", StatusCode: 502}, "imm doctor checks"},
		{errors.New("a queue that nobody has: " + imm.ErrNotFound.Error()), ""},
	} {
		got := f.nextStep(test.err)
		require.Equal(t, test.want == "", got == "", "%v: %s", test.err, got)
		require.Contains(t, got, test.want, "%v", test.err)
		require.False(t, got != "" && !strings.HasPrefix(got, "Next: "), got)
	}
	f.endpoint = "http://localhost"
	require.NotContains(t, f.nextStep(refusal("GetProject", "ResourceNotFound", "no")), "region")
}
