package imm

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

const (
	maxFiles    = 100  // of one batch
	maxUserData = 2048 // bytes
	maxName     = 128  // characters
)

// oneFile stands for the index of a file that is not one of many.
const oneFile = -1

// need says whether a field may be empty.
type need bool

const (
	required need = true
	optional need = false
)

// validator checks a request and keeps the first failure. Its methods build no
// text before something is wrong.
type validator struct {
	action string
	failed error
}

func (v *validator) fail(field, reason string) {
	if v.failed == nil {
		v.failed = &ValidationError{Action: v.action, Field: field, Reason: reason}
	}
}

// notNil reports whether there is a request to check.
func (v *validator) notNil(ok bool) bool {
	if !ok {
		v.fail("req", "the request is nil; want a pointer to a request")
	}
	return ok
}

// name checks a ProjectName or a DatasetName.
func (v *validator) name(field, name string, need need) {
	if name == "" && need == optional || validName(name) {
		return
	}
	const want = `1 to 128 letters, digits, "-" and "_", beginning with a letter or "_"`
	if name == "" {
		v.fail(field, "it is empty; want "+want)
		return
	}
	v.fail(field, quote(name)+" is not a name; want "+want)
}

func validName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// bucketURI checks the URI of a binding.
func (v *validator) bucketURI(field, uri string, need need) {
	if uri == "" && need == optional {
		return
	}
	bucket, isOSS := strings.CutPrefix(uri, "oss://")
	switch {
	case uri == "":
		v.fail(field, "it is empty; want oss://bucket")
	case !utf8.ValidString(uri):
		v.fail(field, notUTF8)
	case !isOSS || bucket == "":
		v.fail(field, quote(uri)+" is not the URI of a bucket; want oss://bucket")
	case strings.Contains(bucket, "/"):
		v.fail(field, quote(uri)+" has a slash or an object after the bucket, and a binding is of a whole bucket; want oss://"+oneLine(bucket[:strings.IndexByte(bucket, '/')]))
	}
}

func (v *validator) files(files []InputFile) {
	if !v.batch("Files", "files", len(files)) {
		return
	}
	for i := range files {
		if v.file(i, &files[i]); v.failed != nil {
			return
		}
	}
}

// batch reports whether so many files or URIs make a batch.
func (v *validator) batch(field, what string, n int) bool {
	switch {
	case n == 0:
		v.fail(field, fmt.Sprintf("it is empty; want 1 to %d %s", maxFiles, what))
	case n > maxFiles:
		v.fail(field, fmt.Sprintf("a batch has at most %d %s, not %d; split it into more calls", maxFiles, what, n))
	default:
		return true
	}
	return false
}

const notUTF8 = "it is not valid UTF-8; encode the text first"

// file checks one file of a request.
func (v *validator) file(index int, f *InputFile) {
	c := fileCheck{v, index}
	const wantObject = "oss://bucket/object"
	const wantPDS = "pds://domains/{domain}/drives/{drive}/files/{file}/revisions/{revision}"
	isPDS := isPDSFile(f.URI)
	switch {
	case f.URI == "":
		c.fail("URI", "it is empty; want "+wantObject+" or "+wantPDS)
	case !utf8.ValidString(f.URI):
		c.fail("URI", notUTF8)
	case !isPDS && !isOSSObject(f.URI):
		c.fail("URI", quote(f.URI)+" is not the URI of a file; want "+wantObject+" or "+wantPDS)
	case isPDS && f.FileHash == "":
		c.fail("FileHash", "it is empty; a file with a pds URI needs the hash of its content")
	}
	if f.OSSURI != "" && !isOSSObject(f.OSSURI) {
		c.fail("OSSURI", quote(f.OSSURI)+" is not the URI of an object; want "+wantObject)
	}
	c.text("OSSURI", f.OSSURI)
	c.text("FileHash", f.FileHash)
	c.text("CustomID", f.CustomID)
	for key, value := range f.CustomLabels {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			c.fail(fmt.Sprintf("CustomLabels[%q]", oneLine(key)), notUTF8)
		}
	}
	c.text("MediaType", string(f.MediaType))
	c.text("ContentType", f.ContentType)
	if !fitsRFC3339(f.ProduceTime) {
		c.fail("ProduceTime", notRFC3339)
	}
	c.text("LatLong", f.LatLong)
	for i := range f.Addresses {
		a := &f.Addresses[i]
		for _, part := range [...]struct{ name, value string }{
			{"Language", a.Language}, {"AddressLine", a.AddressLine}, {"Country", a.Country}, {"Province", a.Province},
			{"City", a.City}, {"District", a.District}, {"Township", a.Township},
		} {
			if !utf8.ValidString(part.value) {
				c.fail(fmt.Sprintf("Addresses[%d].%s", i, part.name), notUTF8)
			}
		}
	}
	for i := range f.Labels {
		if field, reason := checkLabel(&f.Labels[i]); reason != "" {
			c.fail(fmt.Sprintf("Labels[%d].%s", i, field), reason)
		}
	}
	for i, figure := range f.Figures {
		if !utf8.ValidString(figure.FigureID) || !utf8.ValidString(figure.FigureClusterID) || !utf8.ValidString(figure.FigureType) {
			c.fail(fmt.Sprintf("Figures[%d]", i), notUTF8)
		}
	}
	c.text("Title", f.Title)
	c.text("Artist", f.Artist)
	c.text("AlbumArtist", f.AlbumArtist)
	c.text("Album", f.Album)
	c.text("Composer", f.Composer)
	c.text("Performer", f.Performer)
}

// fileCheck is the check of one file. Its methods are kept out of line, because
// the size of users' programs counts.
type fileCheck struct {
	v     *validator
	index int
}

//go:noinline
func (c fileCheck) fail(field, reason string) {
	if c.index == oneFile {
		c.v.fail("File."+field, reason)
	} else {
		c.v.fail(fmt.Sprintf("Files[%d].%s", c.index, field), reason)
	}
}

//go:noinline
func (c fileCheck) text(field, value string) {
	if !utf8.ValidString(value) {
		c.fail(field, notUTF8)
	}
}

func checkLabel(l *Label) (field, reason string) {
	for _, text := range [...]struct{ name, value string }{
		{"LabelName", l.LabelName}, {"LabelAlias", l.LabelAlias}, {"ParentLabelName", l.ParentLabelName}, {"Language", l.Language},
	} {
		if !utf8.ValidString(text.value) {
			return text.name, notUTF8
		}
	}
	for _, number := range [...]struct {
		name  string
		value float32
	}{{"LabelConfidence", l.LabelConfidence}, {"CentricScore", l.CentricScore}} {
		if f := float64(number.value); math.IsNaN(f) || math.IsInf(f, 0) {
			return number.name, "it is not a finite number, which JSON cannot carry; want 0 to 1"
		}
	}
	return "", ""
}

// isOSSObject wants a bucket and a key of at least one character each. What they
// are made of is for the service to judge.
func isOSSObject(uri string) bool {
	rest, isOSS := strings.CutPrefix(uri, "oss://")
	slash := strings.IndexByte(rest, '/')
	return isOSS && slash > 0 && slash < len(rest)-1
}

// isPDSFile wants the documented form, with no part of it empty.
func isPDSFile(uri string) bool {
	rest, isPDS := strings.CutPrefix(uri, "pds://")
	if !isPDS {
		return false
	}
	for _, name := range [...]string{"domains/", "drives/", "files/", "revisions/"} {
		var found bool
		if rest, found = strings.CutPrefix(rest, name); !found {
			return false
		}
		id, after, more := strings.Cut(rest, "/")
		if id == "" || more == (name == "revisions/") {
			return false
		}
		rest = after
	}
	return true
}

func (v *validator) notification(n *Notification) {
	for _, part := range [...]struct{ name, value string }{
		{"Notification.MNS.TopicName", n.MNS.TopicName},
		{"Notification.RocketMQ.InstanceID", n.RocketMQ.InstanceID},
		{"Notification.RocketMQ.TopicName", n.RocketMQ.TopicName},
		{"Notification.ExtendedMessageURI", n.ExtendedMessageURI},
	} {
		if !utf8.ValidString(part.value) {
			v.fail(part.name, notUTF8)
		}
	}
	const both = "it is empty; RocketMQ needs both InstanceID and TopicName"
	if n.RocketMQ.InstanceID == "" && n.RocketMQ.TopicName != "" {
		v.fail("Notification.RocketMQ.InstanceID", both)
	}
	if n.RocketMQ.InstanceID != "" && n.RocketMQ.TopicName == "" {
		v.fail("Notification.RocketMQ.TopicName", both)
	}
}

func (v *validator) userData(data string) {
	if len(data) > maxUserData {
		v.fail("UserData", fmt.Sprintf("it has %d bytes; want at most %d", len(data), maxUserData))
	}
	if !utf8.ValidString(data) {
		v.fail("UserData", notUTF8)
	}
}

// quote shows a text from the caller, the beginning of it if it is long.
func quote(s string) string {
	const enough = 200
	if len(s) > enough {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(s[:enough], ""))
	}
	return fmt.Sprintf("%q", s)
}
