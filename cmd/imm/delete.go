package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

func (p *program) deleteCommand() *cobra.Command {
	var at target
	cmd := &cobra.Command{
		Use:   "delete URI...",
		Short: "Delete what the dataset has of files",
		Long: `Delete the metadata of files from the dataset. The files themselves stay. To have
the metadata again costs money again, so the command asks before it begins.
A file that is not in the dataset is no error.`,
		Example: "  imm delete --project photos --dataset all oss://my-bucket/cat.jpg oss://my-bucket/dog.jpg",
		Args:    someURIs,
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.check(); err != nil {
				return err
			}
			what := "The metadata of " + count(len(args), "file") + " is going to be deleted from dataset " + printable(at.dataset) + ". To have it again costs money again."
			if err := p.confirm(ctx, what); err != nil {
				return err
			}
			req := imm.BatchDeleteFileMetaRequest{ProjectName: at.project, DatasetName: at.dataset}
			deleted := 0
			for req.URIs = range slices.Chunk(args, maxBatch) {
				if _, err := client.BatchDeleteFileMeta(ctx, &req); err != nil {
					if deleted > 0 {
						p.note("The metadata of the first %s is deleted.", count(deleted, "file"))
					}
					return err
				}
				deleted += len(req.URIs)
			}
			return p.done("The metadata of %s is deleted.", count(deleted, "file"))
		}),
	}
	at.addFlags(cmd)
	p.addYesFlag(cmd)
	return cmd
}
