package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

// patience is how long one check may take.
const patience = 15 * time.Second

func (p *program) doctorCommand() *cobra.Command {
	var at target
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check region, network, clock, keys and permissions, and say what to fix",
		Long: `Check what imm needs: the region, the endpoint and the network, the clock, the keys
and what they may do, and with --project and --dataset whether these exist and have
a workflow template. Nothing is changed, nothing is charged, and no secret is shown.
The exit code is 1 if something is wrong.`,
		Example: "  imm doctor --region cn-hangzhou\n  imm doctor --project photos --dataset all",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if at.dataset != "" {
				if err := at.checkProject(); err != nil {
					return err
				}
			}
			return p.doctor(cmd.Context(), at)
		},
	}
	at.addFlags(cmd)
	return cmd
}

// verdict is how a check ended.
type verdict string

const (
	healthy verdict = "ok"
	warned  verdict = "warning" // it works, or may work
	sick    verdict = "wrong"
	skipped verdict = "skipped" // because of what is wrong before it
)

// finding is what one check found.
type finding struct {
	Check   string  `json:"Check"`
	Verdict verdict `json:"Verdict"`
	Detail  string  `json:"Detail"`
	Fix     string  `json:"Fix,omitzero"` // what to do
}

// doctor runs the checks one after the other, because each needs what those before
// it found. A finding is shown when it is made.
func (p *program) doctor(ctx context.Context, at target) error {
	wrong := 0
	findings := func(yield func(finding, error) bool) {
		for f := range p.examine(ctx, at) {
			if ctx.Err() != nil {
				yield(finding{}, ctx.Err())
				return
			}
			if f.Verdict == sick {
				wrong++
			}
			if !yield(f, nil) {
				return
			}
		}
	}
	if err := p.showFindings(findings); err != nil {
		return err
	}
	if wrong > 0 {
		return failedf("%s found", count(wrong, "problem"))
	}
	return nil
}

func (p *program) showFindings(findings iter.Seq2[finding, error]) error {
	if p.output.value != "table" {
		return list(p, findings, nil, "")
	}
	for f, err := range findings {
		if err == nil {
			err = p.showFinding(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *program) showFinding(f finding) error {
	var lines []string
	for line := range strings.SplitSeq(f.Detail, "\n") {
		lines = append(lines, printable(line))
	}
	const indent = "                      "
	text := fmt.Sprintf("%-8s %-12s %s\n", f.Verdict, f.Check, strings.Join(lines, "\n"+indent))
	if f.Fix != "" {
		text += indent + "To fix it: " + printable(f.Fix) + "\n"
	}
	_, err := fmt.Fprint(p.out, text)
	return err
}

// examine makes the findings.
func (p *program) examine(ctx context.Context, at target) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		base, f := p.checkRegion()
		blocked := "" // why the service cannot be asked
		if f.Verdict == sick {
			blocked = "without a region there is no endpoint to ask"
		}
		if !yield(f) {
			return
		}
		for f := range p.checkEndpoint(ctx, base) {
			if f.Check == endpointCheck && f.Verdict == sick {
				blocked = "the endpoint does not answer"
			}
			if !yield(f) {
				return
			}
		}
		creds, f := p.checkCredentials(ctx)
		if creds == nil && blocked == "" {
			blocked = "there are no keys"
		}
		if !yield(f) {
			return
		}
		for f := range p.checkService(ctx, creds, blocked, at) {
			if !yield(f) {
				return
			}
		}
	}
}

// checkService asks the service itself, unless something is in the way.
func (p *program) checkService(ctx context.Context, creds imm.CredentialsProvider, blocked string, at target) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		var client *imm.Client
		if blocked == "" {
			var err error
			client, err = p.connectWith(creds, imm.WithRetry(imm.RetryPolicy{MaxAttempts: 2, AttemptTimeout: patience}))
			if err != nil {
				blocked = err.Error()
			}
		}
		if blocked != "" {
			names := []string{"permission"}
			if at.project != "" {
				names = append(names, "project")
			}
			if at.dataset != "" {
				names = append(names, "dataset")
			}
			for _, name := range names {
				if !yield(finding{name, skipped, blocked, ""}) {
					return
				}
			}
			return
		}
		defer client.CloseIdleConnections()
		project, permission, found := p.checkProject(ctx, client, at.project)
		if !yield(permission) || at.project == "" || !yield(found) || at.dataset == "" {
			return
		}
		if project == nil {
			why := "project " + at.project + " cannot be read"
			if found.Verdict == sick {
				why = found.Detail
			}
			yield(finding{"dataset", skipped, why, ""})
			return
		}
		yield(p.checkDataset(ctx, client, project, at))
	}
}
