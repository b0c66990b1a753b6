package bulk

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

func TestTheKindOfAnErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	api := func(status int, code string) error { return &imm.APIError{StatusCode: status, Code: code} }
	for _, c := range []struct {
		err  error
		want verdict
	}{
		{nil, verdictAccepted},
		{api(400, "Throttling.User"), verdictAgain},
		{api(503, ""), verdictAgain},
		{api(500, "InternalError"), verdictAgain},
		{&imm.RequestError{Err: errors.New("connection reset")}, verdictAgain},
		{&imm.RequestError{Err: fmt.Errorf("no credentials: %w", imm.ErrUnauthenticated)}, verdictStop},
		{fmt.Errorf("notify: %w", notify.ErrTrackerFull), verdictAgain},
		{api(400, "InvalidArgument"), verdictSplit},
		{api(400, "MissingFiles"), verdictSplit},
		{api(414, ""), verdictSplit},
		{api(413, ""), verdictSplit},
		{api(200, ""), verdictAgain}, // the login page of a network
		{api(302, ""), verdictAgain},
		{api(200, "Odd"), verdictSplit},
		{api(200, "NoPermission"), verdictStop},
		{api(400, "SignatureNonceUsed"), verdictAgain},
		{api(409, "ResourceAlreadyExists"), verdictSplit},
		{api(404, "ResourceNotFound"), verdictStop},
		{api(404, ""), verdictSplit}, // the page of some proxy is no proof
		{api(403, "NoPermission"), verdictStop},
		{api(400, "Account.Arrearage"), verdictStop},
		{api(400, "LimitExceededError"), verdictStop},
		{api(400, "SignatureDoesNotMatch"), verdictStop},
		{api(400, "InvalidSecurityToken.Expired"), verdictStop},
		{&imm.ValidationError{Field: "Files[7].URI"}, verdictWithout},
		{&imm.ValidationError{Field: "Files[7].Labels[2].LabelName"}, verdictWithout},
		{&imm.ValidationError{Field: "Files"}, verdictStop},
		{&imm.ValidationError{Field: "Files[x].URI"}, verdictStop},
		{&imm.ValidationError{Field: "DatasetName"}, verdictStop},
		{&imm.ValidationError{Field: "UserData"}, verdictStop},
	} {
		require.Equal(t, c.want, judge(c.err), "%v", c.err)
	}
	require.EqualError(t, alone(&imm.ValidationError{Action: "A", Field: "Files[7].Labels[2].LabelName", Reason: "R"}), "imm: A: File.Labels[2].LabelName: R")
}

func TestAnEndpointThatIsWrongIsToldFromOneThatIsDown(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&net.DNSError{IsNotFound: true}, &tls.CertificateVerificationError{Err: errors.New("expired")}} {
		require.True(t, outOfReach(&imm.RequestError{Err: fmt.Errorf("POST: %w", err)}))
	}
	require.True(t, outOfReach(&imm.APIError{StatusCode: 200}))
	require.True(t, outOfReach(&imm.APIError{StatusCode: 307}))
	require.False(t, outOfReach(&imm.APIError{StatusCode: 200, Code: "Throttling.User"}))
	require.False(t, outOfReach(&imm.APIError{StatusCode: 503}))
	for _, err := range []error{&net.DNSError{IsTimeout: true}, &net.OpError{Op: "dial", Err: errors.New("refused")}} {
		require.False(t, outOfReach(&imm.RequestError{Err: err}))
	}
}

func TestTheOrderMovesOverWhatIsDone(t *testing.T) {
	t.Parallel()
	var o order
	var numbers []int64
	for i := range 1000 {
		numbers = append(numbers, o.add(fmt.Sprint(i)))
	}
	after, covered := o.advance(nil)
	require.Empty(t, after)
	require.Empty(t, covered)
	for _, i := range []int{1, 2, 4} {
		o.done(numbers[i])
	}
	after, _ = o.advance(nil)
	require.Empty(t, after, "the first is not done")
	o.done(numbers[0])
	after, covered = o.advance(nil)
	require.Equal(t, "2", after)
	require.Equal(t, []string{"0", "1", "2"}, covered)
	require.Equal(t, 997, o.len())
	for i := 999; i > 4; i-- {
		o.done(numbers[i])
	}
	o.done(numbers[3])
	after, covered = o.advance(covered[:0])
	require.Equal(t, "999", after)
	require.Len(t, covered, 997)
	require.Zero(t, o.len())
	number := o.add("1000")
	require.Equal(t, numbers[999]+1, number)
	o.done(number)
	after, _ = o.advance(nil)
	require.Equal(t, "1000", after)
	require.Less(t, cap(o.places), 4000)
}
