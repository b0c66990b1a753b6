package notify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestTheLogNamesAPushOfMNSThatIsNotAccepted(t *testing.T) {
	t.Parallel()
	const named = "message_id=250EB49D5F8D737A391C93C6ED165396 topic=test-topic subscription=test-subscription"
	fails := func(context.Context, *imm.IndexMessage) error { return errors.New("the database is down") }
	for name, c := range map[string]struct {
		push   signedPush
		status int
		want   string
	}{
		"the callback fails":       {signedPush{}, http.StatusInternalServerError, named},
		"the signature is another": {signedPush{key: otherMNSKey}, http.StatusForbidden, named},
		"no index message":         {signedPush{body: "text"}, http.StatusBadRequest, named},
		"no date":                  {signedPush{headers: map[string]string{"date": ""}}, http.StatusForbidden, named},
		"without an id":            {signedPush{headers: map[string]string{"x-mns-message-id": ""}}, http.StatusInternalServerError, "topic=test-topic subscription=test-subscription\n"},
		"without any of them": {signedPush{headers: map[string]string{
			"x-mns-message-id": "", "x-mns-topic-name": "", "x-mns-subscription-name": "",
		}}, http.StatusInternalServerError, `reason="the database is down"` + "\n"},
		"an id that is too long": {signedPush{headers: map[string]string{"x-mns-message-id": strings.Repeat("a", 1000)}},
			http.StatusInternalServerError, "message_id=" + strings.Repeat("a", 256) + " topic=test-topic"},
		"a topic that would steer a terminal": {signedPush{headers: map[string]string{"x-mns-topic-name": "\u202ea"}}, http.StatusInternalServerError, "topic=a "},
		"a topic with a control character": {signedPush{headers: map[string]string{"x-mns-topic-name": "a\x1bb"}}, http.StatusForbidden,
			`characters that no header has"` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := (&pushBench{callback: fails}).mns(t)
			require.Equal(t, c.status, b.send(c.push.mns()))
			require.Contains(t, b.logged(), c.want)
		})
	}
}

func TestTheLogNamesAnEventThatIsNotAccepted(t *testing.T) {
	t.Parallel()
	fails := func(context.Context, *imm.IndexMessage) error { return errors.New("the database is down") }
	other := strings.Replace(pushEvent, "imm:FileMeta:Index", "imm:Binding:Task", 1)
	for name, c := range map[string]struct {
		push   signedPush
		status int
		named  bool
	}{
		"the callback fails":       {signedPush{}, http.StatusInternalServerError, true},
		"another type":             {signedPush{body: other}, http.StatusBadRequest, true},
		"no event":                 {signedPush{body: "[]"}, http.StatusBadRequest, false},
		"an id that is no text":    {signedPush{body: `{"id":["event-1"]}`}, http.StatusBadRequest, false},
		"the signature is another": {signedPush{key: otherBridgeKey}, http.StatusForbidden, false}, // so nobody knows what is in the body
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := (&pushBench{callback: fails}).bridge(t)
			require.Equal(t, c.status, b.send(c.push.bridge("")))
			require.Equal(t, c.named, strings.HasSuffix(b.logged(), " message_id=event-1\n"), b.logged())
			require.Equal(t, c.named, strings.Contains(b.logged(), "message_id"))
		})
	}
}

func TestAHintNamesTheOptionOfItsSender(t *testing.T) {
	t.Parallel()
	b := new(pushBench).mns(t)
	r := signedPush{}.mns()
	r.RequestURI = "/inside"
	b.requireRefused(t, r, http.StatusForbidden, 1, "say what they were with WithPath and WithMethod")
	require.NotContains(t, b.logged(), "WithURL", "which is for EventBridge")
}
