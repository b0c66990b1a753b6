//go:build interop

package published

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func init() {
	cores = append(cores, core{name: "javascript", call: new(jsCore).call})
}

// jsCore is the program in interop/js, which does one job at a time. It is
// started with the first job and ends when the tests do, because its input does.
type jsCore struct {
	mu   sync.Mutex // held for the time of a job
	in   io.Writer
	out  *bufio.Reader
	fail error
}

func (c *jsCore) start() {
	cmd := exec.Command("node", "core.js")
	cmd.Dir = filepath.Join("..", "js")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		c.fail = err
		return
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.fail = err
		return
	}
	c.in, c.out, c.fail = in, bufio.NewReader(out), cmd.Start()
}

func (c *jsCore) call(t *testing.T, j *job) *reply {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in == nil && c.fail == nil {
		c.start()
	}
	require.NoError(t, c.fail, "cannot start interop/js/core.js")
	line, err := json.Marshal(j)
	require.NoError(t, err)
	_, err = c.in.Write(append(line, '\n'))
	require.NoError(t, err)
	line, err = c.out.ReadBytes('\n')
	require.NoError(t, err)
	var r reply
	require.NoError(t, json.Unmarshal(line, &r))
	return &r
}
