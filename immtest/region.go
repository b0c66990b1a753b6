package immtest

import (
	"fmt"
	"slices"
)

// regions are those that are known to have the service, and their names in the
// languages in which they can be had. The names are those of Alibaba Cloud's
// lists of regions; what IMM itself writes is not documented.
var regions = []struct {
	id                         string
	english, chinese, japanese string
}{
	{"cn-beijing", "China (Beijing)", "华北2（北京）", "中国 (北京)"},
	{"cn-hangzhou", "China (Hangzhou)", "华东1（杭州）", "中国 (杭州)"},
	{"cn-shanghai", "China (Shanghai)", "华东2（上海）", "中国 (上海)"},
	{"cn-shenzhen", "China (Shenzhen)", "华南1（深圳）", "中国 (深セン)"},
	{"cn-zhangjiakou", "China (Zhangjiakou)", "华北3（张家口）", "中国 (張家口)"},
	{"cn-wulanchabu", "China (Ulanqab)", "华北6（乌兰察布）", "中国 (ウランチャブ)"},
	{"cn-qingdao", "China (Qingdao)", "华北1（青岛）", "中国 (青島)"},
	{"cn-guangzhou", "China (Guangzhou)", "华南3（广州）", "中国 (広州)"},
	{"cn-chengdu", "China (Chengdu)", "西南1（成都）", "中国 (成都)"},
	{"cn-hongkong", "China (Hong Kong)", "中国香港", "中国 (香港)"},
	{"ap-southeast-1", "Singapore", "新加坡", "シンガポール"},
	{"ap-southeast-2", "Australia (Sydney)", "澳大利亚（悉尼）", "オーストラリア (シドニー)"},
	{"ap-southeast-5", "Indonesia (Jakarta)", "印度尼西亚（雅加达）", "インドネシア (ジャカルタ)"},
	{"ap-south-1", "India (Mumbai)", "印度（孟买）", "インド (ムンバイ)"},
	{"us-west-1", "US (Silicon Valley)", "美国（硅谷）", "米国 (シリコンバレー)"},
	{"us-east-1", "US (Virginia)", "美国（弗吉尼亚）", "米国 (バージニア)"},
	{"eu-west-1", "UK (London)", "英国（伦敦）", "英国 (ロンドン)"},
	{"eu-central-1", "Germany (Frankfurt)", "德国（法兰克福）", "ドイツ (フランクフルト)"},
	{"cn-north-2-gov-1", "China North 2 Ali Gov 1", "华北2 阿里政务云1", "中国北部 2 Ali Gov 1"},
	{"cn-beijing-gov-1", "China (Beijing) Gov 1", "华北2 政务云1（北京）", "中国 (北京) Gov 1"},
}

type regionsAnswer struct {
	RequestID string `json:"RequestId"`
	Regions   []regionBody
}

type regionBody struct {
	RegionID  string `json:"RegionId"`
	LocalName string
}

// listRegions names the regions in one of the documented languages. That another
// one is refused is inferred: a misspelt one shows so.
func (s *Server) listRegions(c *call) (any, *failure) {
	language := c.required("AcceptLanguage")
	if languages := []string{"zh-CN", "en-US", "ja"}; language != "" && !slices.Contains(languages, language) {
		c.refuse(invalidArgument("AcceptLanguage", fmt.Sprintf("%s is none of %v", language, languages)))
	}
	if c.failed != nil {
		return nil, c.failed
	}
	out := regionsAnswer{RequestID: c.requestID}
	for _, r := range regions {
		name := r.english
		switch language {
		case "zh-CN":
			name = r.chinese
		case "ja":
			name = r.japanese
		}
		out.Regions = append(out.Regions, regionBody{r.id, name})
	}
	return out, nil
}
