package imm

import (
	"context"
	"fmt"
	"iter"
	"unicode/utf8"

	"github.com/imm-go/imm/internal/wire"
)

// FuzzyQueryRequest asks for the files of a dataset in whose metadata a text
// occurs.
type FuzzyQueryRequest struct {
	ProjectName string // required
	DatasetName string // required
	Query       string // the text to look for; required
	// Sort has up to 5 fields, joined by commas: "Size,Filename". Order has "asc"
	// or "desc" for each, joined by commas: fields beyond those it names are asc,
	// and without Order all are desc.
	Sort, Order string
	MaxResults  int64    // of one page; 0 to 200, and 0 leaves it to the service
	NextToken   string   // of the answer before; empty: the first page
	WithFields  []string // the parts of File to return, such as Size; none: all
}

// FuzzyQueryResponse is the answer to FuzzyQuery.
type FuzzyQueryResponse struct {
	Files     []File `json:"Files"`
	TotalHits int64  `json:"TotalHits"` // of all pages
	NextToken string `json:"NextToken"` // empty: there are no more
	RequestID string `json:"RequestId"`
}

// FuzzyQuery returns one page of the files of a dataset in whose metadata a text
// occurs: in the name, the path, labels, custom labels and texts. FuzzyQueryFiles
// goes through all pages. A query costs money.
//
// Errors match ErrNotFound if the project or the dataset does not exist. An empty
// Query, more than 5 fields in Sort, other words than asc and desc in Order, a
// MaxResults that is not from 0 to 200, names against the rule and text that is
// not UTF-8 are a *ValidationError. FuzzyQuery is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-fuzzyquery
func (c *Client) FuzzyQuery(ctx context.Context, req *FuzzyQueryRequest) (*FuzzyQueryResponse, error) {
	v := validator{action: "FuzzyQuery"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		v.text("Query", req.Query, required)
		v.sort(req.Sort, req.Order)
		v.within("MaxResults", req.MaxResults, 200)
		v.text("NextToken", req.NextToken, optional)
		v.withFields(req.WithFields)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.OptionalInt("MaxResults", req.MaxResults)
		p.OptionalText("NextToken", req.NextToken)
		p.OptionalText("Order", req.Order)
		p.Text("ProjectName", req.ProjectName)
		p.Text("Query", req.Query)
		p.OptionalText("Sort", req.Sort)
		p.OptionalStrings("WithFields", req.WithFields)
	}, func(r *FuzzyQueryResponse) (string, bool) { return r.RequestID, r.RequestID != "" || r.Files != nil })
}

// FuzzyQueryFiles goes through all files that FuzzyQuery finds, from the page of
// the request's NextToken on, and asks for a page, of MaxResults files, when it
// comes to it. Files that change meanwhile may be missed or come twice.
//
// The first error ends it: those of FuzzyQuery, and a page token that the service
// gives a second time. The request is copied, and must not be changed in its
// parts during a loop. The iterator can be used any number of times, by several
// goroutines as well; each loop begins anew.
func (c *Client) FuzzyQueryFiles(ctx context.Context, req *FuzzyQueryRequest) iter.Seq2[File, error] {
	const action = "FuzzyQuery"
	if req == nil {
		return noPages[File](action)
	}
	query := *req
	return pages(action, query.NextToken, func(token string) (page[File], error) {
		query := query
		query.NextToken = token
		resp, err := c.FuzzyQuery(ctx, &query)
		if err != nil {
			return page[File]{}, err
		}
		return page[File]{resp.Files, resp.NextToken}, nil
	})
}

// SemanticQueryRequest asks for the files of a dataset that fit a description in
// words, or that are like another file.
type SemanticQueryRequest struct {
	ProjectName string      // required
	DatasetName string      // required
	Query       string      // the description, such as "mountains in the snow, 2023"
	SourceURI   string      // the URI of a file that is like those to find; this or Query is required
	MediaTypes  []MediaType // of the files to find; none: all
	MaxResults  int64       // 0 to 1000, of which the service may return 100 at most; 0 leaves it to the service
	NextToken   string      // documented, and said to have no effect: there is one page only
	WithFields  []string    // the parts of File to return, such as Size; none: all
}

// SemanticQueryResponse is the answer to SemanticQuery, the best fit first. There
// is only one page.
type SemanticQueryResponse struct {
	Files     []File `json:"Files"`
	RequestID string `json:"RequestId"`
}

// SemanticQuery returns the files of a dataset that fit a description best. What
// the service understands of it, and whether it looks into images and videos,
// depends on the workflow template of the dataset. It costs money for the
// understanding and for the query, and not all regions have it.
//
// Errors match ErrNotFound if the project or the dataset does not exist. Neither
// Query nor SourceURI, a SourceURI that names no file, a MaxResults that is not
// from 0 to 1000, names against the rule and text that is not UTF-8 are a
// *ValidationError. SemanticQuery is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-semanticquery
func (c *Client) SemanticQuery(ctx context.Context, req *SemanticQueryRequest) (*SemanticQueryResponse, error) {
	v := validator{action: "SemanticQuery"}
	if v.notNil(req != nil) {
		v.name("ProjectName", req.ProjectName, required)
		v.name("DatasetName", req.DatasetName, required)
		if req.Query == "" && req.SourceURI == "" {
			v.fail("Query", "it is empty, and so is SourceURI; want a description or a file that is like those to find")
		}
		v.text("Query", req.Query, optional)
		if req.SourceURI != "" {
			v.fileURI("SourceURI", req.SourceURI)
		}
		for i, mediaType := range req.MediaTypes {
			if mediaType == "" || !utf8.ValidString(string(mediaType)) {
				v.fail(fmt.Sprintf("MediaTypes[%d]", i), quote(string(mediaType))+" is not a media type; want one such as "+string(MediaImage))
			}
		}
		v.within("MaxResults", req.MaxResults, 1000)
		v.text("NextToken", req.NextToken, optional)
		v.withFields(req.WithFields)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	return ask(ctx, c, v.action, func(p *wire.Params) {
		p.Text("DatasetName", req.DatasetName)
		p.OptionalInt("MaxResults", req.MaxResults)
		if req.MediaTypes != nil {
			p.JSON("MediaTypes", func(dst []byte) []byte {
				return wire.AppendArray(dst, req.MediaTypes, func(dst []byte, m *MediaType) []byte { return wire.AppendString(dst, string(*m)) })
			})
		}
		p.OptionalText("NextToken", req.NextToken)
		p.Text("ProjectName", req.ProjectName)
		p.OptionalText("Query", req.Query)
		p.OptionalText("SourceURI", req.SourceURI)
		p.OptionalStrings("WithFields", req.WithFields)
	}, func(r *SemanticQueryResponse) (string, bool) { return r.RequestID, r.RequestID != "" || r.Files != nil })
}
