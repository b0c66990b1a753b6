package boltjournal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/imm-go/imm/bulk"
)

// Retry is the work that is left in a journal: the files that failed. It is both
// the bulk.Source and the bulk.Journal of the run that sends them again.
type Retry struct{ journal *Journal }

// RetryFailed sends the files that failed again, without the list they came from:
//
//	retry := journal.RetryFailed()
//	config.Journal = retry
//
// and then a run of package bulk with the Source retry. A file that is accepted
// goes from the list of failures, and one that fails again stays, with the new
// reason. Items that the source could not read stay, too, because nobody knows
// which file they are.
func (j *Journal) RetryFailed() *Retry { return &Retry{j} }

// Fingerprint names the journal's own, so that failures are sent only where their
// files belong. A journal without one has no failures: that is an error.
func (r *Retry) Fingerprint(ctx context.Context) (fingerprint string, err error) {
	err = r.journal.view(ctx, func(l *ledger) error {
		if l.state.Fingerprint == "" {
			return errors.New("it was not used yet, so nothing has failed")
		}
		fingerprint = retryOf(string(l.state.Fingerprint))
		return nil
	})
	return fingerprint, err
}

func retryOf(fingerprint string) string { return "failed files of (" + fingerprint + ")" }

// Items yields the files that failed behind the position after, which is the
// number of a failure.
func (r *Retry) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		var number uint64
		if after != "" {
			var err error
			if number, err = strconv.ParseUint(after, 10, 64); err != nil {
				yield(bulk.Item{}, fmt.Errorf("boltjournal: %q is not the number of a failed file", after))
				return
			}
		}
		for failure, err := range r.journal.failures(ctx, number) {
			if err != nil {
				yield(bulk.Item{}, err)
				return
			}
			if failure.File.URI == "" {
				continue
			}
			if !yield(bulk.Item{File: failure.File, Position: strconv.FormatUint(failure.number, 10)}, nil) {
				return
			}
		}
	}
}

// Resume wants the target of the journal's own run: its fingerprint and this one
// are the same up to the source, which a fingerprint ends with. What is done is
// not in the list any more, so everything that is there is to be sent.
func (r *Retry) Resume(ctx context.Context, fingerprint string) (after string, done []string, err error) {
	err = r.journal.view(ctx, func(l *ledger) error {
		own := string(l.state.Fingerprint)
		target, ok := strings.CutSuffix(fingerprint, retryOf(own))
		if own == "" || !ok || !strings.HasPrefix(own, target) {
			return fmt.Errorf("boltjournal: %s %w: the failed files are of %q, and the run is for %q; send them to the project and dataset they are of",
				r.journal.path, ErrOtherWork, own, fingerprint)
		}
		return nil
	})
	return "", nil, err
}

// Record takes the files that are done from the list of failures, and notes why
// others failed again. It is as durable as that of the journal.
func (r *Retry) Record(ctx context.Context, progress bulk.Progress) error {
	return r.journal.update(ctx, func(l *ledger) error {
		for i := range progress.Results {
			result := &progress.Results[i]
			number, err := strconv.ParseUint(result.Position, 10, 64)
			if err != nil {
				return fmt.Errorf("boltjournal: %q is not the number of a failed file", result.Position)
			}
			if result.Status != bulk.Failed {
				if err := l.dropFailed(number); err != nil {
					return err
				}
				continue
			}
			key := failedKey(number)
			before, err := readFailure(key, l.failed.Get(key))
			if err != nil {
				return err
			}
			failure := failureOf(result)
			failure.Position = before.Position // in the source, not in this list
			if err := l.putFailed(number, failure); err != nil {
				return err
			}
		}
		return nil
	})
}
