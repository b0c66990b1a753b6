package imm

import (
	"context"

	"github.com/imm-go/imm/internal/wire"
)

// Region is a region in which the service can be used.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-regiontype
type Region struct {
	RegionID  string `json:"RegionId"`  // such as cn-hangzhou, as NewClient takes it
	LocalName string `json:"LocalName"` // in the language that was asked for
}

// ListRegionsRequest says in which language regions are named.
type ListRegionsRequest struct {
	AcceptLanguage string // zh-CN, en-US or ja; required
}

// ListRegionsResponse is the answer to ListRegions.
type ListRegionsResponse struct {
	Regions   []Region `json:"Regions"`
	RequestID string   `json:"RequestId"`
}

// ListRegions returns the regions in which the service can be used, all of them
// at once. An AcceptLanguage that is empty or not UTF-8 is a *ValidationError.
// ListRegions is safe for concurrent use.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-listregions
func (c *Client) ListRegions(ctx context.Context, req *ListRegionsRequest) (*ListRegionsResponse, error) {
	v := validator{action: "ListRegions"}
	if v.notNil(req != nil) {
		v.text("AcceptLanguage", req.AcceptLanguage, required)
	}
	if v.failed != nil {
		return nil, v.failed
	}
	resp, _, err := invoke(ctx, c, v.action, func(p *wire.Params) {
		p.Text("AcceptLanguage", req.AcceptLanguage)
	}, func(r *ListRegionsResponse) (string, bool) { return r.RequestID, r.RequestID != "" || r.Regions != nil })
	return resp, err
}
