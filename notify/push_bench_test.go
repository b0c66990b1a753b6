package notify

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// discarding is a ResponseWriter that costs nothing.
type discarding struct {
	header http.Header
	status int
}

func (d *discarding) Header() http.Header            { return d.header }
func (d *discarding) Write(text []byte) (int, error) { return len(text), nil }
func (d *discarding) WriteHeader(status int)         { d.status = status }

func BenchmarkAPushWithTheCertificateCached(b *testing.B) {
	for name, c := range map[string]struct {
		handler http.Handler
		request *http.Request
		body    string
	}{
		"sender=MNS/format=SIMPLIFIED": {new(pushBench).mns(b), signedPush{}.mns(), pushMessage},
		"sender=MNS/format=JSON":       {new(pushBench).mns(b), signedPush{body: mnsJSON(pushMessage)}.mns(), mnsJSON(pushMessage)},
		"sender=MNS/format=XML":        {new(pushBench).mns(b), signedPush{body: mnsXML()}.mns(), mnsXML()},
		"sender=EventBridge":           {new(pushBench).bridge(b, WithWindow(mnsWindow)), signedPush{}.bridge(""), pushEvent},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := &discarding{header: make(http.Header)}
				c.request.Body = io.NopCloser(strings.NewReader(c.body))
				c.handler.ServeHTTP(w, c.request)
				if w.status != http.StatusNoContent {
					b.Fatal(w.status)
				}
			}
		})
	}
}

// What forgers cost who send many pushes: each of these is refused at another stage.
func BenchmarkAForgery(b *testing.B) {
	forged := signedPush{key: otherMNSKey}.mns()
	old := signedPush{}.mns()
	old.Header.Set("Date", "Wed, 29 Mar 2023 08:41:27 GMT")
	for name, r := range map[string]*http.Request{"refused=date": old, "refused=signature": forged} {
		b.Run(name, func(b *testing.B) {
			handler := new(pushBench).mns(b)
			handler.send(signedPush{}.mns())
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				r.Body = io.NopCloser(strings.NewReader(pushMessage))
				handler.ServeHTTP(w, r)
				if w.Code != http.StatusForbidden {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
