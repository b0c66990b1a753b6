package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

func (p *program) bindingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "binding",
		Short: "Show, list and wait for bindings of buckets",
		Long:  "imm bind makes bindings, and imm unbind ends them. These commands look at them.",
		Args:  cobra.ArbitraryArgs,
		RunE:  group,
	}
	cmd.AddCommand(p.bindingStatusCommand(), p.bindingWaitCommand(), p.bindingListCommand())
	return cmd
}

func (p *program) bindingStatusCommand() *cobra.Command {
	var at target
	cmd := &cobra.Command{
		Use:     "status oss://BUCKET",
		Aliases: []string{"get"},
		Short:   "Show how far a binding is",
		Example: "  imm binding status oss://my-bucket --project photos --dataset all",
		Args:    exactly("oss://BUCKET"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.check(); err != nil {
				return err
			}
			resp, err := client.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: at.project, DatasetName: at.dataset, URI: args[0]})
			if err != nil {
				return err
			}
			return one(p, resp.Binding, bindingFields)
		}),
	}
	at.addFlags(cmd)
	return cmd
}

func (p *program) bindingWaitCommand() *cobra.Command {
	var at target
	var wait waitFlags
	cmd := &cobra.Command{
		Use:   "wait oss://BUCKET",
		Short: "Wait until the objects that were there are indexed",
		Long: `Wait until the first scan of a bucket is done: every object that was there is then
indexed. That takes from seconds to hours. A binding that failed, was stopped or
was deleted ends the wait with exit code 1, and so does the end of --timeout.`,
		Example: "  imm binding wait oss://my-bucket --project photos --dataset all --timeout 2h",
		Args:    exactly("oss://BUCKET"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.check(); err != nil {
				return err
			}
			if err := wait.check(); err != nil {
				return err
			}
			return p.waitBinding(ctx, client, &imm.GetBindingRequest{ProjectName: at.project, DatasetName: at.dataset, URI: args[0]}, wait)
		}),
	}
	at.addFlags(cmd)
	wait.addFlags(cmd)
	return cmd
}

func (p *program) bindingListCommand() *cobra.Command {
	var at target
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the bindings of a dataset",
		Example: "  imm binding list --project photos --dataset all",
		Args:    exactly(),
		RunE: p.call(func(ctx context.Context, client *imm.Client, _ []string) error {
			if err := at.check(); err != nil {
				return err
			}
			return list(p, client.Bindings(ctx, &imm.ListBindingsRequest{ProjectName: at.project, DatasetName: at.dataset}), []column[imm.Binding]{
				{"BUCKET", func(b imm.Binding) string { return b.URI }},
				{"STATE", func(b imm.Binding) string { return string(b.State) }},
				{"PHASE", func(b imm.Binding) string { return string(b.Phase) }},
				{"CREATED", func(b imm.Binding) string { return when(b.CreateTime) }},
				{"REASON", func(b imm.Binding) string { return b.Reason }},
			}, "No bucket is bound to this dataset; imm bind binds one.")
		}),
	}
	at.addFlags(cmd)
	return cmd
}

// waitFlags say whether and how to wait for a binding.
type waitFlags struct {
	wanted            bool
	timeout, interval time.Duration
}

func (w *waitFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&w.timeout, "timeout", 0, "give up after this `TIME`, such as 2h (default never)")
	cmd.Flags().DurationVar(&w.interval, "interval", 0, "ask each time after this `TIME` (default growing from 1s to 30s)")
}

func (w *waitFlags) check() error {
	if w.timeout < 0 || w.interval < 0 {
		return usagef("--timeout and --interval cannot be negative")
	}
	return nil
}

func (p *program) waitBinding(ctx context.Context, client *imm.Client, req *imm.GetBindingRequest, wait waitFlags) error {
	var opts []imm.WaitOption
	if wait.interval > 0 {
		opts = append(opts, imm.WithPollInterval(wait.interval))
	}
	limited := ctx
	if wait.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, wait.timeout)
		defer cancel()
	}
	binding, err := client.WaitBinding(limited, req, opts...)
	if binding == nil {
		return err
	}
	return errors.Join(one(p, *binding, bindingFields), err)
}

// bindingFields are what is shown of one binding.
var bindingFields = []column[imm.Binding]{
	{"Bucket", func(b imm.Binding) string { return b.URI }},
	{"Project", func(b imm.Binding) string { return b.ProjectName }},
	{"Dataset", func(b imm.Binding) string { return b.DatasetName }},
	{"State", func(b imm.Binding) string { return string(b.State) }},
	{"Phase", func(b imm.Binding) string { return string(b.Phase) + phaseMeans[b.Phase] }},
	{"Reason", func(b imm.Binding) string { return b.Reason }},
	{"Created", func(b imm.Binding) string { return when(b.CreateTime) }},
	{"Updated", func(b imm.Binding) string { return when(b.UpdateTime) }},
}

var phaseMeans = map[imm.BindingPhase]string{
	imm.PhaseNone:                "(the scan has not begun)",
	imm.PhaseFullScanning:        " (the objects that were there are being indexed)",
	imm.PhaseIncrementalScanning: " (the objects that were there are indexed; changes are followed)",
}
