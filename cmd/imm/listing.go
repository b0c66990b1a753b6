package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm/bulk"
)

// listing is a list of files: the arguments of a command, or what --from names.
type listing struct {
	p      *program
	uris   []string
	from   string
	format choice
	labels pairs // of all its files
}

func newListing(p *program) listing {
	return listing{p: p, format: listForms(), labels: make(pairs)}
}

func (l *listing) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&l.from, "from", "", "`FILE` with a list of files; - is the standard input")
	flags.Var(&l.format, "format", "read the list as `FORM`: "+l.format.list())
	completeChoice(cmd, "format", &l.format)
}

// listsHelp is what commands that take a list say of it.
const listsHelp = `With --from the files come from a list of any length: URIs one a line, JSON Lines
with the fields of InputFile, CSV with a header that names the column URI, the
manifest.json of an OSS inventory report, or a list of files that failed. Its first
line tells which, unless --format does. - is the standard input. In a list of URIs
a line that begins with # is left out, and all else of a line belongs to the URI,
blanks at its end as well.`

// name is what errors call the list.
func (l *listing) name() string {
	switch l.from {
	case "":
		return "the command line"
	case "-":
		return "the standard input"
	}
	return l.from
}

// openList opens the list. What is wrong with it as a whole is a mistake of the
// command line.
func (l *listing) openList() (bulk.Source, io.Closer, error) {
	source, closer, err := l.openPlain()
	if err != nil {
		return nil, nil, usagef("--from: %w", err)
	}
	return input{bulk.WithLabels(source, l.labels)}, closer, nil
}

func (l *listing) openPlain() (bulk.Source, io.Closer, error) {
	none := io.NopCloser(nil)
	switch l.from {
	case "":
		return bulk.URIs(l.name(), strings.NewReader(strings.Join(l.uris, "\n"))), none, nil
	case "-":
		return l.openText(l.p.in, none)
	}
	file, err := os.Open(l.from)
	if err != nil {
		return nil, nil, err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		_ = file.Close()
		return nil, nil, fmt.Errorf("%s is a directory; want a file with a list, such as the manifest.json in it", l.from)
	}
	return l.openText(file, file)
}

// openText finds out what form a text has, and opens it as that.
func (l *listing) openText(in io.Reader, closer io.Closer) (_ bulk.Source, _ io.Closer, err error) {
	format := l.format.value
	if format == auto {
		if in, format, err = l.recognize(in); err != nil {
			return nil, nil, errors.Join(err, closer.Close())
		}
	}
	switch format {
	case "inventory":
		_ = closer.Close() // its manifest is opened by its name
		return openInventory(l.from)
	case "jsonl":
		return bulk.JSONLines(l.name(), in), closer, nil
	case "csv":
		return bulk.CSV(l.name(), in), closer, nil
	case failedFormat:
		return bulk.JSONLines(l.name(), withoutErrors(in)), closer, nil
	}
	return bulk.URIs(l.name(), in), closer, nil
}

// recognize returns the form of a text, and a reader of all of it. A file is still
// one that can seek.
func (l *listing) recognize(in io.Reader) (all io.Reader, format string, err error) {
	if seeker, ok := in.(io.ReadSeeker); ok {
		if _, err := seeker.Seek(0, io.SeekCurrent); err == nil { // a pipe is a file, too, and refuses
			head := make([]byte, headSize)
			n, err := io.ReadFull(seeker, head)
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
				return nil, "", err
			}
			_, err = seeker.Seek(0, io.SeekStart)
			return seeker, formOf(l.from, unzipped(head[:n])), err
		}
	}
	buffered := bufio.NewReaderSize(in, headSize)
	return buffered, formOf(l.from, headOf(buffered)), nil
}

// openInventory opens an inventory report by its manifest. The list files are
// beside the folder of the manifest, so the folder above both is opened.
func openInventory(manifest string) (bulk.Source, io.Closer, error) {
	if manifest == "-" {
		return nil, nil, errors.New("the manifest of an inventory report has to be named by its file, because the list files are found beside it")
	}
	if _, err := os.Stat(manifest); err != nil {
		return nil, nil, err
	}
	path, err := filepath.Abs(manifest)
	if err != nil {
		return nil, nil, err
	}
	folder := filepath.Dir(path)
	root, err := os.OpenRoot(filepath.Dir(folder))
	if err != nil {
		return nil, nil, err
	}
	inside, err := filepath.Rel(root.Name(), path)
	if err != nil {
		return nil, nil, errors.Join(err, root.Close())
	}
	return bulk.Inventory(root.FS(), filepath.ToSlash(inside)), root, nil
}

// readableAgain reports whether the list can be read twice: a pipe cannot.
func (l *listing) readableAgain() bool {
	if l.from == "" {
		return true
	}
	info, err := os.Stat(l.from)
	return err == nil && info.Mode().IsRegular() && l.from != "-"
}

// input is a list of which nothing was read yet. An error that ends it before its
// first item, such as a header without a URI, is a mistake of the command line.
type input struct{ bulk.Source }

// Fingerprint is that of the list.
func (i input) Fingerprint(ctx context.Context) (string, error) {
	fingerprint, err := i.Source.Fingerprint(ctx)
	if err != nil && ctx.Err() == nil {
		err = asUsage(err)
	}
	return fingerprint, err
}

// Items is that of the list.
func (i input) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		begun := false
		for item, err := range i.Source.Items(ctx, after) {
			if err != nil && item.Position == "" && !begun && ctx.Err() == nil {
				err = asUsage(err)
			}
			begun = true
			if !yield(item, err) {
				return
			}
		}
	}
}
