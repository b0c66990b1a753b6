package bulk

import (
	"context"
	"fmt"

	"github.com/imm-go/imm"
)

// RunSource does what Run does with the items of a source. With a Journal it goes
// on where an earlier run ended, and every outcome is recorded before it is
// reported: whatever becomes of the process, an item whose outcome was reported is
// not sent by a later run, and an item whose outcome was not is.
//
// A Record that fails stops the run. Files whose outcome it did not record are
// Unsent, although the service may have accepted them. A journal of another source
// or of another target is refused before anything is read.
//
// An item that comes with an error ends the reading, unless Config.SkipBad makes
// it a Failed result, which is recorded as well; what was read before is still
// done. An error without a position always ends the reading. RunSource is one of
// the runs of which an Indexer has one; see Run for the rest.
func (x *Indexer) RunSource(ctx context.Context, source Source) (Summary, error) {
	if source == nil {
		return Summary{}, &imm.ValidationError{Action: "bulk.RunSource", Field: "source", Reason: "it is nil; give a source of files"}
	}
	return x.run(ctx, nil, func() error {
		after, known, err := x.resume(ctx, source)
		if err != nil {
			return err
		}
		for item, err := range source.Items(ctx, after) {
			if _, isKnown := known[item.Position]; isKnown {
				delete(known, item.Position)
				x.skip(item.Position)
				continue
			}
			m := mark{position: item.Position}
			if err != nil {
				err = fmt.Errorf("bulk: reading the source: %w", err)
				if item.Position == "" || !x.config.SkipBad {
					return err
				}
				m.status, m.settled, m.err = Failed, true, err
			} else if item.Position == "" {
				return fmt.Errorf("bulk: the source gave the file %q without a position; a source names the place of each item", item.File.URI)
			}
			if !x.read(ctx, &item.File, m) {
				return nil
			}
		}
		return nil
	})
}

// resume asks the journal what is done.
func (x *Indexer) resume(ctx context.Context, source Source) (after string, done map[string]struct{}, err error) {
	if x.config.Journal == nil {
		return "", nil, nil
	}
	of, err := source.Fingerprint(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("bulk: the source cannot be told from others, which a journal needs: %w", err)
	}
	fingerprint := fmt.Sprintf("project %s, dataset %s, source %s", x.config.ProjectName, x.config.DatasetName, of)
	after, positions, err := x.config.Journal.Resume(ctx, fingerprint)
	if err != nil {
		return "", nil, fmt.Errorf("bulk: the journal does not resume: %w", err)
	}
	done = make(map[string]struct{}, len(positions))
	for _, position := range positions {
		done[position] = struct{}{}
	}
	return after, done, nil
}

// skip passes over an item that an earlier run has done.
func (x *Indexer) skip(position string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.summary.Skipped++
	x.order.done(x.order.add(position))
}
