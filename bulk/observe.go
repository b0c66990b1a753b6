package bulk

import (
	"cmp"
	"context"
	"time"

	"github.com/imm-go/imm"
)

// Observer holds functions that an Indexer calls as its run goes on: enough for
// spans and metrics. Fields that are nil are skipped. The functions hold the run
// up for as long as they take, and must be safe for concurrent use, because
// batches are sent at the same time. They must not call Add, Flush or Close.
//
// A function that returns a context makes it of the one that it got; nil keeps
// that one.
type Observer struct {
	// RunStart is called once, before the first file goes in. The context is that of
	// Run, RunSource or Results, and has no values where files come by Add alone.
	// That which it returns is the one of the batches, of the journal and of
	// OnResult.
	RunStart func(context.Context, RunInfo) context.Context
	// BatchStart is called before each call of BatchIndexFileMeta, and the call goes
	// on with the context that it returns.
	BatchStart func(context.Context, BatchInfo) context.Context
	// BatchDone is called at the end of each of these calls.
	BatchDone func(context.Context, BatchResult)
	// Reported is called with outcomes that are final, each of them once, after the
	// journal has them and before OnResult does. The slice is only lent.
	Reported func(context.Context, []Result)
	// RunDone is called once if RunStart would have been, after the last outcome was
	// reported.
	RunDone func(context.Context, RunResult)
}

// RunInfo describes a run that begins.
type RunInfo struct {
	ProjectName string
	DatasetName string
	Stats       func() Stats // as Indexer.Stats, for as long as somebody wants to know
}

// RunResult describes a run that is over.
type RunResult struct {
	Summary

	Err error // why the run was stopped before its end; nil: it was not
}

// BatchInfo describes a call that is about to be made.
type BatchInfo struct {
	ProjectName string
	DatasetName string
	Files       []imm.InputFile // only lent, and not to be changed
}

// BatchResult describes a call that ended.
type BatchResult struct {
	Files     int
	Requests  int // that were sent, with the repeats of the client; 0 if the client refused the batch
	Duration  time.Duration
	RequestID string // of the answer; may be empty
	EventID   string // likewise
	Err       error  // nil if the batch was accepted; the files may go again in another batch
}

// observeStart begins the run, unless it has begun: the observer learns of it, and
// all that is done goes on with the values of its context.
func (x *Indexer) observeStart(ctx context.Context) {
	x.started.Do(func() {
		x.mu.Lock()
		over := x.phase == phaseOver
		x.mu.Unlock()
		if over {
			return
		}
		observed := ctx
		if start := x.config.Observer.RunStart; start != nil {
			observed = orElse(start(ctx, RunInfo{ProjectName: x.config.ProjectName, DatasetName: x.config.DatasetName, Stats: x.Stats}), ctx)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		x.endAll()
		x.setContext(observed)
		x.observed = context.WithoutCancel(observed)
	})
}

// observeDone ends what observeStart began.
func (x *Indexer) observeDone(summary Summary, err error) {
	x.started.Do(func() {}) // waits for a RunStart that is being called
	if x.observed != nil && x.config.Observer.RunDone != nil {
		x.config.Observer.RunDone(x.observed, RunResult{Summary: summary, Err: err})
	}
}

func (x *Indexer) observeBatchStart(ctx context.Context, files []imm.InputFile) context.Context {
	start := x.config.Observer.BatchStart
	if start == nil {
		return ctx
	}
	return orElse(start(ctx, BatchInfo{ProjectName: x.config.ProjectName, DatasetName: x.config.DatasetName, Files: files}), ctx)
}

func (x *Indexer) observeBatchDone(ctx context.Context, files int, a *answer) {
	if done := x.config.Observer.BatchDone; done != nil {
		done(ctx, BatchResult{
			Files: files, Requests: a.sent, Duration: time.Since(a.begun),
			RequestID: cmp.Or(a.requestID, requestIDOf(a.err)), EventID: a.eventID, Err: a.err,
		})
	}
}

func (x *Indexer) observeResults(results []Result) {
	if reported := x.config.Observer.Reported; reported != nil && len(results) > 0 {
		reported(x.records, results)
	}
}

func orElse(ctx, other context.Context) context.Context {
	if ctx == nil {
		return other
	}
	return ctx
}
