package imm_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// exchange is one call with what goes over the wire: the whole query before it is
// escaped, in its order, and the answer.
type exchange struct {
	action string
	query  string
	answer string
	call   func(ctx context.Context, c *imm.Client) (any, error)
	want   any
}

func checkExchanges(t *testing.T, exchanges map[string]exchange) {
	t.Helper()
	for name, e := range exchanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var action, query string // looked at afterwards: a test cannot end within the transport
			var hasBody bool
			client, transport := mocked(t, func(req *http.Request) (*http.Response, error) {
				action, query, hasBody = req.Header.Get("X-Acs-Action"), req.URL.RawQuery, req.Body != nil
				return httpmock.NewStringResponse(200, e.answer), nil
			})
			got, err := e.call(t.Context(), client)
			require.Equal(t, e.action, action)
			require.False(t, hasBody)
			unescaped, malformed := url.PathUnescape(query)
			require.NoError(t, malformed)
			require.Equal(t, e.query, unescaped)
			require.NoError(t, err)
			require.Equal(t, e.want, got)
			require.Equal(t, 1, transport.GetTotalCallCount())
		})
	}
}

// at is the time that the answers of the tests have.
func at() time.Time {
	return time.Date(2022, 7, 6, 7, 3, 28, 54762739, time.FixedZone("", 8*60*60))
}

// calling makes an exchange's call of a method and its request.
func calling[Request, Response any](method func(*imm.Client, context.Context, *Request) (*Response, error), req *Request) func(context.Context, *imm.Client) (any, error) {
	return func(ctx context.Context, c *imm.Client) (any, error) { return method(c, ctx, req) }
}

// script answers one request after the other.
type script struct {
	answers []scripted
	actions []string // that were asked
}

type scripted struct {
	status int // 0: the connection breaks after sending
	body   string
}

func (s *script) client(t *testing.T) *imm.Client {
	t.Helper()
	client, _ := mocked(t, func(req *http.Request) (*http.Response, error) {
		s.actions = append(s.actions, req.Header.Get("X-Acs-Action"))
		if len(s.actions) > len(s.answers) {
			return nil, errors.New("the script has ended")
		}
		answer := s.answers[len(s.actions)-1]
		if answer.status == 0 {
			return nil, errors.New("the connection broke")
		}
		return httpmock.NewStringResponse(answer.status, answer.body), nil
	})
	return client
}

// refusalOf is an answer with the code of an error.
func refusalOf(status int, code string) scripted {
	return scripted{status, `{"RequestId":"of ` + code + `","HostId":"imm.cn-hangzhou.aliyuncs.com","Code":"` + code + `","Message":"no"}`}
}
