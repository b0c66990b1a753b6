package immtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// controlFailure names what fails: the bindings of a bucket, or with a key the
// indexing of one object. Without a reason it works again.
type controlFailure struct {
	Bucket, Key, Reason string
}

// controlFail does what FailBinding and FailObject do.
func (s *Server) controlFail(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	body, refusal := controlBody(r, maxControlBody)
	if refusal != nil {
		return *refusal
	}
	var f controlFailure
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return controlRefusal(http.StatusBadRequest, "The failure is JSON with Bucket, Key and Reason: "+strings.TrimPrefix(err.Error(), "json: ")+".")
	}
	switch {
	case f.Bucket == "":
		return controlRefusal(http.StatusBadRequest, "Bucket is missing: it names the bucket whose bindings or object fail.")
	case f.Key == "":
		s.FailBinding(f.Bucket, f.Reason)
	default:
		s.FailObject(f.Bucket, f.Key, f.Reason)
	}
	return controlOK(f)
}
