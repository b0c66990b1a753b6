package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

func (p *program) bindCommand() *cobra.Command {
	var at target
	var wait waitFlags
	cmd := &cobra.Command{
		Use:   "bind oss://BUCKET",
		Short: "Have every object of a bucket indexed, now and whenever one is added",
		Long: `Bind a bucket to a dataset: every object in it is indexed, those that are there and
those that come later, until imm unbind ends it. Each of them costs money. With
--wait the command returns when those that are there are indexed.`,
		Example: "  imm bind oss://my-bucket --project photos --dataset all\n  imm bind oss://my-bucket --project photos --dataset all --yes --wait",
		Args:    exactly("oss://BUCKET"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.check(); err != nil {
				return err
			}
			if err := wait.check(); err != nil {
				return err
			}
			what := "Binding " + printable(args[0]) + " has every object in it indexed, now and whenever one is added, and each is charged; how many there are is not known here."
			if err := p.confirm(ctx, what); err != nil {
				return err
			}
			req := imm.CreateBindingRequest{ProjectName: at.project, DatasetName: at.dataset, URI: args[0]}
			resp, err := client.CreateBinding(ctx, &req)
			if err != nil {
				return err
			}
			if !wait.wanted {
				return one(p, resp.Binding, bindingFields)
			}
			return p.waitBinding(ctx, client, (*imm.GetBindingRequest)(&req), wait)
		}),
	}
	at.addFlags(cmd)
	p.addYesFlag(cmd)
	cmd.Flags().BoolVar(&wait.wanted, "wait", false, "wait until the objects that are there are indexed")
	wait.addFlags(cmd)
	return cmd
}

func (p *program) unbindCommand() *cobra.Command {
	var at target
	cmd := &cobra.Command{
		Use:     "unbind oss://BUCKET",
		Short:   "End a binding; what is indexed stays",
		Long:    "End a binding: changes in the bucket are no longer followed, and cost nothing any\nmore. What is indexed stays in the dataset, and so do the objects. Binding the\nbucket again has all of it indexed again.",
		Example: "  imm unbind oss://my-bucket --project photos --dataset all",
		Args:    exactly("oss://BUCKET"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.check(); err != nil {
				return err
			}
			req := imm.DeleteBindingRequest{ProjectName: at.project, DatasetName: at.dataset, URI: args[0]}
			if _, err := client.DeleteBinding(ctx, &req); err != nil {
				return err
			}
			return p.done(req, "The binding of %s is ended. What is indexed stays in dataset %s.", args[0], at.dataset)
		}),
	}
	at.addFlags(cmd)
	return cmd
}
