package imm

import (
	"context"
	"iter"

	"github.com/imm-go/imm/internal/wire"
)

// SimpleQueryRequest asks for the files of a dataset that meet conditions, or for
// numbers about them.
type SimpleQueryRequest struct {
	ProjectName string // required
	DatasetName string // required
	// Query is the condition, best made by package query; zero: all files.
	Query QueryCondition
	// Sort has up to 5 fields, joined by commas: "Size,Filename". Order has "asc"
	// or "desc" for each, joined by commas: fields beyond those it names are asc,
	// and without Order all are desc.
	Sort, Order string
	// Aggregations ask for numbers about the files instead of the files.
	Aggregations []Aggregation
	// MaxResults is how many files one answer may have, 1 to 100, or how many
	// groups with Aggregations, 1 to 2000; 0 means 100.
	MaxResults       int64
	NextToken        string   // of the answer before; empty: the first page
	WithFields       []string // the parts of File to return, such as Size; none: all
	WithoutTotalHits bool     // leave TotalHits out, which makes the query cheaper for the service
}

// SimpleQueryResponse is the answer to SimpleQuery: Files, or Aggregations if
// they were asked for.
type SimpleQueryResponse struct {
	Files        []File              `json:"Files"`
	Aggregations []AggregationResult `json:"Aggregations"`
	TotalHits    int64               `json:"TotalHits"` // of all pages; 0 with WithoutTotalHits
	NextToken    string              `json:"NextToken"` // empty: there are no more
	RequestID    string              `json:"RequestId"`
}

// AggregationOperation is what is made of a field of all files found.
type AggregationOperation string

// The aggregations that the service documents.
const (
	AggregateMin      AggregationOperation = "min"
	AggregateMax      AggregationOperation = "max"
	AggregateAverage  AggregationOperation = "average"
	AggregateSum      AggregationOperation = "sum"
	AggregateCount    AggregationOperation = "count"    // files that have the field
	AggregateDistinct AggregationOperation = "distinct" // different values
	AggregateGroup    AggregationOperation = "group"    // files for each value
)

// Aggregation asks for a number about all files found, or for groups of them.
type Aggregation struct {
	Field     string               `json:"Field,omitzero"`
	Operation AggregationOperation `json:"Operation,omitzero"`
}

// AggregationResult is the answer to an Aggregation: Value, or Groups for
// AggregateGroup. A Value of zero is also what the least, the greatest and the
// average of nothing have: AggregateCount tells these apart.
type AggregationResult struct {
	Field     string               `json:"Field"`
	Operation AggregationOperation `json:"Operation"`
	Value     float64              `json:"Value,omitzero"`
	Groups    []AggregationGroup   `json:"Groups,omitzero"` // the largest first, equal ones by value
}

// AggregationGroup is how many of the files found have a value.
type AggregationGroup struct {
	Value string `json:"Value"`
	Count int64  `json:"Count"`
}

// SimpleQuery returns the files of a dataset that meet the conditions, one page
// of them, or numbers about all of them. SimpleQueryFiles goes through all pages.
// A query costs money.
//
// Errors match ErrNotFound if the project or the dataset does not exist. What is
// wrong with a condition, as Query.SubQueries[2].Field, is a *ValidationError: an
// operation that is not known, an and, or, not or nested without sub-queries or
// with more than 100, more than 5 levels. So are more than 5 fields in Sort, other
// words than asc and desc in Order, a MaxResults out of range, names against the
// rule, and text that is not UTF-8. Which fields there are, and what can be done
// with each, is for the service to judge, with errors that match
// ErrInvalidArgument. SimpleQuery is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-simplequery
func (c *Client) SimpleQuery(ctx context.Context, req *SimpleQueryRequest) (*SimpleQueryResponse, error) {
	v := validator{action: "SimpleQuery"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		if !req.Query.isZero() {
			v.condition("Query", &req.Query, 1)
		}
		v.sort(req.Sort, req.Order)
		v.aggregations(req.Aggregations)
		most := int64(100)
		if len(req.Aggregations) > 0 {
			most = 2000
		}
		v.within("MaxResults", req.MaxResults, most)
		v.text("NextToken", req.NextToken, optional)
		v.withFields(req.WithFields)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		if len(req.Aggregations) > 0 {
			p.JSON("Aggregations", func(dst []byte) []byte { return wire.AppendArray(dst, req.Aggregations, appendAggregation) })
		}
		p.Text("DatasetName", req.DatasetName)
		p.OptionalInt("MaxResults", req.MaxResults)
		p.OptionalText("NextToken", req.NextToken)
		p.OptionalText("Order", req.Order)
		p.Text("ProjectName", req.ProjectName)
		if !req.Query.isZero() {
			p.JSON("Query", func(dst []byte) []byte { return appendCondition(dst, &req.Query) })
		}
		p.OptionalText("Sort", req.Sort)
		p.OptionalStrings("WithFields", req.WithFields)
		p.OptionalBool("WithoutTotalHits", req.WithoutTotalHits)
	}, func(r *SimpleQueryResponse) (string, bool) {
		return r.RequestID, r.RequestID != "" || r.Files != nil || r.Aggregations != nil
	})
}

// SimpleQueryFiles goes through all files that SimpleQuery finds, from the page
// of the request's NextToken on, and asks for a page, of MaxResults files, when it
// comes to it. Files that change meanwhile may be missed or come twice.
//
// The first error ends it: those of SimpleQuery, a page token that the service
// gives a second time, and a *ValidationError for a request with Aggregations,
// whose answer has no files. The request is copied, and must not be changed in
// its parts during a loop. The iterator can be used any number of times, by
// several goroutines as well; each loop begins anew.
func (c *Client) SimpleQueryFiles(ctx context.Context, req *SimpleQueryRequest) iter.Seq2[File, error] {
	const action = "SimpleQuery"
	if req == nil {
		return noPages[File](action)
	}
	if len(req.Aggregations) > 0 {
		return onlyError[File](&ValidationError{Action: action, Field: "Aggregations", Reason: "an answer with aggregations has no files to go through; call SimpleQuery for them"})
	}
	query := *req
	query.WithoutTotalHits = true // nobody sees them here
	return pages(action, query.NextToken, func(token string) (page[File], error) {
		query := query
		query.NextToken = token
		resp, err := c.SimpleQuery(ctx, &query)
		if err != nil {
			return page[File]{}, err
		}
		return page[File]{resp.Files, resp.NextToken}, nil
	})
}

func appendAggregation(dst []byte, a *Aggregation) []byte {
	o := wire.BeginObject(dst)
	o.Text("Field", a.Field)
	o.Text("Operation", string(a.Operation))
	return o.End()
}
