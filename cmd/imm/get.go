package main

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

// maxBatch is how many files one call takes.
const maxBatch = 100

func (p *program) getCommand() *cobra.Command {
	var at target
	var fields []string
	cmd := &cobra.Command{
		Use:   "get URI...",
		Short: "Show what the dataset has of files",
		Long: `Show what the dataset has of files. Files that are not in it are named on the
standard error, and the exit code is 1 then. -o json shows everything that is
known of a file.`,
		Example: `  imm get --project photos --dataset all oss://my-bucket/cat.jpg
  imm get --project photos --dataset all oss://my-bucket/cat.jpg --fields Size,Labels -o json`,
		Args: p.someURIs,
		RunE: p.call(func(ctx context.Context, client *imm.Client, args []string) error {
			if err := at.check(); err != nil {
				return err
			}
			req := imm.BatchGetFileMetaRequest{ProjectName: at.project, DatasetName: at.dataset, WithFields: wholeFields(fields)}
			var missing []string
			err := p.files(filesOf(ctx, client, req, args, &missing), fields, "")
			for _, uri := range missing {
				p.note("%s is not in the dataset.", uri)
			}
			if err == nil && len(missing) > 0 {
				return failedf("%s not in the dataset", some(len(missing), len(args), "is", "are"))
			}
			return err
		}),
	}
	at.addFlags(cmd)
	addFieldsFlag(cmd, &fields)
	return cmd
}

// filesOf asks for files, as many at a time as one call takes. Those that are not
// there go to missing.
func filesOf(ctx context.Context, client *imm.Client, req imm.BatchGetFileMetaRequest, uris []string, missing *[]string) iter.Seq2[imm.File, error] {
	return func(yield func(imm.File, error) bool) {
		for req.URIs = range slices.Chunk(uris, maxBatch) {
			resp, err := client.BatchGetFileMeta(ctx, &req)
			if err != nil {
				yield(imm.File{}, err)
				return
			}
			for _, uri := range req.URIs {
				i := slices.IndexFunc(resp.Files, func(f imm.File) bool { return f.URI == uri })
				if i < 0 {
					*missing = append(*missing, uri)
				} else if !yield(resp.Files[i], nil) {
					return
				}
			}
		}
	}
}

func addFieldsFlag(cmd *cobra.Command, fields *[]string) {
	cmd.Flags().StringSliceVar(fields, "fields", nil, "`NAMES` of the parts to show, such as Size,CustomLabels.category (default all)")
}

// withURI adds what tells files apart.
func withURI(fields []string) []string {
	if len(fields) == 0 || slices.Contains(fields, "URI") {
		return fields
	}
	return append([]string{"URI"}, fields...)
}

// wholeFields are what to ask for: a part of a field, such as
// CustomLabels.category, only comes with all of it.
func wholeFields(fields []string) []string {
	var whole []string
	for _, name := range withURI(fields) {
		name, _, _ = strings.Cut(name, ".")
		if !slices.Contains(whole, name) {
			whole = append(whole, name)
		}
	}
	return whole
}

// files writes files. A table has a column for each field that was asked for.
func (p *program) files(files iter.Seq2[imm.File, error], fields []string, none string) error {
	columns := fileColumns
	if len(fields) > 0 {
		columns = nil
		for _, name := range withURI(fields) {
			columns = append(columns, column[imm.File]{name, func(f imm.File) string { return part(f, name) }})
		}
	}
	return list(p, files, columns, none)
}

var fileColumns = []column[imm.File]{
	{"URI", func(f imm.File) string { return f.URI }},
	{"SIZE", func(f imm.File) string { return unlessZero(f.Size) }},
	{"TYPE", func(f imm.File) string { return f.ContentType }},
	{"DIMENSIONS", dimensions},
	{"LABELS", func(f imm.File) string { return labelsOf(f.CustomLabels) }},
	{"STATUS", func(f imm.File) string { return strings.TrimSpace(string(f.ObjectStatus) + " " + f.Reason) }},
}

func dimensions(f imm.File) string {
	switch {
	case f.ImageWidth > 0:
		return strconv.FormatInt(f.ImageWidth, 10) + "x" + strconv.FormatInt(f.ImageHeight, 10)
	case f.VideoWidth > 0:
		return strconv.FormatInt(f.VideoWidth, 10) + "x" + strconv.FormatInt(f.VideoHeight, 10)
	}
	return ""
}
