package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// column is one column of a table: its title, and what it shows of an item.
type column[T any] struct {
	title string
	show  func(T) string
}

// list writes items in the form that -o names. As JSON each item is written when
// it comes, so that a list of any length can be; a table needs to see them all to
// know its widths. What was written before an error is complete in its form. A
// table without rows is the sentence none, for those who look at it.
func list[T any](p *program, items iter.Seq2[T, error], columns []column[T], none string) error {
	if p.output.value == "table" {
		return listTable(p, items, columns, none)
	}
	written := 0
	var failed error
	for item, err := range items {
		if failed = err; err != nil {
			break
		}
		data, err := p.marshal(item)
		if err != nil {
			return err
		}
		switch {
		case p.output.value == "jsonl":
			_, err = fmt.Fprintf(p.out, "%s\n", data)
		case written == 0:
			_, err = fmt.Fprintf(p.out, "[\n  %s", indented(data))
		default:
			_, err = fmt.Fprintf(p.out, ",\n  %s", indented(data))
		}
		if err != nil {
			return err
		}
		written++
	}
	if p.output.value == "json" {
		closing := "\n]"
		if written == 0 {
			closing = "[]"
		}
		if _, err := fmt.Fprintln(p.out, closing); err != nil {
			return err
		}
	}
	return failed
}

// indented is a JSON text as an element of a list.
func indented(data []byte) []byte { return bytes.ReplaceAll(data, []byte("\n"), []byte("\n  ")) }

func listTable[T any](p *program, items iter.Seq2[T, error], columns []column[T], none string) error {
	t := newTable(p.out)
	titles := make(table.Row, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	t.AppendHeader(titles)
	var failed error
	for item, err := range items {
		if failed = err; err != nil {
			break
		}
		row := make(table.Row, len(columns))
		for i, c := range columns {
			row[i] = printable(c.show(item))
		}
		t.AppendRow(row)
	}
	switch {
	case t.Length() > 0:
		t.Render()
	case failed == nil && none != "":
		p.note("%s", none)
	}
	return failed
}

// one writes a single item: as a table its fields are below each other, and those
// without text are left out.
func one[T any](p *program, item T, fields []column[T]) error {
	if p.output.value != "table" {
		data, err := p.marshal(item)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "%s\n", data)
		return err
	}
	t := newTable(p.out)
	for _, f := range fields {
		if value := f.show(item); value != "" {
			t.AppendRow(table.Row{f.title, printable(value)})
		}
	}
	t.Render()
	return nil
}

func newTable(out io.Writer) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

// marshal writes an item as the service would: in one line for jsonl, and else in
// several.
func (p *program) marshal(item any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if p.output.value == "json" {
		encoder.SetIndent("", "  ")
	}
	err := encoder.Encode(item)
	return escapeControls(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}

// escapeControls escapes what JSON lets through and a terminal takes for a command:
// the control characters from U+007F to U+009F.
func escapeControls(data []byte) []byte {
	control := func(r rune) bool { return r >= 0x7f && r <= 0x9f }
	if bytes.IndexFunc(data, control) < 0 {
		return data
	}
	var b bytes.Buffer
	for _, r := range string(data) {
		if control(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}
