package immtest

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/imm-go/imm"
)

// newLargeDataset is a server with a dataset of files as a bucket of photos gives
// them; half of them have labels.
func newLargeDataset(tb testing.TB, files int) *Server {
	tb.Helper()
	s := NewServer()
	tb.Cleanup(s.Close)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, _ := s.useDataset("test-project", "test-dataset")
	for i := range files {
		uri := fmt.Sprintf("oss://test-bucket/photos/2024/%08d.jpg", i)
		r := &record{
			uri: uri, ossURI: uri, contentType: "image/jpeg", mediaType: "image", hashed: true, crc: uint64(i), size: int64(i * 7919 % 1_000_003),
			width: int32(i % 4000), height: int32(i % 3000), created: 1, updated: int64(i + 1), modified: int64(files - i),
			labels: map[string]string{"category": fmt.Sprintf("c%d", i%100)},
		}
		if i%2 == 0 {
			r.rare = &rareFields{labels: []imm.Label{{LabelName: "cat", LabelConfidence: 0.4}, {LabelName: fmt.Sprintf("l%d", i%50), LabelConfidence: 0.9}}, title: "A walk in the wood"}
		}
		d.files[uri] = r
	}
	return s
}

// BenchmarkQuery100000Files is whole calls, from the signed request to the answer.
func BenchmarkQuery100000Files(b *testing.B) {
	const files = 100_000
	s := newLargeDataset(b, files)
	leaf := `{"Field":"ImageWidth","Operation":"lt","Value":"100"}`
	nested := `{"Field":"Labels","Operation":"nested","SubQueries":[{"Field":"LabelName","Operation":"eq","Value":"l8"},{"Field":"LabelConfidence","Operation":"gt","Value":"0.5"}]}`
	for _, c := range []struct {
		name, action string
		params       url.Values
	}{
		{"all", "SimpleQuery", inDataset()},
		{"number", "SimpleQuery", inDataset("Query", leaf)},
		{"nested", "SimpleQuery", inDataset("Query", `{"Operation":"and","SubQueries":[`+leaf+`,`+nested+`]}`)},
		{"phrase", "SimpleQuery", inDataset("Query", `{"Field":"Title","Operation":"match-phrase","Value":"the wood"}`)},
		{"sorted", "SimpleQuery", inDataset("Sort", "Size,CustomLabels.category", "Order", "desc,asc")},
		{"group", "SimpleQuery", inDataset("Aggregations", `[{"Field":"CustomLabels.category","Operation":"group"},{"Field":"Size","Operation":"sum"}]`)},
		{"fuzzy", "FuzzyQuery", inDataset("Query", "00099")},
		{"semantic", "SemanticQuery", inDataset("Query", "cat in the wood")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				resp, err := s.Transport().RoundTrip(signed(c.action, c.params))
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal("refused: ", err)
				}
				_ = resp.Body.Close()
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/files, "ns/file")
		})
	}
}
