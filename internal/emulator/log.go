package emulator

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// maxErrorBody is how much of an error's body is kept to read the code from it.
const maxErrorBody = 64 << 10

// logged writes a record of each request. Nothing that signs a request is in it:
// of the headers only the action's is looked at, and never the query.
func logged(next http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		watched := &responseWriter{ResponseWriter: w}
		defer func() {
			attrs := []slog.Attr{slog.String("action", r.Header.Get("X-Acs-Action"))}
			if strings.HasPrefix(r.URL.Path, "/_emulator/") || strings.HasPrefix(r.URL.Path, "/queues/") {
				attrs = []slog.Attr{slog.String("method", r.Method), slog.String("path", r.URL.Path)}
			}
			attrs = append(attrs, slog.Int("status", watched.status))
			if code := watched.code(); code != "" {
				attrs = append(attrs, slog.String("code", code))
			}
			attrs = append(attrs, slog.Duration("duration", time.Since(start)))
			if id := cmp.Or(w.Header().Get("X-Acs-Request-Id"), w.Header().Get("X-Mns-Request-Id")); id != "" {
				attrs = append(attrs, slog.String("request_id", id))
			}
			logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
		}()
		next.ServeHTTP(watched, r)
	})
}

// responseWriter notes what is answered. A status of 0 says that nothing was: the
// connection was cut.
type responseWriter struct {
	http.ResponseWriter

	status int
	body   []byte // of an error
}

// Unwrap lets http.ResponseController cut and flush the connection.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.status >= http.StatusBadRequest {
		w.body = append(w.body, p[:min(len(p), maxErrorBody-len(w.body))]...)
	}
	return w.ResponseWriter.Write(p)
}

// code is the error code of the answer, empty where there is none.
func (w *responseWriter) code() string {
	if _, rest, isXML := strings.Cut(string(w.body), "<Code>"); isXML { // of a queue
		code, _, _ := strings.Cut(rest, "</Code>")
		return code
	}
	var refused struct{ Code string }
	// A page of the front end is not JSON, and has no code.
	_ = json.Unmarshal(w.body, &refused)
	return refused.Code
}
