package notify

import (
	"context"
	"fmt"
	"slices"

	"github.com/imm-go/imm"
)

// verdict is what became of a message.
type verdict int

const (
	messageKnown   verdict = iota
	messageUnknown         // it is of no call of this tracker
	messageRefused         // it would have to be kept, and there is no room
)

// Handle takes the outcomes of files from a message. It is the callback for the
// handlers and the receiver of this package. The message is not changed, and not
// kept.
//
// The call of a message is found by its UserData; if it has none, by its RequestID
// or EventID, if they are those of the answer, or of a message that was matched
// before; and otherwise by its files. Without UserData the project and the dataset must be those of the call, as far as the
// message names them. By files means that all of the message are in the call: by
// URI, with the same CustomID if both have one, or by a CustomID alone where the
// message has no URI and only one call has that. Of calls with the same files, the
// one that fits best is taken, and then the oldest. So calls whose messages bring no
// UserData, which is so with RocketMQ, should not have the same files open twice.
//
// A message can come before its call has returned. It is handled at once, unless
// it has no UserData and several calls have its files, of which one has not
// returned: then it is acknowledged and waits for that in memory, because its
// RequestID may tell.
//
// A file is found in its call by URI; by URI and CustomID where the call has the
// URI twice; and by a CustomID that the call has once where it does not have the
// URI. What could be more than one file is none: it stays open, rather than have
// the outcome of another. The first outcome of a file counts, and messages that
// come again change nothing. Success false without files is the failure of all
// files of a call, if UserData or the ids of the answer say which call that is.
//
// The error is nil if the message was of a call of this tracker, so that it is
// acknowledged; what the function of WithUnknown says if it was not; and one that
// matches ErrTrackerFull if the message would have to wait and too many do: let it
// come again. No error is about files that failed.
func (t *Tracker) Handle(ctx context.Context, m *imm.IndexMessage) error {
	if m == nil {
		return &imm.ValidationError{Action: "Tracker.Handle", Field: "m", Reason: "the message is nil; want one of imm.ParseIndexMessages"}
	}
	t.mu.Lock()
	v := t.take(m, t.next)
	t.unlock()
	switch {
	case v == messageRefused:
		return fmt.Errorf("notify: Tracker.Handle: %w: as many messages as it keeps wait for calls to return; "+
			"let the message come again, and call Accepted or Forget for every call that was tracked", ErrTrackerFull)
	case v == messageUnknown && t.config.unknown != nil:
		return t.config.unknown(ctx, m)
	}
	return nil
}

// take handles a message that came before the batch with the given number was
// tracked.
func (t *Tracker) take(m *imm.IndexMessage, before uint64) verdict {
	v := t.match(m, before)
	if v == messageUnknown {
		t.stats.UnknownMessages++
		t.stats.UnknownFiles += int64(len(m.Files))
	}
	return v
}

func (t *Tracker) match(m *imm.IndexMessage, before uint64) verdict {
	number, owner := t.prefix.parse(m.UserData)
	switch {
	case owner == ownerOther:
		return messageUnknown
	case owner == ownerSelf && number >= t.next:
		return messageUnknown // such a call never was
	case owner == ownerSelf:
		t.takeNumber(m, number)
		return messageKnown
	case t.takeID(m, requestKind, m.RequestID), t.takeID(m, eventKind, m.EventID):
		return messageKnown
	case m.UserData != "":
		return messageUnknown // all calls of this tracker have a UserData of its own
	}
	return t.takeFiles(m, before)
}

// takeNumber is for a message whose UserData is of this tracker.
func (t *Tracker) takeNumber(m *imm.IndexMessage, number uint64) {
	switch b := t.batches[number]; {
	case b == nil:
		t.stats.Duplicates += int64(max(1, len(m.Files)))
	case !t.apply(b, m, true):
		t.stats.UnknownFiles += int64(len(m.Files))
	}
}

// takeID reports whether the id is that of a batch, and nothing else of the message
// speaks against it.
func (t *Tracker) takeID(m *imm.IndexMessage, kind idKind, id string) bool {
	found, over := t.ids.find(kind, id)
	if over {
		t.stats.Duplicates += int64(max(1, len(m.Files)))
	}
	return over || found.batch != nil && found.batch.agrees(m) && t.apply(found.batch, m, found.sure)
}

// takeFiles is for a message with nothing but files to go by.
func (t *Tracker) takeFiles(m *imm.IndexMessage, before uint64) verdict {
	found, all := t.candidates(m, before)
	if len(found) == 0 {
		return messageUnknown
	}
	if len(found) > 1 || !all {
		if i := slices.IndexFunc(found, func(b *Batch) bool { return !b.returned }); i >= 0 {
			return t.keep(found[i], m, before)
		}
		if slices.ContainsFunc(m.Files, func(f imm.IndexedFile) bool { return f.URI == "" }) {
			return messageUnknown // the ids are labels of groups, and these are not the same files
		}
	}
	// One call has one message, so one that comes again has these ids, too.
	t.ids.add(found[0], requestKind, m.RequestID, false)
	t.ids.add(found[0], eventKind, m.EventID, false)
	t.apply(found[0], m, false)
	return messageKnown
}

// agrees reports whether the message can be of the project and the dataset.
func (b *Batch) agrees(m *imm.IndexMessage) bool {
	return (m.ProjectName == "" || m.ProjectName == b.projectName) && (m.DatasetName == "" || m.DatasetName == b.datasetName)
}

// maxCandidates is how many files of one text are looked at, so that a file that is
// in a hundred thousand batches does not stop the tracker.
const maxCandidates = 256

// candidates are the batches that a message fits best, oldest first, and whether
// these are all there are.
func (t *Tracker) candidates(m *imm.IndexMessage, before uint64) (found []*Batch, all bool) {
	index, text := t.rarest(m.Files)
	if text == "" {
		return nil, true
	}
	var last *Batch
	best, seen := 0, 0
	for f := range index.all(text) {
		if f.batch.number >= before {
			break
		}
		if seen++; seen > maxCandidates {
			return found, false
		}
		if f.batch == last {
			continue
		}
		last = f.batch
		fit := t.fit(last, m)
		if fit > best {
			best, found = fit, found[:0]
		}
		if fit == best && fit > 0 {
			found = append(found, last)
		}
	}
	return found, true
}

// rarest is by what to look for batches with all of these files: the text that the
// fewest files have. It is empty if a file has none, or one that no file has.
func (t *Tracker) rarest(files []imm.IndexedFile) (index *trackerIndex, text string) {
	fewest := maxCandidates + 1
	for i := range files {
		in, of := &t.uris, files[i].URI
		if of == "" {
			in, of = &t.customIDs, files[i].CustomID
		}
		n := in.count(of, fewest)
		if n == 0 {
			return nil, ""
		}
		if n < fewest || index == nil {
			fewest, index, text = n, in, of
		}
	}
	return index, text
}

// fit says how well a batch and a message without ids fit; 0 is not at all. Best is
// that each file has the same id in both, and then that they have the same number
// of files, because the service sends one message for all files of a call.
func (t *Tracker) fit(b *Batch, m *imm.IndexMessage) int {
	if !b.agrees(m) {
		return 0
	}
	t.places.find(b, m.Files, false)
	open, sameIDs := false, true
	for i, at := range t.places.of {
		if at == nowhere {
			return 0
		}
		open = open || b.files[at].status == fileOpen
		sameIDs = sameIDs && b.files[at].customID == m.Files[i].CustomID
	}
	if !open {
		return 0
	}
	fit := 1
	if sameIDs {
		fit += 2
	}
	if len(m.Files) == len(b.files) {
		fit++
	}
	return fit
}
