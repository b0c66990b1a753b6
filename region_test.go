package imm_test

import (
	"testing"

	"github.com/imm-go/imm"
)

func TestRegionsGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	checkExchanges(t, map[string]exchange{
		"in a language": {
			"ListRegions", `AcceptLanguage=zh-CN`, `{"RequestId":"R","Regions":[{"RegionId":"cn-hangzhou","LocalName":"华东1(杭州)"},{"RegionId":"cn-beijing"}]}`,
			calling((*imm.Client).ListRegions, &imm.ListRegionsRequest{AcceptLanguage: "zh-CN"}),
			&imm.ListRegionsResponse{RequestID: "R", Regions: []imm.Region{{RegionID: "cn-hangzhou", LocalName: "华东1(杭州)"}, {RegionID: "cn-beijing"}}},
		},
		"none": {
			"ListRegions", `AcceptLanguage=en-US`, `{"RequestId":"R","Regions":[]}`,
			calling((*imm.Client).ListRegions, &imm.ListRegionsRequest{AcceptLanguage: "en-US"}),
			&imm.ListRegionsResponse{RequestID: "R", Regions: []imm.Region{}},
		},
	})
}
