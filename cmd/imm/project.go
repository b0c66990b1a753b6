package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

func (p *program) projectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "project",
		Short: "Create, show, list, change and delete projects",
		Long: `A project holds datasets, and says how many requests a second they may take.
Its workflow template counts for the datasets that have none of their own.`,
		Args: cobra.ArbitraryArgs,
		RunE: group,
	}
	cmd.AddCommand(p.createProjectCommand(), p.getProjectCommand(), p.listProjectsCommand(), p.updateProjectCommand(), p.deleteProjectCommand())
	return cmd
}

func (p *program) createProjectCommand() *cobra.Command {
	var req imm.CreateProjectRequest
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a project",
		Example: "  imm project create photos --template Official:ImageManagement --description 'Photos of the shop'",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			req.ProjectName = args[0]
			resp, err := client.CreateProject(ctx, &req)
			if err != nil {
				return err
			}
			return one(p, resp.Project, projectFields)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&req.Description, "description", "", "`TEXT` about the project")
	flags.StringVar(&req.TemplateID, "template", "", "`ID` of the workflow template, such as Official:ImageManagement; without one nothing but URIs and labels is kept")
	flags.StringVar(&req.ServiceRole, "service-role", "", "`NAME` of the RAM role by which IMM reads the files (default AliyunIMMDefaultRole)")
	return cmd
}

func (p *program) getProjectCommand() *cobra.Command {
	var req imm.GetProjectRequest
	cmd := &cobra.Command{
		Use:     "get NAME",
		Short:   "Show a project",
		Example: "  imm project get photos --statistics",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			req.ProjectName = args[0]
			resp, err := client.GetProject(ctx, &req)
			if err != nil {
				return err
			}
			fields := projectFields
			if req.WithStatistics {
				fields = slices.Concat(fields, projectStatistics)
			}
			return one(p, resp.Project, fields)
		}),
	}
	cmd.Flags().BoolVar(&req.WithStatistics, "statistics", false, "count datasets, files and bytes")
	return cmd
}

func (p *program) listProjectsCommand() *cobra.Command {
	var req imm.ListProjectsRequest
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the projects of the region",
		Example: "  imm project list --prefix photo",
		Args:    exactly(),
		RunE: p.call(func(ctx context.Context, client *imm.Client, _ []string) error {
			return list(p, client.Projects(ctx, &req), []column[imm.Project]{
				{"PROJECT", func(j imm.Project) string { return j.ProjectName }},
				{"TEMPLATE", func(j imm.Project) string { return j.TemplateID }},
				{"CREATED", func(j imm.Project) string { return when(j.CreateTime) }},
				{"DESCRIPTION", func(j imm.Project) string { return j.Description }},
			}, "There are no projects here; imm project create makes one.")
		}),
	}
	cmd.Flags().StringVar(&req.Prefix, "prefix", "", "list only projects whose names begin with `TEXT`")
	return cmd
}

func (p *program) updateProjectCommand() *cobra.Command {
	var req imm.UpdateProjectRequest
	cmd := &cobra.Command{
		Use:     "update NAME",
		Short:   "Change a project; what no flag names stays as it is",
		Example: "  imm project update photos --template Official:ImageManagement",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			req.ProjectName = args[0]
			if req.Description == nil && req.TemplateID == nil && req.ServiceRole == nil {
				return usagef("nothing is to be changed; add --description, --template or --service-role")
			}
			resp, err := client.UpdateProject(ctx, &req)
			if err != nil {
				return err
			}
			return one(p, resp.Project, projectFields)
		}),
	}
	flags := cmd.Flags()
	flags.Var(settable{&req.Description}, "description", "`TEXT` about the project")
	flags.Var(settable{&req.TemplateID}, "template", "`ID` of the workflow template")
	flags.Var(settable{&req.ServiceRole}, "service-role", "`NAME` of the RAM role by which IMM reads the files")
	return cmd
}

func (p *program) deleteProjectCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a project that has no datasets",
		Example: "  imm project delete photos",
		Args:    exactly("NAME"),
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			req := imm.DeleteProjectRequest{ProjectName: args[0]}
			if _, err := client.DeleteProject(ctx, &req); err != nil {
				return err
			}
			return p.done(req, "Project %s is deleted.", args[0])
		}),
	}
}

// projectFields are what is shown of one project.
var projectFields = []column[imm.Project]{
	{"Project", func(j imm.Project) string { return j.ProjectName }},
	{"Description", func(j imm.Project) string { return j.Description }},
	{"Template", func(j imm.Project) string { return j.TemplateID }},
	{"Service role", func(j imm.Project) string { return j.ServiceRole }},
	{"Requests a second", func(j imm.Project) string { return unlessZero(j.ProjectQueriesPerSecond) }},
	{"Operators", func(j imm.Project) string { return unlessZero(j.EngineConcurrency) }},
	{"Datasets at most", func(j imm.Project) string { return unlessZero(j.ProjectMaxDatasetCount) }},
	{"Created", func(j imm.Project) string { return when(j.CreateTime) }},
	{"Updated", func(j imm.Project) string { return when(j.UpdateTime) }},
}

// projectStatistics follow them where they were asked for.
var projectStatistics = []column[imm.Project]{
	{"Datasets", func(j imm.Project) string { return grouped(j.DatasetCount) }},
	{"Files", func(j imm.Project) string { return grouped(j.FileCount) }},
	{"Bytes", func(j imm.Project) string { return grouped(j.TotalFileSize) }},
}

// done says in one sentence that a command did its work, where there is nothing to
// show of it. As JSON it is what the work was done to.
func (p *program) done(to any, format string, args ...any) error {
	if p.output.value != "table" {
		return one(p, to, nil)
	}
	_, err := fmt.Fprintln(p.out, printable(fmt.Sprintf(format, args...)))
	return err
}

func unlessZero(n int64) string {
	if n == 0 {
		return ""
	}
	return grouped(n)
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
