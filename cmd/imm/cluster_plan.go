package main

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/natsbulk"
)

func (p *program) clusterPlanCommand() *cobra.Command {
	x := &indexing{listing: newListing(p), confirm: newChoice("none")}
	var at clusterAt
	cmd := &cobra.Command{
		Use:   "plan URI...|--from FILE",
		Short: "Read a list and publish its files to the workers of a cluster",
		Long: `Read a list and publish its files in batches, which workers send. Each file costs
money, so the command counts them and asks before it begins.

` + listsHelp + `

The planner stops while as many batches wait as --work-batches says, and goes on when
workers have made room. The same command goes on where it was stopped, anywhere; only
--rate may be another one, which the workers then follow.`,
		Example: `  imm cluster plan --cluster nats://nats.example.com -p photos -d all --from uris.txt
  imm cluster plan --cluster nats://nats.example.com --name 2026 -p photos -d all --from manifest.json --rate 80 --yes`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			x.uris = args
			if err := x.check(); err != nil {
				return err
			}
			if cmd.Flags().Changed("rate") && x.rate == 0 {
				return usagef("--rate is 0; want a number of requests a second above 0, or leave it out for what the project allows")
			}
			if err := x.at.check(); err != nil {
				return err
			}
			return p.inCluster(&at, makes, x.plan)(cmd, args)
		},
	}
	x.at.addFlags(cmd)
	p.addYesFlag(cmd)
	at.addFlags(cmd)
	at.addLimitFlags(cmd)
	x.addFlags(cmd)
	flags := cmd.Flags()
	flags.Var(x.labels, "label", "label for all files as `KEY=VALUE`; one that a file has in the list stays (repeatable)")
	flags.Float64Var(&x.rate, "rate", 0, "let all workers together send at most `N` requests a second (default what the project allows)")
	flags.StringVar(&x.topic, "topic", "", "`NAME` of the MNS topic to which the service sends the outcomes")
	return cmd
}

// plan plans the list.
func (x *indexing) plan(ctx context.Context, c *openCluster) error {
	client, err := x.p.connect()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	work, err := x.open()
	if err != nil {
		return err
	}
	defer work.close()
	before, err := c.Status(ctx)
	if err != nil {
		return err
	}
	target, err := x.clusterTarget(ctx, client, before)
	if err != nil {
		return err
	}
	source := &countedSource{Source: work.source}
	meter := newMeter(source.stats)
	screen := x.p.follow(meter)
	list := &askingSource{Source: source, indexing: x, work: work, meter: meter, screen: screen}
	err = c.Plan(ctx, list, target, true)
	list.end()
	screen.end()
	if err != nil {
		return err
	}
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if status.Planned == 0 {
		return usagef("%s", noFiles)
	}
	return showStatus(x.p, status, "")
}

func (x *indexing) clusterTarget(ctx context.Context, client *imm.Client, before natsbulk.Status) (natsbulk.Target, error) {
	target := natsbulk.Target{
		ProjectName: x.at.project, DatasetName: x.at.dataset,
		Notification: imm.Notification{MNS: imm.MNS{TopicName: x.topic}},
	}
	err := x.reach(ctx, client)
	if err == nil {
		if x.missing { // the workers would find out later, each for itself
			x.warning = fmt.Sprintf("Warning: there is no dataset %s in project %s. Workers will fail where that stays so.", target.DatasetName, target.ProjectName)
		}
		target.Rate, err = x.clusterRate(ctx, client, before)
	}
	return target, err
}

// countedSource counts what is read of a list.
type countedSource struct {
	bulk.Source

	read atomic.Int64
}

// Items is that of the list.
func (s *countedSource) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		for item, err := range s.Source.Items(ctx, after) {
			s.read.Add(1)
			if !yield(item, err) {
				return
			}
		}
	}
}

// stats has a file as done when it is planned.
func (s *countedSource) stats() bulk.Stats {
	read := s.read.Load()
	return bulk.Stats{Summary: bulk.Summary{Added: read, Accepted: read}}
}
