//go:build unix

package credentials

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// shell is the command that runs a script.
func shell(t *testing.T, script string) string {
	t.Helper()
	return "sh '" + writeFile(t, "keys.sh", script) + "'"
}

func TestACommandGivesKeysAndTheirExpiry(t *testing.T) {
	for expiration, expires := range map[string]time.Time{
		"2030-01-02T03:04:05Z": time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		"":                     {},
		"soon":                 {},
	} {
		script := "echo '" + `{"mode":"StsToken","access_key_id":"` + gotID + `","access_key_secret":"` + gotSecret + `","sts_token":"` + gotToken + `","expiration":"` + expiration + `"}'`
		command, err := json.Marshal(shell(t, script))
		require.NoError(t, err)
		cliFile(t, oneProfile(`"mode":"External","process_command":`+string(command)))
		p, err := Profile("")
		require.NoError(t, err)
		got, err := get(t, p)
		require.NoError(t, err)
		withExpiry := want
		withExpiry.Expires = expires
		require.Equal(t, withExpiry, got)
	}
}

func TestACommandThatFailsShowsNeitherItsOutputNorItsArguments(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		command   string
		text      string
		permanent bool
	}{
		"exit status":    {shell(t, "echo answerSecret; echo answerToken >&2; exit 3") + " sourceSecret", "exit status 3", false},
		"no such file":   {"/no/such/file sourceSecret", "no such file", false},
		"no such name":   {"no-such-command-of-imm sourceSecret", "not found", false},
		"not JSON":       {shell(t, "echo answerSecret"), "not the JSON", true},
		"no secret":      {shell(t, `echo '{"access_key_id":"a"}'`), "lacks", true},
		"no token":       {shell(t, `echo '{"mode":"StsToken","access_key_id":"a","access_key_secret":"answerSecret"}'`), "lacks", true},
		"unclosed quote": {"'sourceSecret", "quote", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := get(t, newProvider(externalSource(tc.command)))
			require.ErrorContains(t, err, tc.text)
			requireNoSecret(t, err.Error())
			if tc.permanent {
				require.ErrorIs(t, err, imm.ErrUnauthenticated)
			} else {
				require.NotErrorIs(t, err, imm.ErrUnauthenticated)
			}
		})
	}
}

func TestACommandThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := externalSource(shell(t, "exec sleep 60")).ask(ctx)
	require.ErrorContains(t, err, "did not end within")
}
