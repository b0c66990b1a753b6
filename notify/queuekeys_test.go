package notify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// queueRotation is a provider that has other keys at each time, up to the last.
type queueRotation struct {
	mu   sync.Mutex
	keys []imm.Credentials
	err  error
}

func (r *queueRotation) Credentials(context.Context) (imm.Credentials, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.keys) == 0 {
		return imm.Credentials{}, r.err
	}
	keys := r.keys[0]
	if len(r.keys) > 1 {
		r.keys = r.keys[1:]
	}
	return keys, nil
}

var (
	queueOldKeys = imm.Credentials{AccessKeyID: "STS.old", AccessKeySecret: "verySecret1", SecurityToken: "veryToken1"}
	queueNewKeys = imm.Credentials{AccessKeyID: "STS.new", AccessKeySecret: "verySecret2", SecurityToken: "veryToken2"}
)

// queueRefuses answers like MNS to all but the new keys.
func queueRefuses(code string) queueAnswer {
	return func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Security-Token") == queueNewKeys.SecurityToken {
			return queueRefusal(404, "MessageNotExist"), nil
		}
		return queueRefusal(403, code), nil
	}
}

func TestExpiredKeysAreRenewedOnce(t *testing.T) {
	t.Parallel()
	// MNS documents none of its own for this.
	for _, code := range []string{"SecurityTokenExpired", "InvalidSecurityToken.Expired", "InvalidAccessKeyId", "InvalidSecurityToken"} {
		t.Run(code, func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.fail(queueFault{action: "BatchReceiveMessage", times: 2, answer: queueRefuses(code)})
				stop := startQueue(t, f.receiver(t, &queueRotation{keys: []imm.Credentials{queueOldKeys, queueNewKeys}}, handled))
				queuePass(10 * time.Second)
				asked := f.asked("BatchReceiveMessage")
				require.Equal(t, queueOldKeys.SecurityToken, asked[0].header.Get("Security-Token"))
				for _, r := range asked[1:] {
					require.Equal(t, queueNewKeys.SecurityToken, r.header.Get("Security-Token"))
				}
				require.NotEqual(t, asked[0].header.Get("Authorization"), asked[1].header.Get("Authorization"))
				require.Equal(t, asked[0].at, asked[1].at, "at once")
				require.NoError(t, stop())
			})
		})
		t.Run(code+" of the same keys", func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.fail(queueFault{action: "BatchReceiveMessage", times: 9, answer: queueRefuses(code)})
				err := f.receiver(t, &queueRotation{keys: []imm.Credentials{queueOldKeys}}, handled).Run(t.Context())
				require.ErrorIs(t, err, imm.ErrUnauthenticated)
				require.Len(t, f.asked("BatchReceiveMessage"), 1, "keys that come back unchanged are not tried again")
			})
		})
	}
}

func TestAClockThatIsWrongIsCorrectedByTheServicesDate(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Hour, -48 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			inQueue(t, func(t *testing.T, f *queueFake) {
				f.ahead = ahead
				f.send(queueIndexed("a"))
				begin := time.Now()
				stop := f.run(t, func(ctx context.Context, _ *imm.IndexMessage) error {
					<-time.After(time.Minute)
					return ctx.Err()
				})
				queuePass(2 * time.Minute)
				require.Empty(t, f.left())
				asked := f.asked("BatchReceiveMessage")
				require.Equal(t, begin, asked[1].at, "corrected at once")
				for _, r := range f.asked("BatchReceiveMessage", "ChangeMessageVisibility", "DeleteMessage")[1:] {
					date, err := http.ParseTime(r.header.Get("Date"))
					require.NoError(t, err)
					require.Equal(t, r.at.Add(ahead).Unix(), date.Unix())
				}
				extended := f.asked("ChangeMessageVisibility")
				require.Equal(t, 14500*time.Millisecond, extended[0].at.Sub(begin), "the service's times are read by its own clock")
				require.NoError(t, stop())
			})
		})
	}
}

func TestATokenIsNotSentOverHTTPToAnotherMachine(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		provider := imm.StaticCredentials("id", "verySecret", "veryToken")
		for endpoint, isSent := range map[string]bool{"http://emulator:8080": false, "http://localhost:8080": true, "https://emulator": true} {
			r, err := NewQueueReceiver(endpoint, queueName, provider, handled, WithInsecureHTTP(), WithHTTPClient(&http.Client{Transport: f}))
			require.NoError(t, err)
			f.fail(queueFault{action: "BatchReceiveMessage", answer: queueAnswers(404, "QueueNotExist")})
			before := len(f.asked("BatchReceiveMessage"))
			err = r.Run(t.Context())
			require.Equal(t, isSent, len(f.asked("BatchReceiveMessage")) > before, endpoint)
			require.NotContains(t, err.Error(), "very")
			if !isSent {
				require.ErrorIs(t, err, imm.ErrInvalidArgument)
				require.ErrorContains(t, err, "token is not sent over http")
				f.mu.Lock()
				f.faults = nil
				f.mu.Unlock()
			}
		}
	})
}

func TestKeysThatCannotBeHadEndRunOnlyIfTheyAreWrong(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		wrong := &queueRotation{keys: []imm.Credentials{{AccessKeyID: "id\n", AccessKeySecret: "verySecret"}}}
		err := f.receiver(t, wrong, handled).Run(t.Context())
		require.ErrorIs(t, err, imm.ErrUnauthenticated)
		require.NotContains(t, err.Error(), "verySecret")

		out := &queueRotation{err: errors.New("the metadata server is down")}
		stop := startQueue(t, f.receiver(t, out, handled))
		queuePass(time.Minute)
		require.Contains(t, f.logged(), "the metadata server is down")
		f.send(queueIndexed("a"))
		out.mu.Lock()
		out.keys = []imm.Credentials{queueNewKeys}
		out.mu.Unlock()
		queuePass(time.Minute)
		require.Empty(t, f.left())
		require.NoError(t, stop())
	})
}

func TestKeysThatAnAnswerOfTheQueueQuotesAreWithheld(t *testing.T) {
	inQueue(t, func(t *testing.T, f *queueFake) {
		provider := &queueRotation{keys: []imm.Credentials{queueOldKeys}}
		for _, body := range []string{
			"<Error><Code>SignatureDoesNotMatch</Code><Message>signed veryToken1 with verySecret1</Message><RequestId>veryToken1</RequestId></Error>",
			"<title>veryToken1</title>", "verySecret1", strings.Repeat("x", 196) + "veryToken1", "<Errors><Error><ErrorCode>veryToken1</ErrorCode></Error></Errors>",
		} {
			f.fail(queueFault{action: "BatchReceiveMessage", answer: queueSays(403, body)})
			err := f.receiver(t, provider, handled).Run(t.Context())
			require.Error(t, err)
			require.NotContains(t, err.Error(), "very")
			require.Contains(t, err.Error(), "RED") // or the beginning of it
		}
		require.NotContains(t, f.logged(), "very")
	})
}
