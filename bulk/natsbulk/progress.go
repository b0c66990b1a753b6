package natsbulk

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// Progress is how far the work is. Planned is the sum of the outcomes in Counts, of
// Dead and of Open.
type Progress struct {
	Counts

	Planned  int64 // files that were read from the list
	Bad      int64 // of them: lines that are no files; they are among Failed in the end
	Complete bool  // the list is planned to its end
	Dead     int64 // files of batches that came back too often
	Open     int64 // files of which no outcome was counted yet
}

// Status is how far the work is, and what is in the streams.
type Status struct {
	Progress

	Target
	List       string  // the Fingerprint of the planned list and its target; empty: there is no plan
	Waiting    uint64  // batches that no worker has
	UnderWay   uint64  // batches that workers have
	Uncounted  uint64  // messages with outcomes that no collector has counted
	DeadCount  int     // batches that came back too often
	RateNow    float64 // requests a second that are allowed now, to all workers together
	Trouble    Trouble // of the last worker that ended early; zero: none has
	ResultSize uint64  // bytes of the stream of results
}

// Status reads how far the work is. Only what a collector has counted is counted.
func (c *Cluster) Status(ctx context.Context) (Status, error) {
	var s Status
	counted, err := c.loadTally(ctx)
	if err != nil {
		return s, err
	}
	planned, err := load(ctx, c, planKey, plan{})
	if err != nil {
		return s, err
	}
	s.Target, s.List = planned.value.Target, planned.value.Fingerprint
	dead, err := c.buried(ctx, counted.value.tally)
	if err != nil {
		return s, err
	}
	s.Progress, _ = planned.value.progress(counted.value.tally, dead)
	s.DeadCount = len(dead)
	trouble, err := load(ctx, c, troubleKey, Trouble{})
	if err != nil {
		return s, err
	}
	s.Trouble = trouble.value
	allowed, err := load(ctx, c, quotaKey, pace{Limit: s.Rate})
	if err != nil {
		return s, err
	}
	clock := clock{}
	s.RateNow = allowed.value.rate(clock.now())
	return s, persist(ctx, func(ctx context.Context) error { return c.count(ctx, &s, counted.value.UpTo) })
}

// count reads what is in the streams.
func (c *Cluster) count(ctx context.Context, s *Status, upTo uint64) error {
	s.Waiting, s.UnderWay = 0, 0
	for _, stream := range []jetstream.Stream{c.work, c.again} {
		consumer, err := stream.Consumer(ctx, workerConsumer)
		if err != nil {
			return err
		}
		info := consumer.CachedInfo()
		s.Waiting += info.NumPending
		s.UnderWay += uint64(info.NumAckPending)
	}
	results, err := c.results.Info(ctx)
	if err != nil {
		return err
	}
	s.Uncounted, s.ResultSize = results.State.LastSeq-upTo, results.State.Bytes
	return nil
}

// progress is how far the work is by a count, and whether it is over.
func (c *Cluster) progress(ctx context.Context, t *tally) (p Progress, isOver bool, err error) {
	planned, err := load(ctx, c, planKey, plan{})
	if err != nil {
		return p, false, err
	}
	dead, err := c.buried(ctx, t)
	if err != nil {
		return p, false, err
	}
	p, isOver = planned.value.progress(t, dead)
	return p, isOver, nil
}

// progress is how far the plan is, by a count and the dead batches.
func (planned *plan) progress(t *tally, dead map[uint64]int) (p Progress, isOver bool) {
	p = Progress{Counts: t.Counts, Planned: planned.Files, Bad: planned.Bad, Complete: planned.Complete}
	ended := t.done.size()
	for number, files := range dead {
		if number > planned.Batches {
			continue // it was not planned
		}
		ended++
		p.Dead += int64(files)
		if part := t.Partial[number]; part != nil {
			p.Dead -= int64(part.Size - part.Left)
		}
	}
	p.Open = max(0, p.Planned-p.Accepted-p.Indexed-p.Failed-p.Dead)
	isOver = p.Complete && ended >= planned.Batches
	if isOver { // what is open is in dead batches that cannot be read
		p.Dead, p.Open = p.Dead+p.Open, 0
	}
	return p, isOver
}
