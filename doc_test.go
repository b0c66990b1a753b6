package imm

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/retry"
)

// rows say which classes of outcomes each row of the table in doc.go stands for.
var rows = map[string][]retry.Class{
	"throttled":                                {retry.Throttled},
	"no connection, nothing was sent":          {retry.NotSent},
	"unavailable: InternalError, 5xx":          {retry.Unavailable},
	"connection lost after sending":            {retry.Lost},
	"timed out":                                {retry.TimedOut},
	"nonce used":                               {retry.NonceUsed},
	"a reused connection was dead":             {retry.Stale},
	"security token expired":                   {retry.TokenExpired},
	"clock skewed":                             {retry.ClockSkewed},
	"URI too long":                             {retry.URITooLong},
	"invalid argument, missing parameter":      {retry.Invalid},
	"not found, already exists":                {retry.NotFound, retry.Exists},
	"limit exceeded":                           {retry.LimitExceeded},
	"wrong key, wrong signature":               {retry.Unauthenticated},
	"permission denied, account in arrears":    {retry.Denied},
	"a success that is not the documented one": {retry.BadAnswer},
	"redirect, and any other answer":           {retry.Refused},
	"no such host, certificate not accepted":   {retry.Unreachable},
	"no credentials":                           {retry.Unsent},
}

var actions = map[retry.Action]string{
	retry.Stop: "stop", retry.Correct: "correct, once", retry.Fresh: "at once, once", retry.Repeat: "repeat", retry.RepeatPaced: "repeat, paced",
}

func TestTheTableInThePackageDocumentationIsTheDecisionThatIsMade(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	documented := make(map[retry.Class]bool)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimPrefix(strings.TrimSpace(line), "//"), "|")
		if len(cells) != 3 || strings.Contains(line, "what happened") {
			continue
		}
		row := strings.TrimSpace(cells[0])
		require.Contains(t, rows, row)
		for _, class := range rows[row] {
			documented[class] = true
			require.Equal(t, actions[retry.Decide(retry.Repeatable, class)], strings.TrimSpace(cells[1]), row)
			require.Equal(t, actions[retry.Decide(retry.Creating, class)], strings.TrimSpace(cells[1]), row)
			require.Equal(t, actions[retry.Decide(retry.Unknown, class)], strings.TrimSpace(cells[2]), row)
		}
	}
	for class := retry.Invalid; class <= retry.TimedOut; class++ {
		require.True(t, documented[class], "%v has no row", class)
	}
}
