package natsbulk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// The defaults of Worker.
const (
	defaultConcurrency   = 32
	defaultMaxDeliveries = 10
)

// idleTime is how long a worker waits for a batch before it asks whether there will
// be any.
const idleTime = 2 * time.Second

// Worker says how one worker works. Its zero value is usable.
type Worker struct {
	// Bulk configures the engine. The names, Notification, UserData, Journal, SkipBad,
	// Rate and Pacer are the plan's and the cluster's, and stay empty. OnResult is
	// called when the outcome is stored. Concurrency is 32 where it is zero: a worker
	// has two batches more than that, and others wait for those of one that died.
	Bulk bulk.Config
	// MaxDeliveries is how often a batch may be given to workers without an outcome
	// coming back. Then it goes to the dead batches. Zero: 10.
	MaxDeliveries int
	// Stats is called once, when the work begins, with the statistics of the engine.
	Stats func(stats func() bulk.Stats)
}

// complete makes the configuration of the engine. The error is a
// *imm.ValidationError.
func (w Worker) complete() (Worker, error) {
	refuse := func(field, reason string) (Worker, error) { return w, refusal("Work", "Worker."+field, "%s", reason) }
	b := &w.Bulk
	switch {
	case b.ProjectName != "" || b.DatasetName != "" || b.Notification != (imm.Notification{}) || b.UserData != "":
		return refuse("Bulk", "it has a name, a notification or user data; leave them out, the plan has them")
	case b.Journal != nil:
		return refuse("Bulk.Journal", "there is one; leave it out, outcomes go to the stream of results")
	case b.Rate != 0 || b.Pacer != nil:
		return refuse("Bulk.Rate", "there is a rate or a pacer; leave it out, all workers share the rate of the plan")
	case w.MaxDeliveries < 0:
		return refuse("MaxDeliveries", "it is below zero; want how often a batch may come back, or 0 for 10")
	}
	if b.Concurrency == 0 {
		b.Concurrency = defaultConcurrency
	}
	if w.MaxDeliveries == 0 {
		w.MaxDeliveries = defaultMaxDeliveries
	}
	b.SkipBad = true
	return w, nil
}

// worker is one call of Work. It is the source and the journal of its engine.
type worker struct {
	cluster *Cluster
	config  Worker
	name    string
	batches chan *delivery
	stopped chan struct{} // closed when the engine sends no more
	stop    sync.Once
	deliveries
}

// Work sends batches until all that was planned is done: the list is planned to its
// end, and no worker has a batch any more. It waits for a plan, for batches and for
// servers that are away. The summary is of this worker alone.
//
// When ctx ends, or the service refuses all files, calls that are under way may end
// within the grace period of the engine, and what is not done goes to other workers
// soon. The same happens when the connection is closed. The error then is that of
// bulk.Indexer.RunSource. It is a
// *imm.ValidationError for a Worker that makes no sense.
//
// The client must not be throttled silently: make it with imm.WithObserver and
// Throttling of the cluster, so that throttling which the client repeats slows all
// workers, too.
func (c *Cluster) Work(ctx context.Context, client *imm.Client, config Worker) (bulk.Summary, error) {
	config, err := config.complete()
	if err != nil {
		return bulk.Summary{}, err
	}
	target, err := c.awaitPlan(ctx)
	if err != nil {
		return bulk.Summary{}, err
	}
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	var beside sync.WaitGroup
	defer beside.Wait()
	defer end()

	w := &worker{cluster: c, config: config, name: nats.NewInbox(), batches: make(chan *delivery), stopped: make(chan struct{})}
	config.Bulk.ProjectName, config.Bulk.DatasetName = target.ProjectName, target.DatasetName
	config.Bulk.Notification, config.Bulk.UserData = target.Notification, target.UserData
	config.Bulk.Journal = w
	config.Bulk.OnResult = w.watch(config.Bulk.OnResult)
	quota := newQuota(c, target.Rate)
	config.Bulk.Pacer = quota
	indexer, err := bulk.New(client, config.Bulk)
	if err != nil {
		return bulk.Summary{}, err
	}
	if config.Stats != nil {
		config.Stats(indexer.Stats)
	}
	beside.Go(func() { quota.run(working) })
	defer c.share(quota)()
	beside.Go(func() { w.hold(working, c.ackWait) })
	beside.Go(func() { c.watchConnection(working, cut) })
	summary, err := indexer.RunSource(ctx, w)
	w.giveBack()
	if err != nil && ctx.Err() == nil {
		c.noteTrouble(working, err)
	}
	return summary, err
}

// watchConnection ends the work when the connection does not come back, because it was
// closed or the servers refuse it: whatever waits for them would wait for ever.
func (c *Cluster) watchConnection(ctx context.Context, end func(cause error)) {
	for ; ctx.Err() == nil; rest(ctx, idleTime) {
		if c.js.Conn().IsClosed() {
			end(fmt.Errorf("natsbulk: %w", nats.ErrConnectionClosed))
			return
		}
	}
}

// watch sees that the engine has stopped by files that it did not send: it would not
// notice itself before the next file comes, and there may be none.
func (w *worker) watch(onResult func(context.Context, bulk.Result)) func(context.Context, bulk.Result) {
	return func(ctx context.Context, r bulk.Result) {
		if r.Status == bulk.Unsent {
			w.stop.Do(func() { close(w.stopped) })
		}
		if onResult != nil {
			onResult(ctx, r)
		}
	}
}

// awaitPlan waits until there is a plan.
func (c *Cluster) awaitPlan(ctx context.Context) (*Target, error) {
	for {
		found, err := load(ctx, c, planKey, plan{})
		if err != nil {
			return nil, err
		}
		if found.revision > 0 {
			return &found.value.Target, nil
		}
		if rest(ctx, idleTime); ctx.Err() != nil {
			return nil, fmt.Errorf("natsbulk: there is no plan yet: %w", ctx.Err())
		}
	}
}

// Fingerprint is for the journal that the worker is itself.
func (w *worker) Fingerprint(context.Context) (string, error) { return w.cluster.name, nil }

// Items yields the files of the batches that come.
func (w *worker) Items(ctx context.Context, _ string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		pulling, stop := context.WithCancel(ctx)
		var pulls sync.WaitGroup
		defer pulls.Wait()
		defer stop()
		over := make(chan struct{})
		for _, stream := range []jetstream.Stream{w.cluster.work, w.cluster.again} {
			pulls.Go(func() { w.pull(pulling, stream) })
		}
		pulls.Go(func() {
			defer close(over)
			w.cluster.awaitEnd(pulling)
		})
		for {
			select {
			case d := <-w.batches:
				if !d.yield(yield) {
					return
				}
			case <-over:
				return
			case <-w.stopped:
				return
			}
		}
	}
}

// awaitEnd returns when all that was planned is acknowledged, or ctx ends.
func (c *Cluster) awaitEnd(ctx context.Context) {
	for ctx.Err() == nil {
		if over, err := c.isOver(ctx); over && err == nil {
			return
		}
		rest(ctx, idleTime)
	}
}

func (c *Cluster) isOver(ctx context.Context) (bool, error) {
	found, err := load(ctx, c, planKey, plan{})
	if err != nil || !found.value.Complete {
		return false, err
	}
	work, err := c.work.Info(ctx)
	if err != nil {
		return false, err
	}
	again, err := c.again.Info(ctx)
	if err != nil {
		return false, err
	}
	return work.State.LastSeq >= found.value.Batches && work.State.Msgs == 0 && again.State.Msgs == 0, nil
}

// pull takes batches from a stream, one when the one before has gone to the engine,
// until ctx ends.
func (w *worker) pull(ctx context.Context, stream jetstream.Stream) {
	var consumer jetstream.Consumer
	for ctx.Err() == nil {
		if consumer == nil {
			found, err := stream.Consumer(ctx, workerConsumer)
			if err != nil {
				rest(ctx, awayPause)
				continue
			}
			consumer = found
		}
		waiting, cancel := context.WithTimeout(ctx, idleTime)
		msg, err := consumer.Next(jetstream.FetchContext(waiting))
		cancel()
		switch {
		case err == nil:
			w.take(ctx, msg)
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, jetstream.ErrNoMessages):
		default:
			consumer = nil
			rest(ctx, awayPause)
		}
	}
}

// take gives a message to the engine, unless it came too often or is no batch.
func (w *worker) take(ctx context.Context, msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		return // not from a stream
	}
	batch, err := decodeWork(msg.Data(), meta.Sequence.Stream)
	switch {
	case err != nil:
		batch = new(workBatch)
		if msg.Subject() == w.cluster.subject(workSubject) {
			batch.Number = meta.Sequence.Stream
		}
		w.bury(ctx, msg, batch, meta.NumDelivered+1, err.Error())
	case meta.NumDelivered > uint64(w.config.MaxDeliveries):
		w.bury(ctx, msg, batch, meta.NumDelivered, w.cluster.reasonOf(ctx, meta.NumDelivered-1))
	default:
		d := w.add(msg, batch)
		select {
		case w.batches <- d:
		case <-ctx.Done():
		}
	}
}
