package bulk

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// BenchmarkSource reads lists of 1,000 files: an operation is one file.
func BenchmarkSource(b *testing.B) {
	const lines = 1000
	var uris, csv, jsonLines strings.Builder
	csv.WriteString("URI,CustomId,label:city\n")
	for i := range lines {
		fmt.Fprintf(&uris, "oss://test-bucket/photos/2026/11/IMG_%07d.jpg\n", i)
		fmt.Fprintf(&csv, "oss://test-bucket/photos/2026/11/IMG_%07d.jpg,%d,Paris\n", i, i)
		fmt.Fprintf(&jsonLines, `{"URI":"oss://test-bucket/photos/2026/11/IMG_%07d.jpg","CustomId":"%d","CustomLabels":{"city":"Paris"}}`+"\n", i, i)
	}
	for _, format := range []struct {
		name string
		open func(string, io.Reader) Source
		text string
	}{{"URIs", URIs, uris.String()}, {"CSV", CSV, csv.String()}, {"JSONLines", JSONLines, jsonLines.String()}} {
		b.Run(format.name, func(b *testing.B) {
			b.ReportAllocs()
			source := format.open("list", strings.NewReader(format.text))
			for n := 0; n < b.N; {
				for _, err := range source.Items(b.Context(), "") {
					if err != nil {
						b.Fatal(err)
					}
					if n++; n == b.N {
						break
					}
				}
			}
		})
	}
}
