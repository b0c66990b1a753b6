package immtest

import (
	"fmt"
	"net/http"
	"strings"
)

// problem says what is wrong with a fault that a script hardly means, and nothing
// where it is fine. Server.Inject takes the same faults and makes something of
// them; a test in another language has no compiler and no godoc at hand, so here a
// mistake is named.
func (f *controlFault) problem() string {
	if strings.ContainsFunc(f.Action, notLetterOrDigit) {
		return fmt.Sprintf("Action %q is not the name of an operation, such as GetBinding", f.Action)
	}
	if f.Times < -1 {
		return "Times is how many requests it meets: a number from 0 (which means 1), or -1 for all until the faults are cleared"
	}
	if f.Delay < 0 {
		return "Delay is below zero"
	}
	if f.BodyDelay < 0 {
		return "BodyDelay is below zero"
	}
	if f.Status != 0 && (f.Status < http.StatusOK || f.Status > 599) {
		return fmt.Sprintf("Status %d is no status from 200 to 599", f.Status)
	}
	if problem := f.headerProblem(); problem != "" {
		return problem
	}
	return f.wholeProblem()
}

// headerProblem is about headers that net/http would drop or send changed.
func (f *controlFault) headerProblem() string {
	for name, values := range f.Header {
		if !validHeaderName(name) {
			return fmt.Sprintf("Header has %q, which is no name for a header", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return fmt.Sprintf("Header %s has a control character in it", name)
			}
		}
		switch http.CanonicalHeaderKey(name) {
		case "Content-Length", "Transfer-Encoding", "Connection", "Trailer":
			return fmt.Sprintf("Header %s belongs to the connection; Reset, Hang and HalfBody are there to break one", name)
		}
	}
	return ""
}

// wholeProblem is about combinations of which one part would be lost.
func (f *controlFault) wholeProblem() string {
	answers := f.Status != 0 || f.Code != "" || f.Body != ""
	silent := f.Reset || f.Hang && !f.HalfBody
	switch {
	case f.Code != "" && f.Body != "":
		return "Code and Body are two answers; give one of them"
	case f.Message != "" && f.Code == "":
		return "Message needs a Code"
	case f.Reset && f.Hang:
		return "Reset cuts the connection and Hang keeps it; give one of them"
	case f.Reset && f.HalfBody:
		return "Reset lets nothing through and HalfBody half of the body; give one of them"
	case silent && (answers || len(f.Header) > 0 || f.BodyDelay > 0):
		return "with Reset or Hang there is no answer, so Status, Code, Body, BodyDelay and Header have no place; HalfBody with Hang lets half of one through"
	case f.HalfBody && f.BodyDelay > 0:
		return "HalfBody lets no second half come, so BodyDelay has no place"
	case !answers && !silent && !f.HalfBody && f.Delay == 0 && f.BodyDelay == 0 && len(f.Header) == 0:
		return "nothing in it fails: give Status, Code, Body, Delay, BodyDelay, Header, Hang, Reset or HalfBody"
	case f.Body != "" && (f.Status == http.StatusNoContent || f.Status == http.StatusNotModified):
		return fmt.Sprintf("Status %d has no Body", f.Status)
	}
	return ""
}

func notLetterOrDigit(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}
