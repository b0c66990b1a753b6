package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/bulk/boltjournal"
)

// reach asks for the project and the dataset, so that a wrong key and a wrong
// endpoint are told now: a run goes on for a quarter of an hour where the service
// does not answer. Other answers are for the run, because indexing may be allowed
// where reading is not.
func (x *indexing) reach(ctx context.Context, client *imm.Client) error {
	project, err := client.GetProject(ctx, &imm.GetProjectRequest{ProjectName: x.at.project})
	if err == nil {
		var dataset *imm.GetDatasetResponse
		dataset, err = client.GetDataset(ctx, &imm.GetDatasetRequest{ProjectName: x.at.project, DatasetName: x.at.dataset})
		if err == nil && collectsNothing(cmp.Or(dataset.Dataset.TemplateID, project.Project.TemplateID)) {
			x.warning = "Warning: " + noTemplate(x.at.dataset) + "."
		}
	}
	x.missing = errors.Is(err, imm.ErrNotFound)
	if errors.Is(err, imm.ErrUnavailable) || errors.Is(err, imm.ErrUnauthenticated) || errors.Is(err, imm.ErrInvalidArgument) || isNotIMM(err) || ctx.Err() != nil {
		return err
	}
	return nil
}

// conclude shows what became of the files, and makes the error of it.
func (x *indexing) conclude(ctx context.Context, s bulk.Summary, took time.Duration, results *resultWriter, err error) error {
	if declined, ok := errors.AsType[stoppedError](err); ok {
		return declined
	}
	if wrong, ok := errors.AsType[usageError](asMistake(err)); ok {
		return wrong
	}
	if s.Added > 0 || err == nil {
		if err := x.show(s, took, results.failures); err != nil {
			return err
		}
	}
	unconfirmed := int64(0)
	if x.confirm.value != "none" {
		unconfirmed = s.Accepted
	}
	switch {
	case ctx.Err() != nil:
		return stoppedError{fmt.Errorf("stopped before the end; %s", x.goOn())}
	case isMissing(err) && s.Accepted+s.Indexed == 0:
		return asUsage(fmt.Errorf("nothing was indexed: %w", err))
	case err != nil:
		return stoppedError{fmt.Errorf("stopped before the end: %w", err)}
	case results.unlisted > 0:
		return fmt.Errorf("%w; %s", results.failed, plural(results.unlisted, "1 failure is shown above", grouped(results.unlisted)+" failures are shown above"))
	case results.failed != nil:
		return results.failed
	case s.Failed > 0:
		return failedf("%s of %s failed%s", grouped(s.Failed), count(s.Added, "file"), x.again(results))
	case unconfirmed > 0:
		return failedf("%s accepted, and whether %s did not become known%s",
			some(unconfirmed, s.Added, "was", "were"), plural(unconfirmed, "it is indexed", "they are indexed"), x.again(results))
	}
	if !x.before.isEmpty() && !x.retryFailed || x.before.lines > 0 {
		return x.before.failure(x.retryFailed)
	}
	return nil
}

// asMistake makes an error of the engine that of the command line, if it is one: a
// list that is wrong, without what the engine puts before it, and a journal of
// something else.
func asMistake(err error) error {
	if wrong, ok := errors.AsType[usageError](err); ok {
		return wrong
	}
	if errors.Is(err, boltjournal.ErrOtherWork) {
		return asUsage(err)
	}
	return err
}

// isMissing reports that the project or the dataset does not exist. A queue that
// does not is another matter.
func isMissing(err error) bool {
	answer, isAnswer := errors.AsType[*imm.APIError](err)
	return isAnswer && answer.Action == "BatchIndexFileMeta" && errors.Is(answer, imm.ErrNotFound)
}

// goOn says how to do the rest after a stop.
func (x *indexing) goOn() string {
	if x.journalPath != "" {
		return "the same command goes on where it was"
	}
	return "with --journal the same command would go on where it was"
}

// again says how to send again what failed.
func (x *indexing) again(results *resultWriter) string {
	path := results.failures.path
	switch {
	case path == "":
		return ""
	case !results.again:
		return "; " + path + " says why"
	case x.journalPath != "":
		return "; " + path + " says why, and --retry-failed sends them again"
	}
	return "; " + path + " says why, and --from " + path + " sends them again"
}
