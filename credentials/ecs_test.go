package credentials

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// pathLog keeps what a server was asked for.
type pathLog struct {
	mu    sync.Mutex
	paths []string
}

func (l *pathLog) add(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths = append(l.paths, path)
}

func (l *pathLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.paths)
}

// metadataService answers like that of an ECS instance with the role web-role.
func metadataService(log *pathLog) http.HandlerFunc {
	const base = "/latest/meta-data/ram/security-credentials/"
	const role = "web-role"
	return func(w http.ResponseWriter, r *http.Request) {
		log.add(r.Method + " " + r.URL.Path)
		switch r.Method + " " + r.URL.Path {
		case "PUT /latest/api/token":
			answers("metadata-token")(w, r)
		case "GET " + base:
			answers(role)(w, r)
		case "GET " + base + role:
			if r.Header.Get("X-Aliyun-Ecs-Metadata-Token") != "metadata-token" {
				answersStatus(403, "no token")(w, r)
				return
			}
			answers(sessionJSON())(w, r)
		default:
			answersStatus(404, "<html>not here</html>")(w, r)
		}
	}
}

func TestTheRoleOfAnInstanceIsFound(t *testing.T) {
	for name, tc := range map[string]struct {
		role, variable string
		finds          bool // asks for the name
	}{
		"by asking":         {"", "", true},
		"by its name":       {"web-role", "", false},
		"in environment":    {"", "web-role", false},
		"name goes before":  {"web-role", "other", false},
		"with a plain name": {"web-role", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var log pathLog
			serveMetadata(t, metadataService(&log))
			t.Setenv(envECSRole, tc.variable)
			p, err := ECSRole(tc.role)
			require.NoError(t, err)
			for range 2 {
				got, err := get(t, p)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			require.Equal(t, tc.finds, slices.Contains(log.all(), "GET /latest/meta-data/ram/security-credentials/"))
			require.Contains(t, log.all(), "GET /latest/meta-data/ram/security-credentials/web-role")
		})
	}
}

func TestAnInstanceWithoutTheRoleIsExplained(t *testing.T) {
	for name, tc := range map[string]struct {
		handler   http.HandlerFunc
		role      string
		text      string
		permanent bool
	}{
		"no role attached":  {answersStatus(404, "<html>"), "", " 404", true},
		"another role":      {answersStatus(404, "<html>"), "web", "status 404", true},
		"service is down":   {answersStatus(503, "down"), "web", "status 503", false},
		"not a success":     {answers(`{"Code":"Failed","AccessKeyId":"a","AccessKeySecret":"` + gotSecret + `","SecurityToken":"c"}`), "web", "not Success", false},
		"no code":           {answers(`{"AccessKeyId":"a","AccessKeySecret":"` + gotSecret + `","SecurityToken":"c"}`), "web", "could not make sense", false},
		"a web page":        {answers("<html>" + gotSecret), "web", "JSON", false},
		"refused with code": {answersStatus(500, `{"Code":"InternalError","Message":"sorry"}`), "web", "InternalError: sorry", false},
	} {
		t.Run(name, func(t *testing.T) {
			serveMetadata(t, tc.handler)
			p, err := ECSRole(tc.role)
			require.NoError(t, err)
			_, err = get(t, p)
			require.ErrorContains(t, err, tc.text)
			require.ErrorContains(t, err, "ECS RAM role")
			requireNoSecret(t, err.Error())
			if tc.permanent {
				require.ErrorIs(t, err, imm.ErrUnauthenticated)
				return
			}
			require.NotErrorIs(t, err, imm.ErrUnauthenticated)
		})
	}
}

func TestOffAnInstanceTheErrorSaysHowToSwitchTheServiceOff(t *testing.T) {
	for _, onlyV2 := range []string{"", "true"} {
		t.Setenv(envIMDSv1Disabled, onlyV2)
		p, err := ECSRole("")
		require.NoError(t, err)
		_, err = get(t, p)
		require.ErrorContains(t, err, envMetadataDisabled)
		require.NotErrorIs(t, err, imm.ErrUnauthenticated)
	}
}

func TestBadECSRolesAreRefused(t *testing.T) {
	for _, name := range []string{"../user-data", "a b", testRole, "a\n", "a?b"} {
		_, err := ECSRole(name)
		require.ErrorContains(t, err, "credentials.ECSRole: ", name)
	}
	t.Setenv(envMetadataDisabled, "True")
	_, err := ECSRole("")
	require.ErrorContains(t, err, envMetadataDisabled)
	t.Setenv(envMetadataDisabled, "not")
	_, err = ECSRole("")
	require.ErrorContains(t, err, "neither true nor false")
}

func TestADisabledServiceIsNotAskedByAProviderMadeBefore(t *testing.T) {
	var log pathLog
	serveMetadata(t, metadataService(&log))
	p, err := ECSRole("")
	require.NoError(t, err)
	t.Setenv(envMetadataDisabled, "1")
	_, err = get(t, p)
	require.ErrorIs(t, err, imm.ErrUnauthenticated)
	require.Empty(t, log.all())
}
