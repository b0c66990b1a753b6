package notify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestMessagesThatAreDoneTogetherAreDeletedTogether(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueBodies(64)...)
		slow := func(req *http.Request) (*http.Response, error) {
			<-time.After(time.Second)
			return f.serve(req.Context(), queueFakeRequest{action: "DeleteMessage", query: req.URL.Query(), header: req.Header}), nil
		}
		f.fail(queueFault{action: "DeleteMessage", times: 4, answer: slow})
		stop := f.run(t, handled, WithConcurrency(64))
		queuePass(2 * time.Second)
		require.Empty(t, f.left())
		require.LessOrEqual(t, len(f.asked("DeleteMessage", "BatchDeleteMessage")), 16, "while some requests are under way the others gather")
		for _, r := range f.asked("BatchDeleteMessage") {
			require.LessOrEqual(t, strings.Count(r.body, "<ReceiptHandle>"), 16)
		}
		require.NoError(t, stop())
	})
}

func TestADeletionThatFailsIsRepeated(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]queueAnswer{
		"throttled":         queueAnswers(503, "QpsLimitExceeded"),
		"an internal error": queueAnswers(500, "InternalError"),
		"HTML":              queueSays(502, "<html>Bad Gateway</html>"),
		"a reset":           queueBreaks(errQueueReset),
		"a hang":            queueHangs,
	} {
		t.Run(name, func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.send(queueIndexed("a"))
				f.fail(queueFault{action: "DeleteMessage", times: 3, answer: answer})
				calls := 0
				stop := f.run(t, func(context.Context, *imm.IndexMessage) error { calls++; return nil })
				queuePass(time.Minute)
				require.Empty(t, f.left())
				if name != "a hang" { // in which the time of the message passes
					require.Equal(t, 1, calls)
					require.Empty(t, f.logged())
				}
				require.NoError(t, stop())
			})
		})
	}
}

func TestADeletionWhoseAnswerWasLostIsDone(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.fail(queueFault{action: "DeleteMessage", afterWork: true, answer: queueBreaks(errQueueReset)})
		stop := f.run(t, handled)
		queuePass(time.Second)
		require.Len(t, f.asked("DeleteMessage"), 2)
		require.Empty(t, f.left())
		require.Empty(t, f.logged())
		require.NoError(t, stop())
	})
}

func TestAMessageThatCannotBeDeletedIsLoggedAndComesAgain(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.fail(queueFault{action: "DeleteMessage", times: 4, answer: queueAnswers(500, "InternalError")})
		calls := 0
		stop := f.run(t, func(context.Context, *imm.IndexMessage) error { calls++; return nil })
		queuePass(time.Minute)
		require.Equal(t, 2, calls)
		require.Empty(t, f.left())
		require.Contains(t, f.logged(), "it was handled and cannot be deleted")
		require.Contains(t, f.logged(), "message=M-1")
		require.NoError(t, stop())
	})
}

func TestOfABatchOnlyWhatFailedIsRepeatedOrReported(t *testing.T) {
	t.Parallel()
	handles := []string{"a", "b", "c"}
	const gone, busy, absent, denied = "ReceiptHandleError", "InternalError", "MessageNotExist", "AccessDenied"
	for name, tt := range map[string]struct {
		answers []queueAnswer
		failed  map[string]string // the code for each handle that is not deleted
		sent    []string          // what each request deletes
	}{
		"all deleted":           {answers: []queueAnswer{queueSays(204, "")}, sent: []string{"a b c"}},
		"one is gone":           {answers: []queueAnswer{queueSays(404, queueErrors("b", gone))}, failed: map[string]string{"b": gone}, sent: []string{"a b c"}},
		"one was deleted":       {answers: []queueAnswer{queueSays(404, queueErrors("b", absent))}, sent: []string{"a b c"}},
		"one is denied":         {answers: []queueAnswer{queueSays(404, queueErrors("c", denied))}, failed: map[string]string{"c": denied}, sent: []string{"a b c"}},
		"one is busy":           {answers: []queueAnswer{queueSays(404, queueErrors("b", busy)), queueSays(204, "")}, sent: []string{"a b c", "b"}},
		"two are busy":          {answers: []queueAnswer{queueSays(404, queueErrors("a", busy, "c", busy)), queueSays(204, "")}, sent: []string{"a b c", "a c"}},
		"one is busy, one gone": {answers: []queueAnswer{queueSays(404, queueErrors("a", busy, "c", gone)), queueSays(204, "")}, failed: map[string]string{"c": gone}, sent: []string{"a b c", "a"}},
		"one is busy always":    {answers: []queueAnswer{queueSays(404, queueErrors("b", busy)), queueAnswers(500, busy), queueAnswers(500, busy), queueAnswers(500, busy)}, failed: map[string]string{"b": busy}, sent: []string{"a b c", "b", "b", "b"}},
		"about another":         {answers: []queueAnswer{queueSays(404, queueErrors("a", gone, "x", gone))}, failed: map[string]string{"a": "", "b": "", "c": ""}, sent: []string{"a b c"}},
		"nothing said":          {answers: []queueAnswer{queueSays(404, queueErrors())}, failed: map[string]string{"a": "", "b": "", "c": ""}, sent: []string{"a b c"}},
		"no queue":              {answers: []queueAnswer{queueAnswers(404, "QueueNotExist")}, failed: map[string]string{"a": "QueueNotExist", "b": "QueueNotExist", "c": "QueueNotExist"}, sent: []string{"a b c"}},
		"a page":                {answers: []queueAnswer{queueSays(200, "<html>")}, failed: map[string]string{"a": "", "b": "", "c": ""}, sent: []string{"a b c"}},
		"a lost answer, then gone": {answers: []queueAnswer{queueBreaks(errQueueReset), queueSays(404, queueErrors("a", gone, "b", gone, "c", denied))},
			failed: map[string]string{"c": denied}, sent: []string{"a b c", "a b c"}},
	} {
		t.Run(name, func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				for _, answer := range tt.answers {
					f.fail(queueFault{action: "BatchDeleteMessage", answer: func(req *http.Request) (*http.Response, error) { return answer(req) }})
				}
				// A single one goes by another operation, which takes the rest of the answers.
				if len(tt.sent) > 1 && len(tt.sent[1]) == 1 {
					f.mu.Lock()
					for i := 1; i < len(f.faults); i++ {
						f.faults[i].action = "DeleteMessage"
					}
					f.mu.Unlock()
				}
				failed := f.receiver(t, queueStatic, handled).api.remove(t.Context(), handles)
				codes := make(map[string]string)
				for handle, err := range failed {
					answer, ok := errors.AsType[*imm.APIError](err)
					require.True(t, ok, "%v", err)
					codes[handle] = answer.Code
				}
				if tt.failed == nil {
					tt.failed = map[string]string{}
				}
				require.Equal(t, tt.failed, codes)
				var sent []string
				for _, r := range f.asked("DeleteMessage", "BatchDeleteMessage") {
					deleted := r.query["ReceiptHandle"]
					for _, handle := range handles {
						if strings.Contains(r.body, ">"+handle+"<") {
							deleted = append(deleted, handle)
						}
					}
					sent = append(sent, strings.Join(deleted, " "))
				}
				require.Equal(t, tt.sent, sent)
			})
		})
	}
}

func TestASlowDeletionDoesNotHoldUpTheOthers(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		f.send(queueIndexed("a"))
		f.fail(queueFault{action: "DeleteMessage", answer: queueHangs})
		stop := f.run(t, handled)
		synctest.Wait()
		f.send(queueIndexed("b"), queueIndexed("c"))
		synctest.Wait()
		require.Equal(t, []string{queueIndexed("a")}, f.left())
		require.NoError(t, stop())
	})
}
