package published

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/interop/program"
	"github.com/imm-go/imm/interop/scenario"
)

// Whatever is wrong with the arguments of an operation, our client and the
// published core are told the same, in the same words.
func TestArgumentsAreRefusedAlikeForOurClientAndThePublishedCore(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load()
	require.NoError(t, err)
	e := program.Start(t)
	t.Cleanup(func() { require.Empty(t, e.State()["Projects"], "a refused call leaves nothing") })
	each(t, func(t *testing.T, c core, where place) {
		us, them := newOurs(t, e, rightKeys), c.client(t, e, rightKeys, where)
		for i := range s.Refusals {
			step := &s.Refusals[i]
			a := them.must(step)
			requireRefusal(t, a, step.Status, step.Code)
			b := us.must(step)
			require.Equal(t, b.Status, a.Status, step.Name)
			require.Equal(t, scenario.Normalize(b.Body), scenario.Normalize(a.Body), step.Name)
		}
	})
}

// What our client knows to be wrong it refuses itself, and sends nothing. What only
// the service can judge it sends, and tells what the service said.
func TestOurClientRefusesWhatItKnowsToBeWrong(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load()
	require.NoError(t, err)
	e := program.Start(t)
	client := newOurs(t, e, rightKeys).client
	wantSent := make(map[string]int)
	for i := range s.Refusals {
		step := &s.Refusals[i]
		call, found := methods[step.Action]
		if !found {
			continue // there is no such operation
		}
		_, err := call(t.Context(), client, step.Params)
		switch {
		case errors.Is(err, errUntyped):
			require.False(t, step.Sent, step.Name)
		case step.Sent:
			wantSent[step.Action]++
			refused := new(imm.APIError)
			require.ErrorAs(t, err, &refused, step.Name)
			require.Equal(t, step.Code, refused.Code, step.Name)
		default:
			wrong := new(imm.ValidationError)
			require.ErrorAs(t, err, &wrong, step.Name)
			require.Equal(t, step.Action, wrong.Action, step.Name)
		}
	}
	for action := range methods {
		require.Len(t, e.Requests(action), wantSent[action], action)
	}
}

// An account has at most 100 projects in a region.
func TestTheHundredFirstProjectIsRefused(t *testing.T) {
	t.Parallel()
	var flags []string
	for i := range 99 {
		flags = append(flags, "-project", fmt.Sprintf("project-%d", i))
	}
	create := func(name string) *scenario.Step {
		return &scenario.Step{Name: name, Action: "CreateProject", Params: map[string]any{"ProjectName": name}}
	}
	each(t, func(t *testing.T, c core, where place) {
		e := program.Start(t, flags...)
		p := c.client(t, e, rightKeys, where)
		require.Equal(t, http.StatusOK, p.must(create("the-last")).Status)
		requireRefusal(t, p.must(create("one-more")), http.StatusBadRequest, "LimitExceededError")
		requireRefusal(t, newOurs(t, e, rightKeys).must(create("one-more")), http.StatusBadRequest, "LimitExceededError")
		require.Len(t, e.State()["Projects"], 100)
	})
}

// What the gateway refuses is sent by the published core itself, signed by it and
// wrong in one way only; a last case is right in every way.
func TestTheGatewayRefusesWhatThePublishedCoreSendsWrong(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02T15:04:05Z"
	at := func(offset time.Duration) map[string]string {
		return map[string]string{"x-acs-date": time.Now().Add(offset).UTC().Format(layout)}
	}
	// without takes a header away and signs again, so that nothing else is wrong.
	without := func(name string) change {
		return change{Set: map[string]string{name: ""}, Resign: true}
	}
	after := func(name, value string) change { return change{Set: map[string]string{name: value}} }
	e := program.Start(t)
	for _, c := range []struct {
		name    string
		keys    keys
		version string
		headers map[string]string // that the core signs
		change  change            // after that
		status  int
		code    string
	}{
		{name: "wrong secret", keys: keys{ID: rightKeys.ID, Secret: "another"}, status: 400, code: "SignatureDoesNotMatch"},
		{name: "unknown key", keys: keys{ID: "another", Secret: rightKeys.Secret}, status: 404, code: "InvalidAccessKeyId.NotFound"},
		{name: "date 16 minutes behind", headers: at(-16 * time.Minute), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "date 16 minutes ahead", headers: at(16 * time.Minute), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "date 14 minutes behind", headers: at(-14 * time.Minute), status: 404, code: "ResourceNotFound"},
		{name: "date 14 minutes ahead", headers: at(14 * time.Minute), status: 404, code: "ResourceNotFound"},
		{
			name: "date in another form", headers: map[string]string{"x-acs-date": "Mon, 02 Jan 2006 15:04:05 GMT"},
			status: 400, code: "InvalidTimeStamp.Format",
		},
		{name: "another version", version: "2017-09-06", status: 400, code: "InvalidVersion"},
		{name: "no version", change: without("x-acs-version"), status: 400, code: "MissingVersion"},
		{name: "no action", change: without("x-acs-action"), status: 400, code: "MissingAction"},
		{name: "no date", change: without("x-acs-date"), status: 400, code: "MissingDate"},
		{name: "no nonce", change: without("x-acs-signature-nonce"), status: 400, code: "MissingSignatureNonce"},
		{name: "no hash of the body", change: without("x-acs-content-sha256"), status: 400, code: "MissingContentSha256"},
		{name: "no authorization", change: after("Authorization", ""), status: 400, code: "IncompleteSignature"},
		{name: "no signature", change: change{Replace: [2]string{",Signature=", ",Other="}}, status: 400, code: "IncompleteSignature"},
		{name: "no credential", change: change{Replace: [2]string{"Credential=", "Other="}}, status: 400, code: "IncompleteSignature"},
		{name: "another algorithm", change: change{Replace: [2]string{"SHA256", "MD5"}}, status: 400, code: "IncompleteSignature"},
		{name: "a header that is not signed", change: after("x-acs-extra", "1"), status: 400, code: "IncompleteSignature"},
		{name: "a nonce changed after signing", change: after("x-acs-signature-nonce", "another"), status: 400, code: "SignatureDoesNotMatch"},
		{
			name: "a query changed after signing", status: 400, code: "SignatureDoesNotMatch",
			change: change{AddQuery: "&More=1"},
		},
		{
			name: "the hash of another body", status: 400, code: "SignatureDoesNotMatch",
			change: change{Set: map[string]string{"x-acs-content-sha256": strings.Repeat("0", 64)}, Resign: true},
		},
		{
			name: "a token that nobody gave", keys: keys{rightKeys.ID, rightKeys.Secret, "token"},
			status: 400, code: "InvalidSecurityToken.Malformed",
		},
		{
			name: "another path", status: 404, code: "InvalidAction.NotFound",
			change: change{Path: "/GetBinding", Resign: true},
		},
		{name: "signed again by the published signer", change: change{Resign: true}, status: 404, code: "ResourceNotFound"},
		{name: "nothing wrong", status: 404, code: "ResourceNotFound"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := c.keys
			if k == (keys{}) {
				k = rightKeys
			}
			each(t, func(t *testing.T, published core, where place) {
				p := published.client(t, e, k, where)
				p.version, p.headers, p.change = c.version, c.headers, c.change
				if p.version == "" {
					p.version = "2020-09-30"
				}
				requireRefusal(t, p.must(&accepted), c.status, c.code)
			})
		})
	}
}

// The message of a wrong signature shows what the server signed, as the service's
// does, and that is what the core had signed.
func TestTheMessageOfAWrongSignatureHasWhatWasSigned(t *testing.T) {
	t.Parallel()
	e := program.Start(t)
	each(t, func(t *testing.T, c core, where place) {
		p := c.client(t, e, keys{ID: rightKeys.ID, Secret: "another"}, where)
		a := p.must(&accepted)
		requireRefusal(t, a, http.StatusBadRequest, "SignatureDoesNotMatch")
		_, query, _ := strings.Cut(p.wire.URI, "?")
		headers := "host:" + e.Host + "\nx-acs-action:GetBinding\n"
		if where != inQuery {
			headers = "content-type:application/x-www-form-urlencoded\n" + headers
		}
		require.Contains(t, a.Body["Message"], "server string to sign is:[ACS3-HMAC-SHA256\n")
		require.Contains(t, a.Body["Message"], "server canonicalRequest is:[POST\n/\n"+query+"\n"+headers)
	})
}

func TestANonceIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	e := program.Start(t)
	each(t, func(t *testing.T, c core, where place) {
		p := c.client(t, e, rightKeys, where)
		p.headers = map[string]string{"x-acs-signature-nonce": t.Name()}
		requireRefusal(t, p.must(&accepted), http.StatusNotFound, "ResourceNotFound")
		requireRefusal(t, p.must(&accepted), http.StatusBadRequest, "SignatureNonceUsed")
		p.headers = nil
		requireRefusal(t, p.must(&accepted), http.StatusNotFound, "ResourceNotFound")
		// A request that was refused has not used up its nonce.
		p.headers = map[string]string{"x-acs-signature-nonce": t.Name() + " refused"}
		p.keys.Secret = "another"
		requireRefusal(t, p.must(&accepted), http.StatusBadRequest, "SignatureDoesNotMatch")
		p.keys.Secret = rightKeys.Secret
		requireRefusal(t, p.must(&accepted), http.StatusNotFound, "ResourceNotFound")
	})
}

func TestTemporaryCredentialsNeedTheirToken(t *testing.T) {
	t.Parallel()
	temporary := keys{ID: "STS.key", Secret: "secret", Token: "to+ken/=="}
	e := program.Start(t, "-access-key-id", temporary.ID, "-access-key-secret", temporary.Secret, "-security-token", temporary.Token)
	for _, c := range []struct {
		name   string
		keys   keys
		status int
		code   string
	}{
		{"with the token", temporary, 404, "ResourceNotFound"},
		{"without the token", keys{temporary.ID, temporary.Secret, ""}, 404, "InvalidAccessKeyId.NotFound"},
		{"with another token", keys{temporary.ID, temporary.Secret, "another"}, 400, "InvalidSecurityToken.Malformed"},
		{"with the token and a wrong secret", keys{temporary.ID, "another", temporary.Token}, 400, "SignatureDoesNotMatch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, published core, where place) {
				requireRefusal(t, published.client(t, e, c.keys, where).must(&accepted), c.status, c.code)
			})
			requireRefusal(t, newOurs(t, e, c.keys).must(&accepted), c.status, c.code)
		})
	}
}
