package main

import (
	"context"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

func (p *program) updateCommand() *cobra.Command {
	var at target
	var customID *string
	var clearLabels bool
	labels := make(pairs)
	cmd := &cobra.Command{
		Use:   "update URI...",
		Short: "Change the labels and the custom id of files in the dataset",
		Long: `Change the labels and the custom id of files that are in the dataset, at once and
without indexing them again. The labels take the place of all that were there.`,
		Example: `  imm update --project photos --dataset all oss://my-bucket/cat.jpg --label category=Pets --label year=2024
  imm update --project photos --dataset all oss://my-bucket/cat.jpg --custom-id '' --clear-labels`,
		Args: p.someURIs,
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.check(); err != nil {
				return err
			}
			update := imm.FileUpdate{CustomID: customID}
			switch {
			case clearLabels && len(labels) > 0:
				return usagef("--clear-labels and --label do not go together: --label takes away all other labels anyway")
			case clearLabels || len(labels) > 0:
				update.CustomLabels = labels
			case customID == nil:
				return usagef("nothing is to be changed; add --label, --clear-labels or --custom-id")
			}
			req := imm.BatchUpdateFileMetaRequest{ProjectName: at.project, DatasetName: at.dataset}
			failed := 0
			err := list(p, updatesOf(ctx, client, req, args, update, &failed), []column[imm.UpdatedFile]{
				{"URI", func(f imm.UpdatedFile) string { return f.URI }},
				{"RESULT", func(f imm.UpdatedFile) string {
					if f.Success {
						return "updated"
					}
					return "failed: " + plain(f.Message)
				}},
			}, "")
			if err == nil && failed > 0 {
				return failedf("%s not updated", some(failed, len(args), "was", "were"))
			}
			return err
		}),
	}
	at.addFlags(cmd)
	flags := cmd.Flags()
	flags.Var(settable{&customID}, "custom-id", "`ID` of your own for the files; an empty one takes it away")
	flags.Var(labels, "label", "label as `KEY=VALUE` (repeatable)")
	flags.BoolVar(&clearLabels, "clear-labels", false, "take away all labels")
	return cmd
}

// updatesOf changes files, as many at a time as one call takes.
func updatesOf(ctx context.Context, client *imm.Client, req imm.BatchUpdateFileMetaRequest, uris []string, update imm.FileUpdate, failed *int) iter.Seq2[imm.UpdatedFile, error] {
	return func(yield func(imm.UpdatedFile, error) bool) {
		for some := range slices.Chunk(uris, maxBatch) {
			req.Files = nil
			for _, update.URI = range some {
				req.Files = append(req.Files, update)
			}
			resp, err := client.BatchUpdateFileMeta(ctx, &req)
			if err != nil {
				yield(imm.UpdatedFile{}, err)
				return
			}
			*failed += len(resp.Failed())
			for _, f := range resp.Files {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}
