package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

func (p *program) datasetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dataset",
		Short: "Create, show, list, change and delete the datasets of a project",
		Long: `A dataset holds the metadata of files. Its workflow template, or else that of its
project, decides what indexing collects: without one it is nothing but URIs and
labels.`,
		Args: cobra.ArbitraryArgs,
		RunE: group,
	}
	cmd.AddCommand(p.createDatasetCommand(), p.getDatasetCommand(), p.listDatasetsCommand(), p.updateDatasetCommand(), p.deleteDatasetCommand())
	return cmd
}

func (p *program) createDatasetCommand() *cobra.Command {
	var req imm.CreateDatasetRequest
	var at target
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a dataset",
		Example: "  imm dataset create all --project photos --template Official:ImageManagement",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.checkProject(); err != nil {
				return err
			}
			req.ProjectName, req.DatasetName = at.project, args[0]
			resp, err := client.CreateDataset(ctx, &req)
			if err != nil {
				return err
			}
			return one(p, resp.Dataset, datasetFields)
		}),
	}
	at.addProjectFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&req.Description, "description", "", "`TEXT` about the dataset")
	flags.StringVar(&req.TemplateID, "template", "", "`ID` of the workflow template (default that of the project)")
	return cmd
}

func (p *program) getDatasetCommand() *cobra.Command {
	var req imm.GetDatasetRequest
	var at target
	cmd := &cobra.Command{
		Use:     "get NAME",
		Short:   "Show a dataset",
		Example: "  imm dataset get all --project photos --statistics",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.checkProject(); err != nil {
				return err
			}
			req.ProjectName, req.DatasetName = at.project, args[0]
			resp, err := client.GetDataset(ctx, &req)
			if err != nil {
				return err
			}
			fields := datasetFields
			if req.WithStatistics {
				fields = slices.Concat(fields, datasetStatistics)
			}
			return one(p, resp.Dataset, fields)
		}),
	}
	at.addProjectFlag(cmd)
	cmd.Flags().BoolVar(&req.WithStatistics, "statistics", false, "count bindings, files and bytes")
	return cmd
}

func (p *program) listDatasetsCommand() *cobra.Command {
	var req imm.ListDatasetsRequest
	var at target
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the datasets of a project",
		Example: "  imm dataset list --project photos",
		Args:    exactly(),
		RunE: p.call(func(ctx context.Context, client *imm.Client, _ []string) error {
			if err := at.checkProject(); err != nil {
				return err
			}
			req.ProjectName = at.project
			return list(p, client.Datasets(ctx, &req), []column[imm.Dataset]{
				{"DATASET", func(d imm.Dataset) string { return d.DatasetName }},
				{"TEMPLATE", func(d imm.Dataset) string { return cmp.Or(d.TemplateID, "(that of the project)") }},
				{"CREATED", func(d imm.Dataset) string { return when(d.CreateTime) }},
				{"DESCRIPTION", func(d imm.Dataset) string { return d.Description }},
			}, "There are no datasets in this project; imm dataset create makes one.")
		}),
	}
	at.addProjectFlag(cmd)
	cmd.Flags().StringVar(&req.Prefix, "prefix", "", "list only datasets whose names begin with `TEXT`")
	return cmd
}

func (p *program) updateDatasetCommand() *cobra.Command {
	var req imm.UpdateDatasetRequest
	var at target
	cmd := &cobra.Command{
		Use:     "update NAME",
		Short:   "Change a dataset; what no flag names stays as it is",
		Long:    "Change a dataset. What no flag names stays as it is. A change may take up to five\nminutes to have an effect, and only on files that are indexed after it.",
		Example: "  imm dataset update all --project photos --template Official:ImageManagement",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.checkProject(); err != nil {
				return err
			}
			if req.Description == nil && req.TemplateID == nil {
				return usagef("nothing is to be changed; add --description or --template")
			}
			req.ProjectName, req.DatasetName = at.project, args[0]
			resp, err := client.UpdateDataset(ctx, &req)
			if err != nil {
				return err
			}
			return one(p, resp.Dataset, datasetFields)
		}),
	}
	at.addProjectFlag(cmd)
	flags := cmd.Flags()
	flags.Var(settable{&req.Description}, "description", "`TEXT` about the dataset")
	flags.Var(settable{&req.TemplateID}, "template", "`ID` of the workflow template")
	return cmd
}

func (p *program) deleteDatasetCommand() *cobra.Command {
	var at target
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a dataset without files and bindings",
		Long:    "Delete a dataset. The service refuses one with files or bindings in it: end the\nbindings with imm unbind, and delete the files with imm delete.",
		Example: "  imm dataset delete all --project photos",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.checkProject(); err != nil {
				return err
			}
			req := imm.DeleteDatasetRequest{ProjectName: at.project, DatasetName: args[0]}
			if _, err := client.DeleteDataset(ctx, &req); err != nil {
				return err
			}
			return p.done(req, "Dataset %s of project %s is deleted.", args[0], at.project)
		}),
	}
	at.addProjectFlag(cmd)
	return cmd
}

// datasetFields are what is shown of one dataset.
var datasetFields = []column[imm.Dataset]{
	{"Dataset", func(d imm.Dataset) string { return d.DatasetName }},
	{"Project", func(d imm.Dataset) string { return d.ProjectName }},
	{"Description", func(d imm.Dataset) string { return d.Description }},
	{"Template", func(d imm.Dataset) string { return cmp.Or(d.TemplateID, "(that of the project)") }},
	{"Files at most", func(d imm.Dataset) string { return unlessZero(d.DatasetMaxFileCount) }},
	{"Bindings at most", func(d imm.Dataset) string { return unlessZero(d.DatasetMaxBindCount) }},
	{"Created", func(d imm.Dataset) string { return when(d.CreateTime) }},
	{"Updated", func(d imm.Dataset) string { return when(d.UpdateTime) }},
}

// datasetStatistics follow them where they were asked for.
var datasetStatistics = []column[imm.Dataset]{
	{"Bindings", func(d imm.Dataset) string { return grouped(d.BindCount) }},
	{"Files", func(d imm.Dataset) string { return grouped(d.FileCount) }},
	{"Bytes", func(d imm.Dataset) string { return grouped(d.TotalFileSize) }},
}
