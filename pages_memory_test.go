package imm_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// endlessBindings answers ListBindings in memory with so many pages of 200. What
// it holds is made once, so that what is measured is the client.
type endlessBindings struct {
	pages int
	items []byte // the answer up to the token
	seen  func() // is called for each page
}

func newEndlessBindings(pages int, seen func()) *endlessBindings {
	var items []string
	for i := range 200 {
		items = append(items, fmt.Sprintf(`{"Phase":"IncrementalScanning","ProjectName":"test-project","DatasetName":"test-dataset","State":"Running",`+
			`"CreateTime":"2022-07-06T07:03:28.054762739+08:00","UpdateTime":"2022-07-06T07:03:28.054762739+08:00","URI":"oss://test-bucket-%d"}`, i))
	}
	return &endlessBindings{pages, []byte(`{"RequestId":"R","Bindings":[` + strings.Join(items, ",") + `],"NextToken":"`), seen}
}

func (e *endlessBindings) RoundTrip(req *http.Request) (*http.Response, error) {
	e.seen()
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	page, _ := strconv.Atoi(strings.TrimLeft(query.Get("NextToken"), "A")) // the first page has none
	next := ""
	if page+1 < e.pages {
		next = fmt.Sprintf("%0*s", 100, strconv.Itoa(page+1)) // as long as tokens are
		next = strings.Repeat("A", 100) + strings.TrimLeft(next, "0 ")
	}
	body := io.MultiReader(bytes.NewReader(e.items), strings.NewReader(next+`"}`))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: req, Body: io.NopCloser(body), ContentLength: -1}, nil
}

func (e *endlessBindings) client(tb testing.TB) *imm.Client {
	tb.Helper()
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithHTTPClient(&http.Client{Transport: e}))
	require.NoError(tb, err)
	return client
}

// TestAMillionBindingsNeedNoMoreMemoryThanAFew is not parallel, because the heap
// belongs to all tests.
func TestAMillionBindingsNeedNoMoreMemoryThanAFew(t *testing.T) {
	const million, most = 1_000_000, 8 << 20
	var peak uint64
	pages := 0
	measure := func() {
		if pages++; pages%20 == 0 { // reading the numbers stops the world
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	client := newEndlessBindings(million/200, measure).client(t)
	var start runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&start)
	count := 0
	for binding, err := range client.Bindings(t.Context(), &imm.ListBindingsRequest{ProjectName: project, DatasetName: dataset, MaxResults: 200}) {
		require.NoError(t, err)
		if binding.State != imm.StateRunning {
			t.Fatalf("binding %d is %v", count, binding)
		}
		count++
	}
	require.Equal(t, million, count)
	require.Equal(t, million/200, pages)
	require.NotZero(t, peak)
	grown := int64(peak) - int64(start.HeapAlloc)
	require.Less(t, grown, int64(most))
	t.Logf("the heap grew by %.1f MiB at most", float64(grown)/(1<<20))
}

// BenchmarkBindings reports the cost of an item of a list in pages of 200.
func BenchmarkBindings(b *testing.B) {
	client := newEndlessBindings(1<<40, func() {}).client(b)
	req := &imm.ListBindingsRequest{ProjectName: project, DatasetName: dataset, MaxResults: 200}
	ctx := b.Context()
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for _, err := range client.Bindings(ctx, req) {
		if err != nil {
			b.Fatal(err)
		}
		if n++; n >= b.N {
			break
		}
	}
}
