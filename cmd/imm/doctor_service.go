package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

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
			return nil, p.refused(check, listErr), found
		}
		return nil, finding{check, healthy, "the keys may list projects; what else they may do shows with --project and --dataset", ""}, found
	}
	resp, err := client.GetProject(ctx, &imm.GetProjectRequest{ProjectName: name})
	wrongName, isName := errors.AsType[*imm.ValidationError](err)
	switch {
	case err != nil && !isName && !errors.Is(err, imm.ErrNotFound):
		return nil, p.refused(check, err), finding{"project", skipped, whySkipped(err), ""}
	case errors.Is(listErr, imm.ErrPermissionDenied):
		permission = finding{check, warned, "the keys may read the project, and not list projects", "allow the action imm:ListProjects if imm project list is wanted"}
	case listErr != nil:
		permission = p.refused(check, listErr)
	default:
		permission = finding{check, healthy, "the keys may list and read projects; only indexing shows whether they may index", ""}
	}
	if isName {
		return nil, permission, finding{"project", sick, wrongName.Reason, "correct --project"}
	}
	if err != nil {
		return nil, permission, finding{
			"project", sick, "project " + name + " does not exist " + p.here(),
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
	resp, err := client.GetDataset(ctx, &imm.GetDatasetRequest{ProjectName: at.project, DatasetName: at.dataset})
	flags := at.dataset + " --project " + at.project
	wrongName, isName := errors.AsType[*imm.ValidationError](err)
	switch {
	case isName:
		return finding{check, sick, wrongName.Reason, "correct --dataset"}
	case errors.Is(err, imm.ErrNotFound):
		return finding{
			check, sick, "dataset " + at.dataset + " does not exist in project " + at.project,
			"imm dataset create " + flags + ", or choose one that imm dataset list shows",
		}
	case err != nil:
		return p.refused(check, err)
	}
	template := cmp.Or(resp.Dataset.TemplateID, project.TemplateID)
	if collectsNothing(template) {
		return finding{
			check, sick, noTemplate(at.dataset),
			"imm dataset update " + flags + " --template Official:ImageManagement, and index again",
		}
	}
	return finding{check, healthy, "dataset " + at.dataset + " collects metadata with the template " + template, ""}
}

// noTemplate is the sentence about a dataset that collects nothing.
func noTemplate(dataset string) string {
	return "dataset " + dataset + " has no workflow template, and no metadata is collected: indexing costs money and keeps only URIs and labels"
}

// refused is a call that failed.
func (p *program) refused(check string, err error) finding {
	f := finding{Check: check, Verdict: sick, Detail: p.explained(err), Fix: strings.TrimPrefix(p.nextStep(err), "Next: ")}
	switch {
	case isNotIMM(err):
		f.Detail = "what answers there is not IMM: " + f.Detail
	case errors.Is(err, imm.ErrUnauthenticated):
		f.Fix = "look whether the key still exists and is active, and whether id and secret belong together; temporary keys end"
	case errors.Is(err, imm.ErrUnavailable), f.Fix == "":
		f.Fix = "try again later; if it stays so, ask Alibaba Cloud's support with the request id"
	}
	return f
}

// whySkipped says why nothing is known of a project.
func whySkipped(err error) string {
	switch {
	case isNotIMM(err):
		return "what answers there is not IMM"
	case errors.Is(err, imm.ErrUnauthenticated):
		return "the keys are not accepted"
	case errors.Is(err, imm.ErrPermissionDenied):
		return "the keys may not read it"
	}
	return "the service did not answer the question for it"
}
