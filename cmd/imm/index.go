package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

func (p *program) indexCommand() *cobra.Command {
	x := &indexing{listing: newListing(p), confirm: newChoice("none", "messages", "poll")}
	cmd := &cobra.Command{
		Use:   "index URI...|--from FILE",
		Short: "Index files, from one to any number of them",
		Long: `Index files: hand them to the service, which reads their metadata into the dataset.
Each file costs money, so the command counts them and asks before it begins.

` + listsHelp + `

Accepted does not mean indexed. --confirm poll asks the dataset until every file is
indexed or has failed, which costs requests; --confirm messages takes the outcomes
from a queue of MNS that is subscribed to --topic.

With --journal a run that was stopped goes on where it was, by the same command, and
--retry-failed sends again what failed. Files that failed are also written to a file
that --from takes.

With --cluster the list goes through NATS, and workers on other machines can help; imm
cluster --help says how. --cluster embedded has a server in this process, whose files
are beside the journal, and --cluster embedded://127.0.0.1:4222 one that other
processes of this machine can join.

Exit codes: 0 every file of the list was accepted, or indexed where that is
confirmed, by this run or an earlier one; 1 some were not, and are in that file or in
the journal; 2 nothing was sent, because the command line, the list, the journal or
the dataset is wrong, or because nobody can be asked and --yes is missing; 3 stopped
before the end, or the answer was not yes.`,
		Example: `  imm index -p photos -d all oss://my-bucket/cat.jpg oss://my-bucket/dog.jpg --label category=Pets
  imm index -p photos -d all --from uris.txt --journal uris.journal --confirm poll
  imm index -p photos -d all --from report/2026-11-25T00-00Z/manifest.json --yes --rate 50
  imm index -p photos -d all --from files.csv --dry-run
  imm index -p photos -d all --journal uris.journal --retry-failed
  imm index -p photos -d all --from uris.txt --journal uris.journal --cluster embedded://127.0.0.1:4222
  imm index -p photos -d all --from uris.txt --confirm messages --topic imm-done --queue imm-done \
      --queue-endpoint https://1234567890123456.mns.cn-hangzhou.aliyuncs.com`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			x.uris = args
			if cmd.Flags().Changed("cluster") && x.cluster.servers == "" {
				return usagef("--cluster is empty; want the URL of the NATS servers or embedded, or leave it out")
			}
			if err := x.check(); err != nil {
				return err
			}
			if cmd.Flags().Changed("rate") && x.rate == 0 {
				return usagef("--rate is 0; want a number of requests a second above 0, or leave it out for what the project allows")
			}
			if x.dryRun {
				return x.count(cmd.Context())
			}
			if err := x.at.check(); err != nil {
				return err
			}
			if x.cluster.servers != "" {
				return x.runCluster(cmd.Context())
			}
			return p.call(x.run)(cmd, args)
		},
	}
	x.at.addFlags(cmd)
	x.cluster.addFlags(cmd)
	p.addYesFlag(cmd)
	x.addFlags(cmd)
	flags := cmd.Flags()
	flags.Var(x.labels, "label", "label for all files as `KEY=VALUE`; one that a file has in the list stays (repeatable)")
	flags.StringVar(&x.journalPath, "journal", "", "`FILE` that remembers what is done, so that the same command goes on after a stop")
	flags.BoolVar(&x.retryFailed, "retry-failed", false, "send the files again that --journal has as failed")
	flags.StringVar(&x.failedPath, "failed", "", "`FILE` to write what failed to (default imm-TIME.failed.jsonl, if anything does)")
	flags.Float64Var(&x.rate, "rate", 0, "send at most `N` requests a second, each of up to 100 files (default what the project allows)")
	flags.Var(&x.confirm, "confirm", "learn the outcome of each file by `WAY`: "+x.confirm.list())
	flags.DurationVar(&x.confirmWithin, "confirm-within", 0, "give up waiting for an outcome after this `TIME` (default 1h)")
	flags.StringVar(&x.topic, "topic", "", "`NAME` of the MNS topic to which the service sends the outcomes")
	flags.StringVar(&x.queue, "queue", "", "`NAME` of the MNS queue that is subscribed to the topic, for --confirm messages")
	flags.StringVar(&x.queueEndpoint, "queue-endpoint", "", "`URL` of MNS for the account of the queue")
	flags.BoolVar(&x.dryRun, "dry-run", false, "read the list, count the files and say what is wrong with it; send nothing")
	completeChoice(cmd, "confirm", &x.confirm)
	return cmd
}

const noFiles = "there is no file to index in the list"

// indexing is one call of imm index.
type indexing struct {
	listing

	at                          target
	cluster                     clusterAt // without servers: none
	confirm                     choice
	journalPath, failedPath     string
	retryFailed, dryRun         bool
	rate                        float64
	confirmWithin               time.Duration
	topic, queue, queueEndpoint string

	missing bool    // the service says that there is no such project or dataset
	warning string  // about the dataset; empty: none
	before  backlog // what the journal has as failed when the run begins
}

// check refuses flags that do not go together, before anything is done.
func (x *indexing) check() error {
	switch {
	case x.retryFailed && x.journalPath == "":
		return usagef("--retry-failed needs --journal, which has the files that failed")
	case x.retryFailed && (len(x.uris) > 0 || x.from != ""):
		return usagef("--retry-failed takes its files from the journal; leave the others out")
	case len(x.uris) > 0 && x.from != "":
		return usagef("there are URIs and --from; use one of the two")
	case len(x.uris) == 0 && x.from == "" && !x.retryFailed:
		return usagef("no files are named; add URIs, such as oss://my-bucket/cat.jpg, or --from with a file of them")
	case x.format.value != auto && x.from == "":
		return usagef("--format is about the list of --from, which is missing")
	case !(x.rate >= 0) || x.rate > 1e6:
		return usagef("--rate is %v; want a number of requests a second above 0", x.rate)
	case x.confirm.value == "messages" && (x.topic == "" || x.queue == "" || x.queueEndpoint == ""):
		return usagef("--confirm messages needs --topic, --queue and --queue-endpoint; without a queue use --confirm poll")
	case x.confirmWithin < 0, x.confirmWithin > 0 && x.confirm.value == "none":
		return usagef("--confirm-within is %v; want a time above 0, and --confirm poll or messages beside it", x.confirmWithin)
	case x.confirm.value != "messages" && (x.queue != "" || x.queueEndpoint != ""):
		return usagef("--queue and --queue-endpoint are for --confirm messages")
	}
	if err := x.checkCluster(); err != nil {
		return err
	}
	return x.p.checkFiles(x.uris, x.labels)
}

// run indexes the files.
func (x *indexing) run(ctx context.Context, client *imm.Client, _ []string) error {
	config := bulk.Config{
		ProjectName: x.at.project, DatasetName: x.at.dataset, Rate: x.rate, SkipBad: true,
		Notification: imm.Notification{MNS: imm.MNS{TopicName: x.topic}},
		RetryFor:     retryFor,
		Observer:     x.p.telemetry.bulkObserver(),
	}
	work, err := x.open()
	if err != nil {
		return err
	}
	defer work.close()
	if err := x.reach(ctx, client); err != nil {
		return err
	}
	if err := x.isInCluster(ctx, work); err != nil {
		return err
	}
	config.Journal = work.rememberer()
	failures, err := newFailureList(x.failedPath, work.goesOn)
	if err != nil {
		return err
	}
	defer func() { _ = failures.end() }() // where the run did not begin
	running, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	confirming, err := x.confirmation(ctx, &config, giveUp)
	if err != nil {
		return err
	}
	defer confirming()
	results := &resultWriter{p: x.p, failures: failures}
	config.OnResult = results.write
	indexer, err := bulk.New(client, config)
	if err != nil {
		return err
	}

	meter := newMeter(indexer.Stats)
	screen := x.p.follow(meter)
	results.screen = screen
	notice := context.AfterFunc(ctx, func() {
		screen.say("Stopping: calls that are under way may end within 10 seconds. Interrupt again to stop at once.")
	})
	defer notice()
	list := &askingSource{Source: work.source, indexing: x, work: work, meter: meter, screen: screen}
	summary, err := indexer.RunSource(running, list)
	list.end()
	screen.end()
	results.note("the list of files that failed", failures.end())
	if err == nil && summary.Added+summary.Skipped == 0 && !list.resumed && !x.retryFailed {
		return usagef("%s", noFiles)
	}
	if x.p.yes && list.blanks.files > 1 { // the first was told when it came
		x.p.notes(list.blanks.sentence())
	}
	if err == nil && summary.Added == 0 && list.resumed {
		x.p.note("Nothing is left to do: the journal has every file of the list as done.")
	}
	return x.conclude(ctx, summary, list.elapsed(), results, err)
}
