package notify

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/imm-go/imm"
)

// queueFull is a transport that always has what is asked for, and deletes
// everything. It has the answer with each number of messages.
type queueFull map[string]string

func (q queueFull) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	if req.Method == http.MethodGet {
		return queueReply(http.StatusOK, q[req.URL.Query().Get("numOfMessages")]), nil
	}
	return queueReply(http.StatusNoContent, ""), nil
}

// BenchmarkQueueReceiver is the cost of one message, received and deleted, without
// that of a network.
func BenchmarkQueueReceiver(b *testing.B) {
	full := make(queueFull)
	var messages strings.Builder
	for i := range queueBatch {
		_, _ = fmt.Fprintf(&messages, "<Message><MessageId>%d</MessageId><ReceiptHandle>%d</ReceiptHandle><MessageBody>%s</MessageBody><NextVisibleTime>9999999999999</NextVisibleTime></Message>",
			i, i, queueIndexed("a"))
		full[strconv.Itoa(i+1)] = "<Messages>" + messages.String() + "</Messages>"
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var handled atomic.Int64
	r, err := NewQueueReceiver(queueHost, queueName, queueStatic, func(context.Context, *imm.IndexMessage) error {
		if handled.Add(1) == int64(b.N) {
			cancel()
		}
		return nil
	}, WithHTTPClient(&http.Client{Transport: full}), WithConcurrency(64))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := r.Run(ctx); err != nil {
		b.Fatal(err)
	}
}
