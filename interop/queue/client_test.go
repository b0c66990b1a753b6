//go:build interop

package queue

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/immtest"
)

const queueName = "test-queue"

// job is one call for the published client to make.
type job struct {
	Do       string            `json:"do"`
	Endpoint string            `json:"endpoint"`
	Queue    string            `json:"queue"`
	ID       string            `json:"id"`
	Secret   string            `json:"secret"`
	Wait     int               `json:"wait"` // seconds
	N        int               `json:"n"`
	Handles  []string          `json:"handles"`
	Seconds  int               `json:"seconds"`
	Base64   bool              `json:"base64"`   // bodies are
	Set      map[string]string `json:"set"`      // headers, after the client has signed; empty text takes one away
	AddQuery string            `json:"addQuery"` // behind the query, likewise
}

// reply is what the published client made of the answer.
type reply struct {
	Resolved bool   `json:"resolved"` // its promise, or else rejected
	Status   int    `json:"status"`   // where the answer had no body
	Failure  string `json:"failure"`  // there was no answer that it could read
	Answer   struct {
		Message          message
		Messages         struct{ Message []message }
		ChangeVisibility struct {
			ReceiptHandle   string
			NextVisibleTime int64 `json:",string"`
		}
		Error struct {
			Code, Message string
			RequestID     string `json:"RequestId"`
			HostID        string `json:"HostId"`
		}
		Errors struct {
			Error []struct{ ErrorCode, ErrorMessage, ReceiptHandle string }
		}
	} `json:"answer"`
}

// message is one as the published client hands it on. Numbers are text there.
type message struct {
	MessageID                   string `json:"MessageId"`
	ReceiptHandle               string
	MessageBody, MessageBodyMD5 string
	EnqueueTime                 int64 `json:",string"`
	FirstDequeueTime            int64 `json:",string"`
	NextVisibleTime             int64 `json:",string"`
	DequeueCount                int   `json:",string"`
	Priority                    int   `json:",string"`
}

// client is a running interop/js/queue.js, which makes one call at a time.
type client struct {
	endpoint string
	in       io.Writer
	out      *bufio.Reader
}

// newClient starts the program for a server. It ends with the test, because its
// input does.
func newClient(t *testing.T, server *immtest.Server) *client {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "queue.js")
	cmd.Dir = filepath.Join("..", "js")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start(), "cannot start interop/js/queue.js")
	t.Cleanup(func() { _, _ = in.Close(), cmd.Wait() }) // the context has ended it
	return &client{endpoint: server.URL(), in: in, out: bufio.NewReader(out)}
}

// call makes a call with the right key for the queue of the tests, but for what
// the job says. It may be called by another goroutine than the test's.
func (c *client) call(j job) (reply, error) {
	j.Endpoint = c.endpoint
	if j.Queue == "" {
		j.Queue = queueName
	}
	if j.ID == "" {
		j.ID = immtest.AccessKeyID
	}
	if j.Secret == "" {
		j.Secret = immtest.AccessKeySecret
	}
	if j.Set == nil {
		j.Set = map[string]string{}
	}
	line, err := json.Marshal(j)
	if err != nil {
		return reply{}, err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return reply{}, err
	}
	if line, err = c.out.ReadBytes('\n'); err != nil {
		return reply{}, err
	}
	var r reply
	return r, json.Unmarshal(line, &r)
}

// do makes a call that the published client understands.
func (c *client) do(t *testing.T, j job) reply {
	t.Helper()
	r, err := c.call(j)
	require.NoError(t, err)
	require.Empty(t, r.Failure)
	return r
}

// refused makes a call that is refused, and returns the code after a look at the
// whole error.
func (c *client) refused(t *testing.T, j job) string {
	t.Helper()
	r := c.do(t, j)
	require.False(t, r.Resolved)
	require.NotEmpty(t, r.Answer.Error.Message)
	require.Regexp(t, `^[0-9A-F]{24}$`, r.Answer.Error.RequestID)
	require.Equal(t, c.endpoint, r.Answer.Error.HostID)
	return r.Answer.Error.Code
}

// receive receives messages that have to be there.
func (c *client) receive(t *testing.T, n int) []message {
	t.Helper()
	r := c.do(t, job{Do: "receive", N: n})
	require.True(t, r.Resolved, "%+v", r.Answer.Error)
	if n == 1 {
		return []message{r.Answer.Message}
	}
	return r.Answer.Messages.Message
}

// handles are the receipt handles of messages.
func handles(messages []message) []string {
	all := make([]string, len(messages))
	for i, m := range messages {
		all[i] = m.ReceiptHandle
	}
	return all
}
