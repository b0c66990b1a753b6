package natsbulk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/imm-go/imm/bulk"
)

// ErrDead is for errors.Is: the file is in a batch that came back too often, and
// nobody knows what became of it.
var ErrDead = errors.New("its batch came back too often")

// ErrOpen is for errors.Is: the work is not done yet.
var ErrOpen = errors.New("is not done yet")

// Failed lists the files that failed, and those that were accepted without the
// confirmation that was asked for, as far as they were counted. Behind them come
// those of dead batches, as Unsent, with an error that matches ErrDead. The loop ends
// at the first error.
func (c *Cluster) Failed(ctx context.Context) iter.Seq2[bulk.Result, error] {
	return func(yield func(bulk.Result, error) bool) {
		counted, err := c.loadTally(ctx)
		if err != nil {
			yield(bulk.Result{}, err)
			return
		}
		for msg, err := range messages(ctx, c.results, c.subject(failedSubject)) {
			if err == nil && msg.Sequence > counted.value.UpTo {
				break
			}
			if err == nil && slices.Contains(counted.value.Stale, msg.Sequence) {
				continue
			}
			var m *outcomes
			if err == nil {
				m, err = decodeOutcomes(msg.Data)
			}
			if err != nil {
				yield(bulk.Result{}, err)
				return
			}
			for i := range m.Files {
				if !yield(m.result(&m.Files[i]), nil) {
					return
				}
			}
		}
		c.yieldDead(ctx, counted.value.tally, yield)
	}
}

func (c *Cluster) yieldDead(ctx context.Context, t *tally, yield func(bulk.Result, error) bool) {
	for g, err := range c.graves(ctx) {
		if err != nil {
			yield(bulk.Result{}, err)
			return
		}
		for i := range g.Items {
			if t.knows(g.Number, i) {
				continue
			}
			r := bulk.Result{File: g.Items[i].File, Position: string(g.Items[i].Position), Status: bulk.Unsent,
				Err: fmt.Errorf("natsbulk: %w: %s", ErrDead, g.Reason)}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// exportSize is how many failures are recorded at once.
const exportSize = 100

// Export writes what became of the list into a journal of package bulk that is bound
// to no other list: then a run of package bulk with it finds everything done, and it
// lists the files that failed. Files of dead batches are among these. The work must
// be done; otherwise the error matches ErrOpen. An Export that was killed goes on, and
// one that is repeated changes nothing.
func (c *Cluster) Export(ctx context.Context, journal bulk.Journal) error {
	found, err := load(ctx, c, planKey, plan{})
	if err != nil {
		return err
	}
	counted, err := c.loadTally(ctx)
	if err != nil {
		return err
	}
	planned := &found.value
	p, isOver, err := c.progress(ctx, counted.value.tally)
	if err != nil || !isOver {
		return errors.Join(err, fmt.Errorf("natsbulk: the work %q %w; collect it first", c.name, ErrOpen))
	}
	after, known, err := journal.Resume(ctx, planned.Fingerprint)
	if err != nil || after == string(planned.After) {
		return err
	}
	done := make(map[string]bool, len(known))
	for _, position := range known {
		done[position] = true
	}
	results := make([]bulk.Result, 0, exportSize)
	record := func() error {
		err := journal.Record(ctx, bulk.Progress{Results: results})
		results = results[:0]
		return err
	}
	for r, err := range c.Failed(ctx) {
		if err != nil {
			return err
		}
		if r.Status == bulk.Unsent {
			p.Dead--
		}
		if r.Status == bulk.Accepted || done[r.Position] {
			continue
		}
		r.Status = bulk.Failed
		results = append(results, r)
		done[r.Position] = true
		if len(results) == exportSize {
			if err := record(); err != nil {
				return err
			}
		}
	}
	if err := record(); err != nil {
		return err
	}
	if p.Dead > 0 {
		return fmt.Errorf("natsbulk: %d files of the work %q are in dead batches that cannot be read, or were given to workers again; collect again, "+
			"and if that does not help, start over with another name", p.Dead, c.name)
	}
	last := bulk.Progress{After: string(planned.After)}
	for position := range done {
		last.Covered = append(last.Covered, position)
	}
	return journal.Record(ctx, last)
}
