package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/imm-go/imm"
)

// emptyTemplate is that of a project which was created without one.
const emptyTemplate = "Official:DefaultEmptyId"

func collectsNothing(template string) bool { return template == "" || template == emptyTemplate }

// checkProject finds out what the keys may do, and whether the project is there.
func (p *program) checkProject(ctx context.Context, client *imm.Client, name string) (project *imm.Project, permission, found finding) {
	const check = "permission"
	_, listErr := client.ListProjects(ctx, &imm.ListProjectsRequest{MaxResults: 1})
	if name == "" {
		if listErr != nil {
			return nil, refused(check, listErr), found
		}
		return nil, finding{check, healthy, "the keys may list projects; what else they may do shows with --project and --dataset", ""}, found
	}
	resp, err := client.GetProject(ctx, &imm.GetProjectRequest{ProjectName: name})
	switch {
	case err != nil && !errors.Is(err, imm.ErrNotFound):
		return nil, refused(check, err), finding{"project", skipped, "it cannot be asked for", ""}
	case errors.Is(listErr, imm.ErrPermissionDenied):
		permission = finding{check, warned, "the keys may read the project, and not list projects", "allow the action imm:ListProjects if imm project list is wanted"}
	case listErr != nil:
		permission = refused(check, listErr)
	default:
		permission = finding{check, healthy, "the keys may list and read projects; only indexing shows whether they may index", ""}
	}
	if err != nil {
		return nil, permission, finding{
			"project", sick, "project " + name + " does not exist in this region",
			"imm project create " + name + " --template Official:ImageManagement, or choose one that imm project list shows",
		}
	}
	found = finding{"project", healthy, fmt.Sprintf("project %s has the template %s", name, cmp.Or(resp.Project.TemplateID, "(none)")), ""}
	if n := resp.Project.ProjectQueriesPerSecond; n > 0 {
		found.Detail += fmt.Sprintf(", and takes %s a second", count(n, "request"))
	}
	if collectsNothing(resp.Project.TemplateID) {
		found.Verdict, found.Detail = warned, found.Detail+"; datasets without a template of their own collect no metadata"
		found.Fix = "imm project update " + name + " --template Official:ImageManagement, or give the dataset a template"
	}
	return &resp.Project, permission, found
}

func (p *program) checkDataset(ctx context.Context, client *imm.Client, project *imm.Project, at target) finding {
	const check = "dataset"
	if project == nil {
		return finding{check, skipped, "it is in a project that cannot be read", ""}
	}
	resp, err := client.GetDataset(ctx, &imm.GetDatasetRequest{ProjectName: at.project, DatasetName: at.dataset})
	flags := at.dataset + " --project " + at.project
	switch {
	case errors.Is(err, imm.ErrNotFound):
		return finding{
			check, sick, "dataset " + at.dataset + " does not exist in project " + at.project,
			"imm dataset create " + flags + ", or choose one that imm dataset list shows",
		}
	case err != nil:
		return refused(check, err)
	}
	template := cmp.Or(resp.Dataset.TemplateID, project.TemplateID)
	if collectsNothing(template) {
		return finding{
			check, sick, "dataset " + at.dataset + " has no workflow template, and no metadata is collected: indexing costs money and keeps only URIs and labels",
			"imm dataset update " + flags + " --template Official:ImageManagement, and index again",
		}
	}
	return finding{check, healthy, "dataset " + at.dataset + " collects metadata with the template " + template, ""}
}

// refused is a call that failed.
func refused(check string, err error) finding {
	f := finding{check, sick, err.Error(), nextStep(err)}
	if errors.Is(err, imm.ErrUnauthenticated) {
		f.Fix = "look whether the key still exists and is active, and whether id and secret belong together; temporary keys end"
	}
	return f
}
