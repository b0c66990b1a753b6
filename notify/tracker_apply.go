package notify

import (
	"strings"

	"github.com/imm-go/imm"
)

// noReason is for a message that says of a file that it failed, and no more.
const noReason = "the message says that indexing failed, and not why"

// apply gives the outcomes of a message to the files of a batch, and reports
// whether it has any of them. If it is not sure that the message is of this batch,
// files must be beyond doubt, and none fails that the message does not name.
func (t *Tracker) apply(b *Batch, m *imm.IndexMessage, sure bool) bool {
	t.places.find(b, m.Files, sure)
	has := len(m.Files) == 0
	for _, at := range t.places.of {
		has = has || at != nowhere
	}
	if !has {
		return false
	}
	if len(m.Files) == 0 && !m.Success && sure {
		for i := range b.files {
			t.decide(&b.files[i], fileFailed, orNoReason(m.Message))
		}
	}
	for i, at := range t.places.of {
		status, reason := fileIndexed, m.Files[i].Error
		if reason == "" && !m.Success {
			reason = orNoReason(m.Message)
		}
		if reason != "" {
			status = fileFailed
		}
		if at == nowhere {
			t.stats.UnknownFiles++
		} else {
			t.decide(&b.files[at], status, reason)
		}
	}
	if b.open == 0 {
		t.end(b)
	}
	return true
}

func orNoReason(message string) string {
	if message == "" {
		return noReason
	}
	return message
}

// maxReason is how much of a reason is kept, in bytes: what a message says must not
// make a file large.
const maxReason = 4096

func shortReason(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	return strings.ToValidUTF8(reason[:maxReason], "") + "…"
}

// decide gives a file its outcome, unless it has one.
func (t *Tracker) decide(f *trackedFile, status fileStatus, reason string) {
	if f.status != fileOpen {
		t.stats.Duplicates++
		return
	}
	f.status, f.reason = status, shortReason(reason)
	f.batch.open--
	t.stats.Open--
	if status == fileIndexed {
		t.stats.Indexed++
	} else {
		t.stats.Failed++
	}
	if t.config.outcomes != nil {
		t.decided = append(t.decided, outcomeReport{f.batch, f.outcome()})
		f.batch.unreported++
		t.unreported++
	}
}

// outcomeReport is an outcome that the function of WithOutcomes is to be told.
type outcomeReport struct {
	batch   *Batch
	outcome Outcome
}

// unlock handles the messages that waited for what was done under the lock, gives
// the lock back, and reports what was decided. Waits end only after that, also if
// the function panics.
func (t *Tracker) unlock() {
	t.takeReleased()
	decided := t.decided
	t.decided = nil
	t.mu.Unlock()
	if len(decided) == 0 {
		return
	}
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for i := range decided {
			decided[i].batch.unreported--
			t.unreported--
			t.wake(decided[i].batch)
		}
	}()
	for i := range decided {
		t.config.outcomes(decided[i].outcome)
	}
}
