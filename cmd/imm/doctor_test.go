package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// patient is a fixture whose doctor reaches the emulator by its address.
func patient(t *testing.T, opts ...immtest.Option) *fixture {
	t.Helper()
	f := newFixture(t, opts...)
	f.options = nil
	return f
}

// examine runs the doctor, and returns its findings by their checks.
func (f *fixture) examine(t *testing.T, args ...string) (code int, found map[string]finding) {
	t.Helper()
	code, out, errs := f.call(t, append([]string{"doctor", "-o", "json"}, args...)...)
	var all []finding
	require.NoError(t, json.Unmarshal([]byte(out), &all), errs)
	found = make(map[string]finding)
	wrong := false
	for _, one := range all {
		require.NotContains(t, found, one.Check)
		found[one.Check] = one
		require.NotEmpty(t, one.Detail)
		if one.Verdict == sick {
			wrong = true
			require.NotEmpty(t, one.Fix, "%s is wrong, and nothing says what to do", one.Check)
		}
	}
	require.Equal(t, wrong, code == exitFailed)
	return code, found
}

func TestTheDoctorFindsNothingWhereAllIsWell(t *testing.T) {
	t.Parallel()
	f := patient(t, immtest.WithStrict(), immtest.WithProject(testProject, "Official:ImageManagement"), immtest.WithDataset(testProject, testDataset, ""))
	code, out, errs := f.call(t, append([]string{"doctor", "--endpoint", f.server.URL()}, testTarget...)...)
	require.Equal(t, exitDone, code, out+errs)
	for _, line := range []string{
		"ok       region       an endpoint is named, so the region does not matter",
		"ok       endpoint     " + f.server.URL() + " answers in ",
		"ok       clock        the clock of this machine is right",
		"ok       keys         the key " + immtest.AccessKeyID + " comes from the test",
		"ok       permission   the keys may list and read projects; only indexing shows whether they may index",
		"ok       project      project test-project has the template Official:ImageManagement",
		"ok       dataset      dataset test-dataset collects metadata with the template Official:ImageManagement",
	} {
		require.Contains(t, out, line)
	}
	require.Empty(t, errs)
	code, found := f.examine(t, "--endpoint", f.server.URL())
	require.Equal(t, exitDone, code)
	require.Len(t, found, 5, "project and dataset only where they are named")
}

func TestTheDoctorSaysWhatIsMissingWhereNothingIsSet(t *testing.T) {
	t.Parallel()
	f := patient(t)
	f.getenv = func(string) string { return "" }
	f.credentials = func() (imm.CredentialsProvider, error) { return nil, errors.New("no source gave credentials") }
	code, out, errs := f.call(t, append([]string{"doctor"}, testTarget...)...)
	require.Equal(t, exitFailed, code)
	requireGolden(t, "doctor_nothing.txt", out+errs)
}

func TestTheDoctorSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	deny := func(actions ...string) func(*fixture) {
		return func(f *fixture) {
			for _, action := range actions {
				f.server.Inject(immtest.Fault{Action: action, Times: -1, Status: 403, Code: "NoPermission", Message: "You are not authorized."})
			}
		}
	}
	exists := []immtest.Option{immtest.WithStrict(), immtest.WithDataset(testProject, testDataset, "Official:AllFunction"), immtest.WithProject(testProject, "Official:AllFunction")}
	for name, test := range map[string]struct {
		opts   []immtest.Option
		damage func(*fixture)
		check  string
		want   verdict
		detail string
		fix    string
	}{
		"a wrong key": {exists, func(f *fixture) {
			f.credentials = func() (imm.CredentialsProvider, error) {
				return imm.StaticCredentials("another-id", "another-secret", ""), nil
			}
		}, "permission", sick, "InvalidAccessKeyId.NotFound", "look whether the key still exists and is active"},
		"a wrong secret": {exists, func(f *fixture) {
			f.credentials = func() (imm.CredentialsProvider, error) {
				return imm.StaticCredentials(immtest.AccessKeyID, "another-secret", ""), nil
			}
		}, "permission", sick, "SignatureDoesNotMatch", "whether id and secret belong together"},
		"no permission at all":  {exists, deny("ListProjects", "GetProject"), "permission", sick, "You are not authorized.", "the action imm:GetProject"},
		"no permission to list": {exists, deny("ListProjects"), "permission", warned, "the keys may read the project, and not list projects", "imm:ListProjects"},
		"no permission on sets": {exists, deny("GetDataset"), "dataset", sick, "You are not authorized.", "imm:GetDataset"},
		"no project":            {[]immtest.Option{immtest.WithStrict()}, nil, "project", sick, "project test-project does not exist at this endpoint", "imm project create test-project --template"},
		"no dataset":            {[]immtest.Option{immtest.WithStrict(), immtest.WithProject(testProject, "")}, nil, "dataset", sick, "dataset test-dataset does not exist in project test-project", "imm dataset create test-dataset --project test-project"},
		"no template":           {[]immtest.Option{immtest.WithDataset(testProject, testDataset, "")}, nil, "dataset", sick, "no metadata is collected", "imm dataset update test-dataset --project test-project --template Official:ImageManagement"},
		"a project without one": {[]immtest.Option{immtest.WithDataset(testProject, testDataset, "Official:AllFunction")}, nil, "project", warned, "datasets without a template of their own collect no metadata", "imm project update test-project --template"},
		"a clock far ahead":     {append(exists, immtest.WithClockOffset(-time.Hour)), nil, "clock", sick, "the clock of this machine is 1h0m", "timedatectl"},
		"a clock far behind":    {append(exists, immtest.WithClockOffset(time.Hour)), nil, "clock", sick, "behind", "timedatectl"},
		"a clock a little off":  {append(exists, immtest.WithClockOffset(5*time.Minute)), nil, "clock", warned, "behind", "timedatectl"},
		"a clock that does":     {append(exists, immtest.WithClockOffset(20*time.Second)), nil, "clock", healthy, "behind", ""},
		"a service that fails":  {exists, func(f *fixture) { f.server.Inject(immtest.ServerError(-1, 503)) }, "permission", sick, "ServiceUnavailable", "try again later"},
		"keys that cannot be got": {exists, func(f *fixture) {
			f.credentials = func() (imm.CredentialsProvider, error) { return failing{}, nil }
		}, "keys", sick, "the file is gone", "ALIBABA_CLOUD_ACCESS_KEY_ID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := patient(t, test.opts...)
			if test.damage != nil {
				test.damage(f)
			}
			_, found := f.examine(t, append([]string{"--endpoint", f.server.URL()}, testTarget...)...)
			got := found[test.check]
			require.Equal(t, test.want, got.Verdict, "%+v", found)
			require.Contains(t, got.Detail, test.detail)
			require.Contains(t, got.Fix, test.fix)
		})
	}
}

// failing is a provider without keys.
type failing struct{}

func (failing) Credentials(context.Context) (imm.Credentials, error) {
	return imm.Credentials{}, errors.New("the file is gone")
}

func TestTheDoctorTellsAnEndpointThatDoesNotAnswerFromOneThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	distrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	distrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	distrusted.StartTLS()
	t.Cleanup(distrusted.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for endpoint, want := range map[string]string{
		closed.URL:     "for an emulator, whether it runs",
		distrusted.URL: "install the certificates of this machine's certificate authorities",
		strings.Replace(plain.URL, "http:", "https:", 1): "look whether --endpoint is right, and whether this machine reaches it",
	} {
		f := patient(t)
		code, found := f.examine(t, append([]string{"--endpoint", endpoint}, testTarget...)...)
		require.Equal(t, exitFailed, code)
		require.Equal(t, sick, found[endpointCheck].Verdict)
		require.Contains(t, found[endpointCheck].Fix, want)
		require.Equal(t, skipped, found[clockCheck].Verdict)
		require.Equal(t, skipped, found["permission"].Verdict)
		require.Equal(t, skipped, found["dataset"].Verdict)
	}
}

func TestTheDoctorKnowsTheFormOfRegions(t *testing.T) {
	t.Parallel()
	f := patient(t)
	for region, want := range map[string]struct {
		verdict verdict
		base    string
		detail  string
	}{
		"cn-hangzhou":      {healthy, "https://imm.cn-hangzhou.aliyuncs.com", "cn-hangzhou"},
		"cn-beijing-gov-1": {healthy, "https://imm-vpc.cn-beijing-gov-1.aliyuncs.com", "cn-beijing-gov-1"},
		"mars-north-1":     {warned, "https://imm.mars-north-1.aliyuncs.com", "none where IMM is known to be"},
		"oss-cn-hangzhou":  {sick, "", `want "cn-hangzhou"`},
		"Hangzhou":         {sick, "", "is not a region id"},
	} {
		p := *f.program
		p.region = region
		base, got := p.checkRegion()
		require.Equal(t, want.verdict, got.Verdict, region)
		require.Equal(t, want.base, base)
		require.Contains(t, got.Detail, want.detail)
	}
}

func TestTheDoctorNamesTheSourceThatGaveTheKeys(t *testing.T) {
	t.Parallel()
	f := patient(t)
	temporary := provider{AccessKeyID: "STS.id", AccessKeySecret: "hush", SecurityToken: "hush-hush", Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	f.credentials = func() (imm.CredentialsProvider, error) { return temporary, nil }
	f.sources = []source{
		{"the first", func() (imm.CredentialsProvider, error) { return nil, errors.New("no file") }},
		{"the second", func() (imm.CredentialsProvider, error) { return failing{}, nil }},
		{"the third", func() (imm.CredentialsProvider, error) { return temporary, nil }},
	}
	_, got := f.checkCredentials(t.Context())
	require.Equal(t, "the key STS.id comes from the third, and is valid until 2026-01-02T03:04:05Z", got.Detail)
}

// provider always has the same keys.
type provider imm.Credentials

func (p provider) Credentials(context.Context) (imm.Credentials, error) {
	return imm.Credentials(p), nil
}
