package main

import (
	"context"
	"errors"
	"time"

	"github.com/imm-go/imm/bulk"
)

// indexSummary is what became of the files of a run.
type indexSummary struct {
	Files     int64   `json:"Files"`
	Accepted  int64   `json:"Accepted"`
	Indexed   int64   `json:"Indexed"`
	Failed    int64   `json:"Failed"`
	Unsent    int64   `json:"Unsent"`
	Requests  int64   `json:"Requests"`
	Throttled int64   `json:"Throttled"`
	Seconds   float64 `json:"Seconds"`
	FailedIn  string  `json:"FailedIn,omitzero"` // the file that lists them

	confirmed bool
}

var summaryFields = []column[indexSummary]{
	{"Files", func(s indexSummary) string { return grouped(s.Files) }},
	{"Accepted", func(s indexSummary) string {
		if s.confirmed {
			return unlessZero(s.Accepted)
		}
		return grouped(s.Accepted)
	}},
	{"Indexed", func(s indexSummary) string {
		if s.confirmed {
			return grouped(s.Indexed)
		}
		return ""
	}},
	{"Failed", func(s indexSummary) string { return grouped(s.Failed) }},
	{"Failed files", func(s indexSummary) string { return s.FailedIn }},
	{"Not sent", func(s indexSummary) string { return unlessZero(s.Unsent) }},
	{"Requests", func(s indexSummary) string { return grouped(s.Requests) }},
	{"Throttled", func(s indexSummary) string { return unlessZero(s.Throttled) }},
	{"Time", func(s indexSummary) string {
		return time.Duration(s.Seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
	}},
}

// show shows the summary: on the standard error if the results are what is wanted.
func (x *indexing) show(s bulk.Summary, took time.Duration, failures *failureList) error {
	summary := indexSummary{
		Files: s.Added, Accepted: s.Accepted, Indexed: s.Indexed, Failed: s.Failed, Unsent: s.Unsent,
		Requests: s.Requests, Throttled: s.Throttled, Seconds: took.Seconds(), FailedIn: failures.path,
		confirmed: x.confirm.value != "none",
	}
	p := *x.p
	if p.output.value == "jsonl" {
		p.out, p.output.value = p.err, "table"
	}
	return one(&p, summary, summaryFields)
}

// listSummary is what a list has, for --dry-run.
type listSummary struct {
	Files    int64  `json:"Files"`
	Requests int64  `json:"Requests"` // at least, if every one can be full
	BadLines int64  `json:"BadLines"`
	FirstBad string `json:"FirstBad,omitzero"`
}

var listFields = []column[listSummary]{
	{"Files", func(s listSummary) string { return grouped(s.Files) }},
	{"Requests", func(s listSummary) string { return "at least " + grouped(s.Requests) }},
	{"Bad lines", func(s listSummary) string { return grouped(s.BadLines) }},
	{"The first", func(s listSummary) string { return s.FirstBad }},
}

// count reads the list and sends nothing. What a journal has as done is counted,
// too: whose it is, only a run finds out.
func (x *indexing) count(ctx context.Context) error {
	work, err := x.open()
	if err != nil {
		return err
	}
	defer work.close()
	s, err := countList(ctx, work.source, "", nil)
	if err != nil {
		return err
	}
	shown := listSummary{Files: s.files, Requests: (s.files + maxBatch - 1) / maxBatch, BadLines: s.bad}
	if s.firstBad != nil {
		shown.FirstBad = s.firstBad.Error()
	}
	err = one(x.p, shown, listFields)
	if err == nil && s.bad > 0 {
		return failedf("%s cannot be read as files", count(s.bad, "line"))
	}
	if err == nil && s.files == 0 {
		return errors.New(noFiles)
	}
	return err
}
