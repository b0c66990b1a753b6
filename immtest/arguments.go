package immtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxNameLength = 128
	maxBatch      = 100  // files or URIs of one call
	maxUserData   = 2048 // bytes
)

// call is one request that passed the gateway.
type call struct {
	arguments

	requestID string
	now       time.Time
	gone      <-chan struct{} // closed when nobody waits for the answer any more
}

// arguments reads the parameters of one request. It keeps the first failure, so
// that an operation reads all of them and then looks at failed once.
type arguments struct {
	values url.Values
	failed *failure
}

func missing(parameter string) *failure {
	return &failure{status: http.StatusBadRequest, code: "Missing" + parameter, message: parameter + " is mandatory for this action."}
}

func invalidArgument(parameter, why string) *failure {
	return &failure{status: http.StatusBadRequest, code: "InvalidArgument", message: "The argument " + parameter + " is invalid: " + why + "."}
}

func notFound(kind, name string) *failure {
	return &failure{status: http.StatusNotFound, code: "ResourceNotFound", message: "The specified resource " + kind + " " + name + " is not found."}
}

func alreadyExists(kind, name string) *failure {
	return &failure{status: http.StatusConflict, code: "ResourceAlreadyExists", message: "The specified resource " + kind + " " + name + " already exists."}
}

func (a *arguments) refuse(f *failure) {
	if a.failed == nil {
		a.failed = f
	}
}

// text is the value of a parameter, empty where it is absent.
func (a *arguments) text(parameter string) string {
	value := a.values.Get(parameter)
	if !utf8.ValidString(value) {
		a.refuse(invalidArgument(parameter, "it is not valid UTF-8"))
	}
	return value
}

func (a *arguments) required(parameter string) string {
	value := a.text(parameter)
	if value == "" {
		a.refuse(missing(parameter))
	}
	return value
}

// sent reports whether a parameter is there, be it empty.
func (a *arguments) sent(parameter string) bool { return len(a.values[parameter]) > 0 }

// change sets a text to what was sent, also to nothing.
func (a *arguments) change(parameter string, to *string) {
	if a.sent(parameter) {
		*to = a.text(parameter)
	}
}

// integer is the value of a parameter that is a number, and whether it was sent.
func (a *arguments) integer(parameter string, least, most int64) (value int64, sent bool) {
	if !a.sent(parameter) {
		return 0, false
	}
	value, err := strconv.ParseInt(a.text(parameter), 10, 64)
	if err != nil || value < least || value > most {
		a.refuse(invalidArgument(parameter, fmt.Sprintf("it is a whole number from %d to %d", least, most)))
	}
	return value, true
}

// boolean is the value of a parameter that is true or false, and false where it is
// absent. Clients of some languages, and the documentation, write True and False.
func (a *arguments) boolean(parameter string) bool {
	value := a.text(parameter)
	isTrue := strings.EqualFold(value, "true")
	if value != "" && !isTrue && !strings.EqualFold(value, "false") {
		a.refuse(invalidArgument(parameter, "it is true or false"))
	}
	return isTrue
}

// name is the value of ProjectName or DatasetName.
func (a *arguments) name(parameter string) string {
	value := a.required(parameter)
	if !validName(value) {
		a.refuse(invalidArgument(parameter, "a name has 1 to 128 letters, digits, hyphens and underscores and starts with a letter or an underscore"))
	}
	return value
}

func validName(name string) bool {
	if name == "" || len(name) > maxNameLength {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case '0' <= c && c <= '9', c == '-':
			if i == 0 {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// bucketURI is the bucket of a binding's URI.
func (a *arguments) bucketURI(parameter string) (uri, bucket string) {
	uri = a.required(parameter)
	bucket, isOSS := strings.CutPrefix(uri, "oss://")
	if !isOSS || bucket == "" || strings.Contains(bucket, "/") {
		a.refuse(invalidArgument(parameter, "the URI of a binding is oss://bucket"))
	}
	return uri, bucket
}

// json decodes a parameter whose value is JSON text into out, and reports
// whether it was there.
func (a *arguments) json(parameter string, out any) bool {
	value := a.text(parameter)
	if value == "" {
		return false
	}
	if err := json.Unmarshal([]byte(value), out); err != nil {
		a.refuse(invalidArgument(parameter, "it is not the JSON text that was expected: "+err.Error()))
	}
	return true
}

// userData is the value of UserData.
func (a *arguments) userData() string {
	value := a.text("UserData")
	if len(value) > maxUserData {
		a.refuse(invalidArgument("UserData", "it is above 2048 bytes"))
	}
	return value
}

// fileURI checks the URI of one file.
func (a *arguments) fileURI(parameter, uri string) {
	if _, _, isOSS := ossObject(uri); !isOSS && !isPDS(uri) {
		a.refuse(invalidArgument(parameter, "the URI of a file is oss://bucket/object or pds://domains/domain/drives/drive/files/file/revisions/revision"))
	}
}

// ossObject takes oss://bucket/object apart.
func ossObject(uri string) (bucket, key string, ok bool) {
	rest, isOSS := strings.CutPrefix(uri, "oss://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, isOSS && bucket != "" && key != ""
}

func isPDS(uri string) bool {
	rest, isPDS := strings.CutPrefix(uri, "pds://")
	parts := strings.Split(rest, "/")
	names := [...]string{"domains", "drives", "files", "revisions"}
	if !isPDS || len(parts) != 2*len(names) {
		return false
	}
	for i, name := range names {
		if parts[2*i] != name || parts[2*i+1] == "" {
			return false
		}
	}
	return true
}
