package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
)

// checkCluster refuses flags that do not go with --cluster, which is not there
// without a URL.
func (x *indexing) checkCluster() error {
	if x.cluster.servers == "" {
		return x.cluster.checkUnused()
	}
	_, isEmbedded := x.cluster.embedded()
	switch {
	case isEmbedded && x.journalPath == "" && !x.dryRun:
		return usagef("--cluster embedded needs --journal: the files of the server are beside it")
	case x.retryFailed:
		return usagef("--retry-failed sends the files of a journal alone; leave --cluster out")
	case x.confirm.value == "messages":
		return usagef("--confirm messages is for one process that gets all messages; with --cluster use --confirm poll")
	}
	return x.cluster.check()
}

// clusterFolder is where an embedded server keeps its files, and what says of the
// journal that it belongs to a cluster (see clusterMark), wherever the servers are.
func (x *indexing) clusterFolder() string { return x.journalPath + ".cluster" }

// runCluster plans the list, works and collects in this process. Others may join.
func (x *indexing) runCluster(ctx context.Context) error {
	work, err := x.open()
	if err != nil {
		return err
	}
	defer work.close()
	if work.journal != nil {
		if err := os.MkdirAll(x.clusterFolder(), 0o700); err != nil {
			return usagef("--journal: %w", err)
		}
	}
	c, err := x.p.openCluster(ctx, &x.cluster, x.clusterFolder(), makes)
	if err != nil {
		return err
	}
	defer c.close()
	if c.server != nil && c.server.URL() != "" {
		x.p.note("Others join with: imm cluster work --cluster %s", c.server.URL())
	}
	return clusterError(ctx, x.inOneProcess(ctx, c, work))
}

func (x *indexing) inOneProcess(ctx context.Context, c *openCluster, work *workList) error {
	client, err := x.p.clusterClient(c)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	before, err := c.Status(ctx)
	if err != nil {
		return err
	}
	target, err := x.clusterTarget(ctx, client, before)
	if err != nil {
		return err
	}
	goesOn, err := x.goesOn(ctx, before, work, target)
	if err != nil {
		return err
	}
	if goesOn {
		again, err := c.RetryDead(ctx)
		if err != nil {
			return err
		}
		if again > 0 {
			x.p.note("%s of batches that came back too often %s sent again.", count(again, "file"), plural(int64(again), "is", "are"))
		}
	}
	x.before = backlog{} // what the cluster has as failed is counted as of this run
	failures, err := newFailureList(x.failedPath, work.goesOn)
	if err != nil {
		return err
	}
	defer func() { _ = failures.end() }()

	shown := new(clusterProgress)
	meter := newMeter(shown.stats)
	screen := x.p.follow(meter)
	list := &askingSource{Source: work.source, indexing: x, work: work, meter: meter, screen: screen, agreed: x.markCluster}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var beside sync.WaitGroup
	beside.Go(func() {
		if err := c.Plan(running, list, target, true); err != nil {
			stop(err)
		}
	})
	worker := clusterWorker{p: x.p, confirm: x.confirm, confirmWithin: x.confirmWithin}
	var done bulk.Summary
	begun := time.Now()
	beside.Go(func() {
		var err error
		if done, err = c.Work(running, client, natsbulk.Worker{Bulk: worker.engine(), MaxDeliveries: maxDeliveries, Stats: shown.watch}); err != nil {
			stop(err)
		}
	})
	progress, err := c.Collect(running, shown.note(meter))
	if cause := context.Cause(running); err != nil && cause != nil {
		err = cause
	}
	stop(errors.New("all is done"))
	beside.Wait()
	list.end()
	screen.end()
	switch {
	case errors.Is(err, natsbulk.ErrOtherWork):
		return usagef("%w; %s starts over", err, x.clusterRemoval(c))
	case err != nil:
		progress = countRest(ctx, c, progress)
	}

	results := &resultWriter{p: x.p, screen: screen, failures: failures}
	summary := bulk.Summary{
		Added: progress.Planned, Accepted: progress.Accepted, Indexed: progress.Indexed, Failed: progress.Failed,
		Unsent: progress.Open + progress.Dead, Requests: done.Requests, Throttled: done.Throttled,
	}
	if err == nil {
		err = x.finishCluster(ctx, c, work, results, progress.Dead == 0)
	} else {
		results.note("the list of files that failed", failures.end())
	}
	if err == nil {
		c.awaitOthers(ctx)
	}
	if err == nil && progress.Planned == 0 {
		return usagef("%s", noFiles)
	}
	took := list.elapsed()
	if took == 0 { // the list was planned before
		took = time.Since(begun)
	}
	err = x.conclude(ctx, summary, took, results, err)
	if err == nil && progress.Dead > 0 {
		return failedf("%s of %s are in batches that came back too often; the same command sends them again",
			grouped(progress.Dead), count(progress.Planned, "file"))
	}
	return err
}

// clusterRemoval is what deletes the work.
func (x *indexing) clusterRemoval(c *openCluster) string {
	if c.server != nil {
		return "to remove the journal and " + x.clusterFolder()
	}
	return "imm cluster remove"
}

// countTime is how long a run that was stopped counts what is not counted yet.
const countTime = 5 * time.Second

// countRest counts what the workers have stored: without it the summary would say of
// files that were sent that they were not.
func countRest(ctx context.Context, c *openCluster, p natsbulk.Progress) natsbulk.Progress {
	counting, stop := context.WithTimeout(context.WithoutCancel(ctx), countTime)
	defer stop()
	for {
		status, err := c.Status(counting)
		if err != nil {
			return p
		}
		if p = status.Progress; status.Uncounted == 0 {
			return p
		}
		once, end := context.WithTimeout(counting, countTime/3)
		_, err = c.Collect(once, nil)
		end()
		if err != nil && once.Err() == nil {
			return p
		}
	}
}

// finishCluster writes what became of the files. The journal has it only when there is
// nothing that the same command would send again.
func (x *indexing) finishCluster(ctx context.Context, c *openCluster, work *workList, results *resultWriter, isFinal bool) error {
	if err := listFailed(ctx, c, results); err != nil {
		return err
	}
	if work.journal == nil || !isFinal {
		return nil
	}
	return c.Export(ctx, work.journal)
}

// goesOn reports whether the cluster is at work on this list, and its end is not in
// the journal yet. It refuses a journal of another list, and one that a run without a
// cluster has begun: nobody would know what of it is done.
func (x *indexing) goesOn(ctx context.Context, before natsbulk.Status, work *workList, target natsbulk.Target) (bool, error) {
	fingerprint, err := natsbulk.Fingerprint(ctx, work.source, target)
	if err != nil {
		return false, err
	}
	if work.journal == nil {
		return before.List == fingerprint, nil
	}
	after, done, err := work.journal.Resume(ctx, fingerprint)
	if err != nil {
		return false, asUsage(err)
	}
	if isNew := before.Planned == 0 && !before.Complete; isNew && (after != "" || len(done) > 0) {
		return false, usagef("--journal: %s has files as done that this work does not know: it was begun without --cluster or by another --name, or %s is not the one that it was begun with; go on as it was begun, or use another file",
			x.journalPath, x.clusterFolder())
	}
	return before.List == fingerprint && after == "", nil
}

// clusterMark is the file that says that a cluster has begun to do the list.
func (x *indexing) clusterMark() string { return filepath.Join(x.clusterFolder(), "begun") }

func (x *indexing) markCluster() error {
	if x.journalPath == "" {
		return nil
	}
	if err := os.WriteFile(x.clusterMark(), nil, 0o600); err != nil {
		return usagef("--journal: %w", err)
	}
	return nil
}

// isInCluster refuses to go on without a cluster where that has done a part of the
// list and has not written it into the journal yet.
func (x *indexing) isInCluster(ctx context.Context, work *workList) error {
	if info, _ := os.Stat(x.clusterMark()); work.journal == nil || info == nil {
		return nil
	}
	begun := usagef("--journal: %s was begun with --cluster, and only that knows what is done; go on with it, or remove the journal and %s to start over",
		x.journalPath, x.clusterFolder())
	if x.retryFailed {
		if x.before.isEmpty() {
			return begun
		}
		return nil
	}
	fingerprint, err := natsbulk.Fingerprint(ctx, work.source, natsbulk.Target{ProjectName: x.at.project, DatasetName: x.at.dataset})
	if err != nil {
		return err
	}
	after, done, err := work.journal.Resume(ctx, fingerprint)
	if err == nil && after == "" && len(done) == 0 {
		return begun
	}
	return nil // an error of the journal is the engine's to tell
}
