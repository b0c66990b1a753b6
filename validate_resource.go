package imm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxResults is how many items one page of a list may have. 0 leaves the number
// to the service, which takes 100.
const maxResults = 200

// text checks a text of which the service alone knows what it may be.
func (v *validator) text(field, text string, need need) {
	switch {
	case text == "" && need == required:
		v.fail(field, "it is empty, and the service needs it")
	case !utf8.ValidString(text):
		v.fail(field, notUTF8)
	}
}

func (v *validator) texts(field string, texts []string) {
	for i, text := range texts {
		if !utf8.ValidString(text) {
			v.fail(fmt.Sprintf("%s[%d]", field, i), notUTF8)
		}
	}
}

// count checks a number of things.
func (v *validator) count(field string, n int64) {
	v.within(field, n, math.MaxInt64)
}

func (v *validator) within(field string, n, most int64) {
	switch {
	case n >= 0 && n <= most:
	case most == math.MaxInt64:
		v.fail(field, fmt.Sprintf("it is %d; want zero or more", n))
	default:
		v.fail(field, fmt.Sprintf("it is %d; want 0 to %d", n, most))
	}
}

// setText and setCount check what an update changes, if it does.

func (v *validator) setText(field string, text *string) {
	if text != nil {
		v.text(field, *text, optional)
	}
}

func (v *validator) setCount(field string, n *int64) {
	if n != nil {
		v.count(field, *n)
	}
}

// tags checks the tags of a project, in the order of their keys so that the same
// request always gives the same error.
func (v *validator) tags(field string, tags map[string]string) {
	for _, key := range sortedKeys(tags) {
		switch {
		case key == "":
			v.fail(field, "a tag has an empty key")
		case !utf8.ValidString(key) || !utf8.ValidString(tags[key]):
			v.fail(fmt.Sprintf("%s[%q]", field, oneLine(key)), notUTF8)
		}
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (v *validator) workflow(field string, parameters []WorkflowParameter) {
	for i, p := range parameters {
		v.text(fmt.Sprintf("%s[%d].Name", field, i), p.Name, optional)
		v.text(fmt.Sprintf("%s[%d].Value", field, i), p.Value, optional)
	}
}

// bucketName checks a bucket that is named without oss://.
func (v *validator) bucketName(field, name string) {
	switch {
	case name == "":
		v.fail(field, "it is empty; want the name of a bucket")
	case !utf8.ValidString(name):
		v.fail(field, notUTF8)
	case strings.ContainsAny(name, "/:"):
		v.fail(field, quote(name)+" is not the name of a bucket; want the name alone, without oss:// or an object")
	}
}

func (v *validator) timeRange(field string, r TimeRange) {
	switch {
	case !fitsRFC3339(r.Start):
		v.fail(field+".Start", notRFC3339)
	case !fitsRFC3339(r.End):
		v.fail(field+".End", notRFC3339)
	case !r.Start.IsZero() && !r.End.IsZero() && r.End.Before(r.Start):
		v.fail(field, fmt.Sprintf("it ends at %s, before it starts at %s; want the earlier time as Start", r.End.Format(time.RFC3339Nano), r.Start.Format(time.RFC3339Nano)))
	}
}

const notRFC3339 = "RFC 3339 cannot write its year or its zone; want a year from 1 to 9999 and a zone less than a day from UTC"

// fitsRFC3339 reports whether a time can be sent. The zero time is left out, so
// it can whatever its zone.
func fitsRFC3339(t time.Time) bool {
	const day = 24 * 60 * 60
	_, offset := t.Zone()
	return t.IsZero() || t.Year() >= 1 && t.Year() <= 9999 && offset > -day && offset < day
}
