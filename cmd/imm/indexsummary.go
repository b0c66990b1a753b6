package main

import (
	"context"
	"fmt"
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
	// FailedBefore are those that the journal has of earlier runs, and no run has sent
	// again.
	FailedBefore int64 `json:"FailedBefore,omitzero"`

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
	{"Failed before", func(s indexSummary) string { return unlessZero(s.FailedBefore) }},
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
	if !x.retryFailed {
		summary.FailedBefore = x.before.files + x.before.lines
	}
	p := *x.p
	beside := p
	beside.out, beside.output.value = p.err, "table"
	if p.output.value == "jsonl" {
		return one(&beside, summary, summaryFields)
	}
	err := one(&p, summary, summaryFields)
	if p.outputGone() {
		return one(&beside, summary, summaryFields)
	}
	return err
}

// listSummary is what a list has, for --dry-run.
type listSummary struct {
	Files    int64     `json:"Files"`
	Requests int64     `json:"Requests"` // at least, if every one can be full
	BadLines int64     `json:"BadLines"`
	FirstBad []badItem `json:"FirstBad,omitempty"`
	Blanks   int64     `json:"Blanks,omitzero"` // URIs that end with one
}

var listFields = []column[listSummary]{
	{"Files", func(s listSummary) string { return grouped(s.Files) }},
	{"Requests", func(s listSummary) string { return "at least " + grouped(s.Requests) }},
	{"Bad lines", func(s listSummary) string { return grouped(s.BadLines) }},
}

// count reads the list and sends nothing. What would be refused before it is sent
// counts as bad, too, and what the journal has as done does not count.
func (x *indexing) count(ctx context.Context) error {
	if x.journalPath != "" && !x.retryFailed {
		if err := x.at.check(); err != nil {
			return err // a journal is of one dataset
		}
	}
	work, err := x.open()
	if err != nil {
		return err
	}
	defer work.close()
	check, err := newChecker()
	if err != nil {
		return err
	}
	counter := surveyor{name: x.name(), check: check.file}
	if x.p.output.value == "jsonl" {
		counter.tell = func(bad badItem) error { return one(x.p, bad, nil) }
	}
	s, err := x.countRest(ctx, work, counter)
	if err != nil {
		return err
	}
	if err := x.showSurvey(s); err != nil {
		return err
	}
	if x.retryFailed {
		x.p.notes(x.before.again())
	}
	switch {
	case s.bad > 0:
		return failedf("%s", lines(s.bad, "cannot be read or sent as a file", "cannot be read or sent as files"))
	case x.retryFailed && x.before.lines > 0:
		return x.before.failure(true)
	case x.retryFailed:
	case s.files == 0 && (work.journal == nil || !work.goesOn):
		return usagef("%s", noFiles)
	}
	return nil
}

// showSurvey shows what a list has. As jsonl its bad lines were shown as they came.
func (x *indexing) showSurvey(s survey) error {
	summary := listSummary{
		Files: s.files, Requests: (s.files + maxBatch - 1) / maxBatch, BadLines: s.bad, FirstBad: s.firstBad, Blanks: s.blanks.files,
	}
	p := *x.p
	if p.output.value == "jsonl" {
		p.out, p.output.value = p.err, "table"
		summary.FirstBad = nil
	}
	if err := one(&p, summary, listFields); err != nil || p.output.value != "table" {
		return err
	}
	var more []string
	for _, bad := range summary.FirstBad {
		more = append(more, bad.Error)
	}
	if rest := s.bad - int64(len(summary.FirstBad)); rest > 0 && summary.FirstBad != nil {
		more = append(more, "… and "+grouped(rest)+" more, which -o jsonl shows")
	}
	if s.blanks.files > 0 {
		more = append(more, s.blanks.sentence())
	}
	for _, line := range more {
		if _, err := fmt.Fprintln(p.out, printable(line)); err != nil {
			return err
		}
	}
	return nil
}
