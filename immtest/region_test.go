package immtest

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRegionsAreNamedInTheLanguageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for language, first := range map[string]string{"en-US": "China (Beijing)", "zh-CN": "华北2（北京）", "ja": "中国 (北京)"} {
		body := ask(t, s, "ListRegions", url.Values{"AcceptLanguage": {language}})
		require.Len(t, body, 2)
		require.Len(t, body["Regions"], 20)
		require.Equal(t, map[string]any{"RegionId": "cn-beijing", "LocalName": first}, body["Regions"].([]any)[0])
		seen := make(map[string]bool)
		for _, id := range names("RegionId", "Regions", body) {
			require.False(t, seen[id], id)
			seen[id] = true
		}
		require.NotContains(t, names("LocalName", "Regions", body), "")
	}
	failsWith(t, s, "MissingAcceptLanguage", "ListRegions", nil)
	require.Contains(t, failsWith(t, s, "InvalidArgument", "ListRegions", url.Values{"AcceptLanguage": {"en_US"}}), "en-US")
}
