package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
)

func (p *program) clusterWorkCommand() *cobra.Command {
	w := &clusterWorker{p: p, confirm: newChoice("none", "poll")}
	cmd := &cobra.Command{
		Use:   "work",
		Short: "Send what is planned in a cluster, until all of it is done",
		Long: `Send the batches that imm cluster plan has published, until all that was planned is
done. It waits for a plan, and for NATS servers that go away. Start it on as many
machines as you like; together they send no more requests a second than was planned.

A worker that is stopped gives its batches to others at once, and the batches of one
that is killed go to others after the --ack-wait of the plan.`,
		Example: `  imm cluster work --cluster nats://nats.example.com --creds imm.creds
  imm cluster work --cluster nats://nats.example.com --name 2026 --confirm poll`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if w.confirmWithin < 0 || w.confirmWithin > 0 && w.confirm.value == "none" {
				return usagef("--confirm-within is %v; want a time above 0, and --confirm poll beside it", w.confirmWithin)
			}
			if w.deliveries < 1 {
				return usagef("--max-deliveries is %d; want a number above 0", w.deliveries)
			}
			return p.inCluster(&w.at, awaits, w.run)(cmd, args)
		},
	}
	w.at.addFlags(cmd)
	flags := cmd.Flags()
	flags.Var(&w.confirm, "confirm", "learn the outcome of each file by `WAY`: "+w.confirm.list())
	flags.DurationVar(&w.confirmWithin, "confirm-within", 0, "give up waiting for an outcome after this `TIME` (default 1h)")
	flags.IntVar(&w.deliveries, "max-deliveries", maxDeliveries, "take a batch for dead that came back from workers `N` times without an outcome")
	completeChoice(cmd, "confirm", &w.confirm)
	return cmd
}

// clusterWorker is one call of imm cluster work.
type clusterWorker struct {
	p             *program
	at            clusterAt
	confirm       choice
	confirmWithin time.Duration
	deliveries    int
}

// maxDeliveries is how often a batch may come back. Each stop of a worker counts for
// what it gives back, so this is more than a library's user may want.
const maxDeliveries = 100

func (w *clusterWorker) run(ctx context.Context, c *openCluster) error {
	var screen *screen
	config := natsbulk.Worker{Bulk: w.engine(), MaxDeliveries: w.deliveries, Stats: func(stats func() bulk.Stats) {
		screen = w.p.follow(newMeter(stats))
		screen.begin()
	}}
	client, err := w.p.clusterClient(c)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	notice := context.AfterFunc(ctx, func() {
		w.p.note("Stopping: calls that are under way may end within 10 seconds. Interrupt again to stop at once.")
	})
	defer notice()
	begun := time.Now()
	summary, err := c.Work(ctx, client, config)
	if screen == nil {
		return err // there was no plan
	}
	screen.end()
	shown := indexSummary{
		Files: summary.Added - summary.Unsent, Accepted: summary.Accepted, Indexed: summary.Indexed, Failed: summary.Failed,
		Requests: summary.Requests, Throttled: summary.Throttled, Seconds: time.Since(begun).Seconds(),
		confirmed: w.confirm.value != "none",
	}
	if failed := one(w.p, shown, summaryFields); failed != nil {
		return failed
	}
	switch {
	case ctx.Err() != nil:
		return stoppedError{errors.New("stopped before the end; what this worker has not done, others do")}
	case err != nil:
		return stoppedError{fmt.Errorf("stopped before the end: %w", err)}
	case summary.Failed > 0:
		return failedf("%s of %s failed; imm cluster collect says which", grouped(summary.Failed), count(shown.Files, "file"))
	}
	return nil
}

// engine configures the engine of a worker.
func (w *clusterWorker) engine() bulk.Config {
	config := bulk.Config{ConfirmWithin: w.confirmWithin, RetryFor: retryFor, Observer: w.p.telemetry.bulkObserver()}
	if w.confirm.value == "poll" {
		config.Confirm = bulk.ByPolling
	}
	return config
}
