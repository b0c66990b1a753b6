package main

import (
	"context"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/boltjournal"
	"github.com/imm-go/imm/bulk/natsbulk"
)

func (p *program) clusterCollectCommand() *cobra.Command {
	var at clusterAt
	var journalPath, failedPath string
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Count what became of the files of a cluster, until each has an outcome",
		Long: `Count the outcomes that workers have stored, until every file that was planned has
one, and write a list of the files that failed, which --from takes. What was counted
is kept in the cluster, so the command can be stopped and goes on anywhere. Workers
wait when nobody collects for long.

With --journal the outcome is written into a journal in the end: with it, imm index of
the same list finds everything done, and --retry-failed sends again what failed.

Exit codes: 0 every file was accepted, or indexed where the workers confirm that; 1
some were not; 3 stopped before the end.`,
		Example: `  imm cluster collect --cluster nats://nats.example.com --creds imm.creds
  imm cluster collect --cluster nats://nats.example.com --journal uris.journal --failed failed.jsonl`,
		Args: cobra.NoArgs,
		RunE: p.inCluster(&at, awaits, func(ctx context.Context, c *openCluster) error {
			return p.collect(ctx, c, journalPath, failedPath)
		}),
	}
	at.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&journalPath, "journal", "", "`FILE` to write a journal to, or one of the same list")
	flags.StringVar(&failedPath, "failed", "", "`FILE` to write what failed to (default imm-TIME.failed.jsonl, if anything does)")
	return cmd
}

func (p *program) collect(ctx context.Context, c *openCluster, journalPath, failedPath string) error {
	failures, err := newFailureList(failedPath, false)
	if err != nil {
		return err
	}
	defer func() { _ = failures.end() }()
	var journal *boltjournal.Journal
	if journalPath != "" {
		if journal, err = boltjournal.Open(journalPath); err != nil {
			return usagef("--journal: %w", err)
		}
		defer func() { _ = journal.Close() }()
	}
	shown := new(clusterProgress)
	meter := newMeter(shown.stats)
	screen := p.follow(meter)
	screen.begin()
	_, err = c.Collect(ctx, shown.note(meter))
	screen.end()
	if err != nil {
		return err
	}
	results := &resultWriter{p: p, screen: screen, failures: failures}
	if err := listFailed(ctx, c, results); err != nil {
		return err
	}
	if journal != nil {
		if err := c.Export(ctx, journal); err != nil {
			return asMistake(err)
		}
	}
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if err := showStatus(p, status, failures.path); err != nil {
		return err
	}
	return clusterOutcome(status, results)
}

// listFailed writes the list of the files that failed.
func listFailed(ctx context.Context, c *openCluster, results *resultWriter) error {
	for r, err := range c.Failed(ctx) {
		if err != nil {
			return err
		}
		if r.Status == bulk.Unsent {
			r.Status = bulk.Failed // in a dead batch
		}
		results.write(ctx, r)
	}
	results.note("the list of files that failed", results.failures.end())
	return nil
}

// clusterOutcome is the error of work that is done.
func clusterOutcome(s natsbulk.Status, results *resultWriter) error {
	why := ""
	if path := results.failures.path; path != "" {
		why = "; " + path + " says why"
	}
	switch {
	case results.failed != nil:
		return results.failed
	case s.Dead > 0:
		return failedf("%s of %s are in batches that came back too often%s; imm cluster retry-dead gives them to workers again", grouped(s.Dead), count(s.Planned, "file"), why)
	case s.Failed > 0:
		return failedf("%s of %s failed%s", grouped(s.Failed), count(s.Planned, "file"), why)
	case s.Unconfirmed > 0:
		return failedf("%s of %s were accepted, and whether they are indexed did not become known%s", grouped(s.Unconfirmed), count(s.Planned, "file"), why)
	}
	return nil
}

// clusterProgress is the progress of a cluster as that of a run.
type clusterProgress struct {
	last   atomic.Pointer[natsbulk.Progress]
	worker atomic.Pointer[func() bulk.Stats] // of this process; nil: it has none
}

// watch adds the requests of the worker in this process.
func (c *clusterProgress) watch(stats func() bulk.Stats) { c.worker.Store(&stats) }

func (c *clusterProgress) note(meter *meter) func(natsbulk.Progress) {
	return func(p natsbulk.Progress) {
		c.last.Store(&p)
		if p.Complete {
			meter.expect(p.Planned)
		}
	}
}

func (c *clusterProgress) stats() bulk.Stats {
	var s bulk.Stats
	if worker := c.worker.Load(); worker != nil {
		s = (*worker)()
	}
	p := c.last.Load()
	if p == nil {
		p = new(natsbulk.Progress)
	}
	s.Added, s.Accepted, s.Indexed, s.Failed, s.Unsent = p.Planned, p.Accepted, p.Indexed, p.Failed, p.Dead
	s.Open = p.Open
	return s
}
