package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

func (p *program) deleteCommand() *cobra.Command {
	d := &deleting{listing: newListing(p)}
	cmd := &cobra.Command{
		Use:   "delete URI...|--from FILE",
		Short: "Delete what the dataset has of files",
		Long: `Delete the metadata of files from the dataset. The files themselves stay. To have
the metadata again costs money again, so the command asks before it begins.
A file that is not in the dataset is no error.

` + listsHelp,
		Example: "  imm delete --project photos --dataset all oss://my-bucket/cat.jpg oss://my-bucket/dog.jpg\n  imm delete --project photos --dataset all --from old.txt",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case d.from == "" && d.format.value != auto:
				return usagef("--format is about the list of --from, which is missing")
			case d.from == "":
				return p.someURIs(cmd, args)
			case len(args) > 0:
				return usagef("there are URIs and --from; use one of the two")
			}
			return nil
		},
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := d.at.check(); err != nil {
				return err
			}
			d.uris = args
			return d.run(ctx, client)
		}),
	}
	d.at.addFlags(cmd)
	d.addFlags(cmd)
	p.addYesFlag(cmd)
	return cmd
}

// deleting is one call of imm delete, and what it did.
type deleting struct {
	listing

	at   target
	done deletions
}

// deletions are the result of it.
type deletions struct {
	Deleted  int64 `json:"Deleted"`
	BadLines int64 `json:"BadLines,omitzero"` // that are no URIs, and were left out
}

func (d *deleting) run(ctx context.Context, client *imm.Client) error {
	check, err := newChecker()
	if err != nil {
		return err
	}
	if err := d.agree(ctx, check); err != nil {
		return err
	}
	source, closer, err := d.openList()
	if err != nil {
		return err
	}
	err = errors.Join(d.all(ctx, client, check, source), closer.Close())
	switch {
	case err != nil && d.done.Deleted > 0:
		d.p.note("The metadata of %s is deleted, and that of the others is not.", count(d.done.Deleted, "file"))
		return err
	case err != nil:
		return err
	case d.done.Deleted+d.done.BadLines == 0:
		return usagef("%s", noFiles)
	}
	err = d.p.done(d.done, "The metadata of %s is deleted.", count(d.done.Deleted, "file"))
	if err == nil && d.done.BadLines > 0 {
		return failedf("%s", lines(d.done.BadLines, "is no URI of a file, and was left out", "are no URIs of files, and were left out"))
	}
	return err
}

// agree asks whether to delete so many.
func (d *deleting) agree(ctx context.Context, check *checker) error {
	if d.p.yes {
		return nil
	}
	if !d.readableAgain() {
		return usagef("%s can be read only once, so its files cannot be counted before; add --yes to go ahead", d.name())
	}
	source, closer, err := d.openList()
	if err != nil {
		return err
	}
	counter := surveyor{name: d.name(), check: func(f imm.InputFile) error { return check.uri(f.URI) }}
	s, err := counter.count(ctx, source)
	if err = errors.Join(err, closer.Close()); err != nil {
		return err
	}
	if s.files == 0 {
		return usagef("%s", sentences(noFiles, s.badLines()))
	}
	what := "The metadata of " + count(s.files, "file") + " is going to be deleted from dataset " + d.at.dataset + ". To have it again costs money again."
	return d.p.confirm(ctx, sentences(what, s.badLines(), s.blanks.sentence()))
}

// all deletes what the list has, as many at a time as one call takes.
func (d *deleting) all(ctx context.Context, client *imm.Client, check *checker, source bulk.Source) error {
	req := imm.BatchDeleteFileMetaRequest{ProjectName: d.at.project, DatasetName: d.at.dataset}
	send := func() error {
		if _, err := client.BatchDeleteFileMeta(ctx, &req); err != nil {
			return err
		}
		d.done.Deleted += int64(len(req.URIs))
		req.URIs = req.URIs[:0]
		return nil
	}
	for item, err := range source.Items(ctx, "") {
		if err != nil && item.Position == "" {
			return err
		}
		if err == nil {
			err = check.uri(item.File.URI)
		}
		if err != nil {
			if d.done.BadLines++; d.done.BadLines <= someBad {
				d.p.note("Left out: %s", err)
			}
			continue
		}
		if req.URIs = append(req.URIs, item.File.URI); len(req.URIs) == maxBatch {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(req.URIs) > 0 {
		return send()
	}
	return ctx.Err()
}
