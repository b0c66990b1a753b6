package published

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/interop/program"
	"github.com/imm-go/imm/interop/scenario"
)

// core is a published core. It makes one call with the parameters that the
// published SDK of the service passes.
type core struct {
	name string
	call func(*testing.T, *job) *reply
}

// cores are those that this build has.
var cores = []core{{name: "go", call: callGoCore}}

// keys are what a call is signed with.
type keys struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	Token  string `json:"token"`
}

var rightKeys = keys{ID: immtest.AccessKeyID, Secret: immtest.AccessKeySecret}

// place is where a call of a core puts its parameters.
type place string

const (
	inQuery place = "query" // as the published SDK does for these operations
	inForm  place = "form"  // as it does for AddStoryFiles and others
	inBoth  place = "both"  // every other one here and there
)

// job is one call for a core to make.
type job struct {
	Host    string            `json:"host"`
	Keys    keys              `json:"keys"`
	Place   place             `json:"place"`
	Action  string            `json:"action"`
	Version string            `json:"version"`
	Params  map[string]any    `json:"params"`
	Headers map[string]string `json:"headers"` // in place of the core's own; the core signs them
	Change  change            `json:"change"`
}

// change is what happens to a request on its way, after the core has signed it.
type change struct {
	Set      map[string]string `json:"set"`      // headers; empty text takes one away
	Replace  [2]string         `json:"replace"`  // a part of the authorization, and what stands in its place
	AddQuery string            `json:"addQuery"` // behind the query
	Path     string            `json:"path"`
	Resign   bool              `json:"resign"` // sign it again, with the core's own signer
}

// reply is what became of a job.
type reply struct {
	Status int            `json:"status"` // as the core has it
	Body   map[string]any `json:"body"`   // of a success or of the core's error
	Error  string         `json:"error"`  // what the core says where it made neither of the answer
	Wire   wire           `json:"wire"`
}

// wire is what went over the connection.
type wire struct {
	URI    string            `json:"uri"`
	Status int               `json:"status"`
	Header map[string]string `json:"header"` // names in lower case
	Text   string            `json:"text"`
}

// published is a client made of a core. Its fields may be set between calls.
type published struct {
	t       *testing.T
	core    core
	host    string
	keys    keys
	place   place
	version string
	headers map[string]string
	change  change
	wire    wire // of the last call
}

func (c core) client(t *testing.T, e *program.Emulator, k keys, where place) *published {
	return &published{t: t, core: c, host: e.Host, keys: k, place: where, version: "2020-09-30"}
}

func (p *published) call(step *scenario.Step) *reply {
	p.t.Helper()
	r := p.core.call(p.t, &job{
		Host: p.host, Keys: p.keys, Place: p.place, Action: step.Action, Version: p.version,
		Params: step.Params, Headers: p.headers, Change: p.change,
	})
	p.wire = r.Wire
	return r
}

// must is call where an answer is expected that the core understands.
func (p *published) must(step *scenario.Step) scenario.Answer {
	p.t.Helper()
	r := p.call(step)
	require.Empty(p.t, r.Error, step.Name)
	require.Equal(p.t, r.Wire.Status, r.Status, step.Name)
	return scenario.Answer{Step: step.Name, Status: r.Status, Body: r.Body}
}

// each runs a test with every core and every place, in parallel.
func each(t *testing.T, test func(*testing.T, core, place)) {
	t.Helper()
	for _, c := range cores {
		for _, where := range []place{inQuery, inForm, inBoth} {
			t.Run(c.name+" by "+string(where), func(t *testing.T) {
				t.Parallel()
				test(t, c, where)
			})
		}
	}
}

// accepted is a call that the gateway lets through. It names a project that
// nobody made, and only the operation itself can know that.
var accepted = scenario.Step{
	Name: "a project that nobody made", Action: "GetBinding",
	Params: map[string]any{"ProjectName": "no-such-project", "DatasetName": "test-dataset", "URI": "oss://test-bucket"},
	Status: http.StatusNotFound, Code: "ResourceNotFound",
}

func requireRefusal(t *testing.T, a scenario.Answer, status int, code string) {
	t.Helper()
	require.Equal(t, code, a.Body["Code"], a.Body["Message"])
	require.Equal(t, status, a.Status)
}

// lowerNames are headers under their names in lower case.
func lowerNames(header http.Header) map[string]string {
	out := make(map[string]string, len(header))
	for name, values := range header {
		out[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return out
}
