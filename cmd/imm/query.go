package main

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/cmd/imm/internal/expression"
)

func (p *program) queryCommand() *cobra.Command {
	q := query{p: p}
	cmd := &cobra.Command{
		Use:   "query ['EXPR']",
		Short: "Find files by their metadata",
		Long:  "Find the files of a dataset that meet a condition, or all of them. Queries are\ncharged by the service.\n\n" + languageHelp,
		Example: `  imm query -p photos -d all 'ContentType = image/jpeg and Size >= 1048576' --sort Size --order desc
  imm query -p photos -d all 'Labels[LabelName = cat and LabelConfidence > 0.9]' --fields URI,Labels -o jsonl
  imm query -p photos -d all 'exists CustomLabels.category' --aggregate group:CustomLabels.category --aggregate sum:Size
  imm query -p photos -d all 'not exists CustomId' --dry-run -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly("'EXPR'")(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.parse(args); err != nil {
				return err
			}
			if q.dryRun {
				return one(p, q.req.Query, conditionFields)
			}
			if err := q.at.check(); err != nil {
				return err
			}
			q.req.ProjectName, q.req.DatasetName = q.at.project, q.at.dataset
			return p.call(q.run)(cmd, args)
		},
	}
	q.at.addFlags(cmd)
	flags := cmd.Flags()
	flags.Int64Var(&q.limit, "limit", 100, "show at most so many files, or groups; 0 means all files")
	flags.StringVar(&q.req.Sort, "sort", "", "`NAMES` of up to 5 fields to sort by, such as Size,Filename")
	flags.StringVar(&q.req.Order, "order", "", "`ORDERS` for the fields of --sort, such as desc,asc (default desc)")
	flags.StringArrayVar(&q.aggregations, "aggregate", nil, "show a number in place of files: `OPERATION:FIELD` with min, max, average, sum, count, distinct or group (repeatable)")
	flags.BoolVar(&q.dryRun, "dry-run", false, "show the condition that would be sent, and send nothing")
	addFieldsFlag(cmd, &q.fields)
	return cmd
}

// query is one call of imm query.
type query struct {
	p            *program
	at           target
	req          imm.SimpleQueryRequest
	fields       []string
	aggregations []string
	limit        int64
	dryRun       bool
}

func (q *query) parse(args []string) error {
	if q.limit < 0 {
		return usagef("--limit is %d; want 0 for all files, or a number above it", q.limit)
	}
	if len(args) > 0 {
		condition, err := expression.Parse(args[0])
		if err != nil {
			return usagef("query: %w%s", err, pointed(args[0], err))
		}
		q.req.Query = condition
	}
	for _, a := range q.aggregations {
		operation, field, found := strings.Cut(a, ":")
		if !found || operation == "" || field == "" {
			return usagef("--aggregate: %s is not OPERATION:FIELD, such as sum:Size", quote(a))
		}
		q.req.Aggregations = append(q.req.Aggregations, imm.Aggregation{Field: field, Operation: imm.AggregationOperation(operation)})
	}
	if len(q.aggregations) > 0 && len(q.fields) > 0 {
		return usagef("--fields has no meaning beside --aggregate, which shows no files")
	}
	return nil
}

// pointed shows where an expression goes wrong, if it is one line.
func pointed(expr string, err error) string {
	wrong, ok := errors.AsType[*expression.Error](err)
	if !ok || expr == "" || strings.ContainsFunc(expr, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return ""
	}
	before := string([]rune(expr)[:wrong.Column-1])
	return "\n  " + expr + "\n  " + strings.Repeat(" ", text.StringWidth(before)) + "^"
}

func (q *query) run(ctx context.Context, client *imm.Client, _ []string) error {
	if len(q.req.Aggregations) > 0 {
		return q.aggregate(ctx, client)
	}
	q.req.WithFields = wholeFields(q.fields)
	if q.limit > 0 {
		q.req.MaxResults = min(q.limit+1, maxBatch) // one more shows whether there are more
	}
	shown, more := int64(0), false
	err := q.p.files(atMost(client.SimpleQueryFiles(ctx, &q.req), q.limit, &shown, &more), q.fields, "No file is found.")
	switch {
	case err != nil:
		return err
	case more:
		q.p.note("These are the first %s. There are more; --limit 0 shows all.", count(shown, "file"))
	}
	return nil
}

// atMost ends behind the first files, and notes whether there are more.
func atMost(files iter.Seq2[imm.File, error], limit int64, shown *int64, more *bool) iter.Seq2[imm.File, error] {
	return func(yield func(imm.File, error) bool) {
		for file, err := range files {
			if err == nil && limit > 0 && *shown == limit {
				*more = true
				return
			}
			if !yield(file, err) {
				return
			}
			*shown++
		}
	}
}

func (q *query) aggregate(ctx context.Context, client *imm.Client) error {
	q.req.MaxResults = min(q.limit, 2000)
	resp, err := client.SimpleQuery(ctx, &q.req)
	if err != nil {
		return err
	}
	return list(q.p, func(yield func(imm.AggregationResult, error) bool) {
		for _, result := range resp.Aggregations {
			if !yield(result, nil) {
				return
			}
		}
	}, []column[imm.AggregationResult]{
		{"OPERATION", func(r imm.AggregationResult) string { return string(r.Operation) }},
		{"FIELD", func(r imm.AggregationResult) string { return r.Field }},
		{"VALUE", aggregated},
	}, "")
}

// aggregated shows the number of an aggregation, or its groups.
func aggregated(r imm.AggregationResult) string {
	if r.Operation != imm.AggregateGroup {
		return strconv.FormatFloat(r.Value, 'f', -1, 64)
	}
	texts := make([]string, len(r.Groups))
	for i, g := range r.Groups {
		texts[i] = g.Value + ": " + grouped(g.Count)
	}
	return strings.Join(texts, ", ")
}

// conditionFields show a condition as the language writes it, which is how it was
// understood.
var conditionFields = []column[imm.QueryCondition]{
	{"Expression", expression.Format},
	{"Condition", imm.QueryCondition.String},
}

const languageHelp = `An expression compares fields of files, by the names that the service gives them:

  Size >= 1048576                  = (or ==), !=, >, >=, <, <=
  Filename ^= "photos/"            begins with
  Title ~ "red car"                has the words, in their order
  exists CustomLabels.category     has the field
  Labels[LabelName = cat and LabelConfidence > 0.9]
                                   one element of a list meets all of this; names are
                                   parts of it

and, or and not join them, in that order: not before and, and before or.
Parentheses group them. What has spaces, quotes, brackets or operators in it, and a
field with the name of such a word, needs quotes: "red car" with the escapes of Go,
or 'red car' without any. The type of a field decides how its values compare: as
numbers, as times such as 2024-01-01T00:00:00Z, or as text.

and, or, not, != and brackets add a level each, of which there are at most 5. One
group has at most 100 conditions.`
