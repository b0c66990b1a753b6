package immtest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/imm-go/imm"
)

// How many requests a second a test can send: GetBinding as the client of the SDK
// sends it, by as many goroutines as there are processors.
func benchmarkGetBinding(b *testing.B, client *imm.Client) {
	b.Helper()
	b.ReportAllocs()
	req := &imm.GetBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.GetBinding(b.Context(), req); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func newBoundServer(b *testing.B) *Server {
	b.Helper()
	s := NewServer(WithBucket("test-bucket", nil))
	b.Cleanup(s.Close)
	resp, err := s.Transport().RoundTrip(createBinding("http://localhost/"))
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal("no binding: ", err)
	}
	return s
}

func BenchmarkTransport(b *testing.B) { benchmarkGetBinding(b, newBoundServer(b).Client()) }

func BenchmarkLoopback(b *testing.B) {
	s := newBoundServer(b)
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(AccessKeyID, AccessKeySecret, ""), imm.WithEndpoint(s.URL()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.CloseIdleConnections)
	benchmarkGetBinding(b, client)
}

// BenchmarkServe is the share of the server alone: requests that were signed
// before, of one file and of a batch of a hundred.
func BenchmarkServe(b *testing.B) {
	files := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"URI":"oss://test-bucket/photos/2024/%06d.jpg","CustomLabels":{"category":"Pets"}}`, i))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	for name, c := range map[string]struct {
		action string
		params url.Values
	}{
		"GetBinding":             {"GetBinding", bindTestBucket},
		"BatchIndexFileMeta/1":   {"BatchIndexFileMeta", inDataset("Files", files(1))},
		"BatchIndexFileMeta/100": {"BatchIndexFileMeta", inDataset("Files", files(100))},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			s := newBoundServer(b)
			by := s.Transport()
			req := unsigned(c.action, nil)
			body := c.params.Encode()
			setForm(req, c.params)
			for b.Loop() {
				b.StopTimer()
				req.Header.Set("X-Acs-Signature-Nonce", newRequestID())
				sign(req, AccessKeyID, AccessKeySecret)
				req.Body = io.NopCloser(strings.NewReader(body))
				b.StartTimer()
				resp, err := by.RoundTrip(req)
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal("refused: ", err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
