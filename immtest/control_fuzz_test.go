package immtest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever comes in, a control endpoint answers with JSON, and what it takes in
// leaves a server that works.
func FuzzControl(f *testing.F) {
	f.Add("GET", "messages", "topic=t&after=1&wait=2.5", "")
	f.Add("GET", "requests", "action=GetBinding", "")
	f.Add("GET", "state", "project=p&dataset=d", "")
	f.Add("POST", "faults", "", `[{"Action":"GetBinding","Times":-1,"Delay":"1s","Header":{"A":["b"],"C":"d"}},{"Status":503,"Body":"x"}]`)
	f.Add("POST", "failures", "", `{"Bucket":"b","Key":"k","Reason":"r"}`)
	f.Add("POST", "subscriptions", "", `{"Topic":"t","Name":"n","Queue":"q","Format":"json","Strategy":"exponential","Retries":["1s"]}`)
	f.Add("GET", "subscriptions", "wait=0.1", "")
	f.Add("POST", "targets", "", `{"Name":"n","URL":"http://localhost/","Token":"t","Region":"cn-beijing","Retries":[]}`)
	f.Add("POST", "deliveryfaults", "", `[{"Topic":"t","Share":0.5,"Times":-1,"Duplicate":true,"DateOffset":"-1h"},{"Lose":true}]`)
	f.Add("GET", "certificate", "url=https%3A%2F%2Fmns-cert.oss-cn-hangzhou.aliyuncs.com%2Fx509_public_certificate.pem", "")
	f.Add("POST", "reset", "", "")
	f.Add("PUT", "objects/b/a%2Fb", "", "content")
	f.Add("DELETE", "objects/b/%zz", "", "")
	ended, cancel := context.WithCancel(context.Background())
	cancel() // nothing waits
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		s := NewServer()
		defer s.Close()
		target := &url.URL{Path: controlPath + path, RawQuery: query}
		if unescaped, err := url.PathUnescape(controlPath + path); err == nil {
			target.Path, target.RawPath = unescaped, controlPath+path
		}
		r := &http.Request{Method: method, URL: target, Header: http.Header{}, Body: http.NoBody}
		if body != "" {
			r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Method, r.URL = method, target
		}
		if !isControl(r) {
			return
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(ended))
		if isPEM := strings.HasPrefix(w.Body.String(), "-----BEGIN CERTIFICATE"); !isPEM && !json.Valid(w.Body.Bytes()) || w.Code < http.StatusOK || w.Code > 499 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		w = httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_emulator/state", nil))
		if w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
