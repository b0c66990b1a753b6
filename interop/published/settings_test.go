package published

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/interop/program"
	"github.com/imm-go/imm/interop/scenario"
)

// Above its rate the program refuses as the service does: with a code that the
// published cores know as throttling, and a hint of when to come back.
func TestThrottlingIsWhatThePublishedCoresTakeItFor(t *testing.T) {
	t.Parallel()
	for _, c := range cores {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := program.Start(t, "-qps", "0.1")
			p := c.client(t, e, rightKeys, inQuery)
			for range 20 {
				if p.must(&accepted).Body["Code"] != "ResourceNotFound" {
					break
				}
			}
			requireRefusal(t, p.must(&accepted), http.StatusBadRequest, "Throttling.User")
			wait, err := strconv.Atoi(p.wire.Header["x-acs-retry-after"])
			require.NoError(t, err)
			require.Positive(t, wait)
		})
	}
}

// A project says how many calls a second it takes: those of -qps, and none where
// there is no such limit.
func TestAProjectTellsTheRateOfTheProgram(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]float64{"100": 100, "0": 0} {
		e := program.Start(t, "-qps", flag, "-project", "test-project")
		read := &scenario.Step{Name: "read the rate", Action: "GetProject", Params: map[string]any{"ProjectName": "test-project"}}
		each(t, func(t *testing.T, c core, where place) {
			project, ok := c.client(t, e, rightKeys, where).must(read).Body["Project"].(map[string]any)
			require.True(t, ok)
			require.InDelta(t, want, project["ProjectQueriesPerSecond"], 0)
		})
	}
}

// With -strict a project and a dataset exist only where a flag made them.
func TestAStrictProgramMakesNoProjects(t *testing.T) {
	t.Parallel()
	bind := &scenario.Step{Action: "CreateBinding", Params: map[string]any{
		"ProjectName": "test-project", "DatasetName": "test-dataset", "URI": "oss://test-bucket",
	}}
	index := &scenario.Step{Action: "IndexFileMeta", Params: map[string]any{
		"ProjectName": "test-project", "DatasetName": "test-dataset", "File": map[string]any{"URI": "oss://test-bucket/test-object1.jpg"},
	}}
	each(t, func(t *testing.T, c core, where place) {
		e := program.Start(t, "-strict")
		p := c.client(t, e, rightKeys, where)
		requireRefusal(t, p.must(bind), http.StatusNotFound, "ResourceNotFound")
		requireRefusal(t, p.must(index), http.StatusNotFound, "ResourceNotFound")
		require.Empty(t, e.State()["Projects"])

		e = program.Start(t, "-strict", "-dataset", "test-project/test-dataset")
		p = c.client(t, e, rightKeys, where)
		require.Equal(t, http.StatusOK, p.must(bind).Status)
		require.Equal(t, http.StatusOK, p.must(index).Status)
	})
}
