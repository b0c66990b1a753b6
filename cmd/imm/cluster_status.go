package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm/bulk/natsbulk"
)

func (p *program) clusterStatusCommand() *cobra.Command {
	var at clusterAt
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show how far the work of a cluster is",
		Example: `  imm cluster status --cluster nats://nats.example.com --creds imm.creds -o json`,
		Args:    cobra.NoArgs,
		RunE: p.inCluster(&at, finds, func(ctx context.Context, c *openCluster) error {
			status, err := c.Status(ctx)
			if err != nil {
				return err
			}
			if err := showStatus(p, status, ""); err != nil {
				return err
			}
			for dead, err := range c.Dead(ctx) {
				if err != nil {
					return err
				}
				p.note("Batch %d with %s is dead: %s", dead.Number, count(len(dead.Files), "file"), dead.Reason)
			}
			return nil
		}),
	}
	at.addFlags(cmd)
	return cmd
}

func (p *program) clusterRetryDeadCommand() *cobra.Command {
	var at clusterAt
	cmd := &cobra.Command{
		Use:   "retry-dead",
		Short: "Give batches that came back too often to the workers again",
		Long: `Give the batches that came back from workers too often, without an outcome, to the
workers again. imm cluster status says which there are, and why.`,
		Example: `  imm cluster retry-dead --cluster nats://nats.example.com --creds imm.creds`,
		Args:    cobra.NoArgs,
		RunE: p.inCluster(&at, finds, func(ctx context.Context, c *openCluster) error {
			files, err := c.RetryDead(ctx)
			if err != nil {
				return err
			}
			given := struct{ Files int }{files}
			return p.done(given, "%s given to the workers again.", count(files, "file"))
		}),
	}
	at.addFlags(cmd)
	return cmd
}

// clusterStatus is how far a cluster is, as it is shown.
type clusterStatus struct {
	Project     string  `json:"ProjectName"`
	Dataset     string  `json:"DatasetName"`
	Planned     int64   `json:"Planned"`
	Complete    bool    `json:"Complete"` // the list is planned to its end
	Accepted    int64   `json:"Accepted"`
	Indexed     int64   `json:"Indexed"`
	Failed      int64   `json:"Failed"`
	Dead        int64   `json:"Dead"`
	Open        int64   `json:"Open"`
	Twice       int64   `json:"Twice"`
	Waiting     uint64  `json:"WaitingBatches"`
	UnderWay    uint64  `json:"BatchesUnderWay"`
	Uncounted   uint64  `json:"UncountedMessages"` // with outcomes that no collector has counted
	Rate        float64 `json:"Rate"`
	RateNow     float64 `json:"RateNow"`
	Trouble     string  `json:"Trouble,omitzero"`
	TroubleTime string  `json:"TroubleTime,omitzero"`
	FailedIn    string  `json:"FailedIn,omitzero"` // the file that lists them
}

var statusFields = []column[clusterStatus]{
	{"Project", func(s clusterStatus) string { return s.Project }},
	{"Dataset", func(s clusterStatus) string { return s.Dataset }},
	{"Planned", func(s clusterStatus) string {
		if s.Complete {
			return grouped(s.Planned)
		}
		return grouped(s.Planned) + " so far"
	}},
	{"Accepted", func(s clusterStatus) string { return grouped(s.Accepted) }},
	{"Indexed", func(s clusterStatus) string { return unlessZero(s.Indexed) }},
	{"Failed", func(s clusterStatus) string { return grouped(s.Failed) }},
	{"Failed files", func(s clusterStatus) string { return s.FailedIn }},
	{"In dead batches", func(s clusterStatus) string { return unlessZero(s.Dead) }},
	{"Open", func(s clusterStatus) string { return unlessZero(s.Open) }},
	{"Sent twice", func(s clusterStatus) string { return unlessZero(s.Twice) }},
	{"Batches waiting", func(s clusterStatus) string { return unlessZero(int64(s.Waiting)) }},
	{"Batches under way", func(s clusterStatus) string { return unlessZero(int64(s.UnderWay)) }},
	{"Messages to count", func(s clusterStatus) string { return unlessZero(int64(s.Uncounted)) }},
	{"Requests a second", func(s clusterStatus) string {
		if s.Rate == 0 {
			return ""
		}
		return "at most " + strconv.FormatFloat(s.Rate, 'f', -1, 64) + ", now " + strconv.FormatFloat(s.RateNow, 'f', 0, 64)
	}},
	{"A worker ended early", func(s clusterStatus) string { return short(s.Trouble) }},
	{"At", func(s clusterStatus) string { return s.TroubleTime }},
}

func showStatus(p *program, s natsbulk.Status, failedIn string) error {
	shown := clusterStatus{
		Project: s.ProjectName, Dataset: s.DatasetName, Planned: s.Planned, Complete: s.Complete,
		Accepted: s.Accepted, Indexed: s.Indexed, Failed: s.Failed, Dead: s.Dead, Open: s.Open, Twice: s.Twice,
		Waiting: s.Waiting, UnderWay: s.UnderWay, Uncounted: s.Uncounted, Rate: s.Rate, RateNow: s.RateNow, Trouble: s.Trouble.Error, FailedIn: failedIn,
	}
	if !s.Trouble.Time.IsZero() {
		shown.TroubleTime = s.Trouble.Time.Format(time.RFC3339)
	}
	return one(p, shown, statusFields)
}

// mostTrouble is how much of an error of another process a table shows, in characters.
const mostTrouble = 200

func short(text string) string {
	if shown := []rune(text); len(shown) > mostTrouble {
		return string(shown[:mostTrouble]) + "… (-o json has all of it)"
	}
	return text
}

func (p *program) clusterRemoveCommand() *cobra.Command {
	var at clusterAt
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Delete the work of a cluster: its plan, what waits and all outcomes",
		Long: `Delete the work of a cluster from the NATS servers: its plan, the batches that wait,
and the outcomes with the files that failed. What is indexed stays. Stop the planner,
workers and collectors before.`,
		Example: `  imm cluster remove --cluster nats://nats.example.com --creds imm.creds --name 2026`,
		Args:    cobra.NoArgs,
		RunE: p.inCluster(&at, finds, func(ctx context.Context, c *openCluster) error {
			status, err := c.Status(ctx)
			if err != nil {
				return err
			}
			open := ""
			if status.Open > 0 {
				open = fmt.Sprintf("%s of them have no outcome yet.", count(status.Open, "file"))
			}
			question := sentences(fmt.Sprintf("The work %s with %s is going to be deleted.", at.work(), count(status.Planned, "file")), open)
			if err := p.confirm(ctx, question); err != nil {
				return err
			}
			if err := c.Remove(ctx); err != nil {
				return err
			}
			removed := struct{ Name string }{at.work()}
			return p.done(removed, "The work %s is deleted.", at.work())
		}),
	}
	at.addFlags(cmd)
	p.addYesFlag(cmd)
	return cmd
}
