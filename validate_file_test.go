package imm

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// fileVerdict asks both operations that take files, and wants the same of both.
func fileVerdict(t *testing.T, f InputFile) *ValidationError {
	t.Helper()
	one, batch := goodIndex(), goodBatch(40)
	one.File, batch.Files[37] = f, f
	alone, amongMany := indexOne(t, one), indexBatch(t, batch)
	if alone == nil {
		require.Nil(t, amongMany)
		return nil
	}
	require.NotNil(t, amongMany)
	require.Equal(t, alone.Reason, amongMany.Reason)
	field, found := strings.CutPrefix(alone.Field, "File.")
	require.True(t, found, alone.Field)
	require.Equal(t, "Files[37]."+field, amongMany.Field)
	return &ValidationError{Field: field, Reason: alone.Reason}
}

const goodPDS = "pds://domains/d/drives/1/files/f/revisions/r"

func TestAFileURINamesAnObjectOrARevision(t *testing.T) {
	t.Parallel()
	for uri, good := range map[string]bool{
		"oss://b/k": true, "oss://b/k/": true, "oss://b//k": true, "oss://b/ ": true, "oss://b//": true, "oss://b/日本.jpg": true,
		"oss://b/k?x#y%zz": true, "oss://b/" + strings.Repeat("k", 1023): true, "oss://b/\n": true,
		"": false, "oss://b": false, "oss://b/": false, "oss://": false, "oss:///": false, "oss:///k": false, "oss:/b/k": false,
		"OSS://b/k": false, " oss://b/k": false, "b/k": false, "/b/k": false, "k.jpg": false, "https://b/k": false, "oss://b/\xff": false,
		goodPDS: true,
		"pds://domains/d/drives/1/files/f/revisions/r/":     false,
		"pds://domains/d/drives/1/files/f/revisions/r/more": false,
		"pds://domains/d/drives/1/files/f/revisions/":       false,
		"pds://domains/d/drives/1/files/f/revisions":        false,
		"pds://domains/d/drives/1/files/f/":                 false,
		"pds://domains/d/drives/1/files/f":                  false,
		"pds://domains/d/drives/1/files//revisions/r":       false,
		"pds://domains/d/drives//files/f/revisions/r":       false,
		"pds://domains//drives/1/files/f/revisions/r":       false,
		"pds://domains/d/files/f/revisions/r":               false,
		"pds://drives/1/domains/d/files/f/revisions/r":      false,
		"pds://domains/d/x/drives/1/files/f/revisions/r":    false,
		"pds:///domains/d/drives/1/files/f/revisions/r":     false,
		"pds://domains/d/drives/1/files/f/revisions/\xff":   false,
		"PDS://domains/d/drives/1/files/f/revisions/r":      false,
		"pds://Domains/d/drives/1/files/f/revisions/r":      false,
		"pds://domains/d/drives/1/files/f/revisions/r\n/":   false,
		"pds://": false,
		"oss://domains/d/drives/1/files/f/revisions/r":       true,
		"pds://domains/ /drives/%2F/files/f/revisions/r.jpg": true,
	} {
		t.Run(strconv.Quote(uri[:min(len(uri), 60)]), func(t *testing.T) {
			t.Parallel()
			invalid := fileVerdict(t, InputFile{URI: uri, FileHash: "h"})
			require.Equal(t, good, invalid == nil)
			if !good {
				require.Equal(t, "URI", invalid.Field)
			}
		})
	}
}

func TestAPDSFileNeedsTheHashOfItsContent(t *testing.T) {
	t.Parallel()
	invalid := fileVerdict(t, InputFile{URI: goodPDS, OSSURI: "oss://b/k"})
	require.NotNil(t, invalid)
	require.Equal(t, "FileHash", invalid.Field)
	require.Nil(t, fileVerdict(t, InputFile{URI: goodPDS, FileHash: "h", OSSURI: "oss://b/k"}))
	require.Nil(t, fileVerdict(t, InputFile{URI: "oss://b/k"}), "other files need none")
}

func TestAnOSSURINamesAnObject(t *testing.T) {
	t.Parallel()
	for uri, good := range map[string]bool{"": true, "oss://b/k": true, "oss://b/": false, "oss://b": false, "b/k": false, goodPDS: false, "oss://b/\xff": false} {
		invalid := fileVerdict(t, InputFile{URI: goodPDS, FileHash: "h", OSSURI: uri})
		require.Equal(t, good, invalid == nil, uri)
		if !good {
			require.Equal(t, "OSSURI", invalid.Field)
		}
	}
}

func TestTheFirstOfSeveralWrongFilesIsNamed(t *testing.T) {
	t.Parallel()
	batch := goodBatch(100)
	batch.Files[99].URI, batch.Files[3].Title, batch.Files[4].URI = "x", "\xff", ""
	invalid := indexBatch(t, batch)
	require.NotNil(t, invalid)
	require.Equal(t, "Files[3].Title", invalid.Field)
}

// textIn is one place in an InputFile that holds text.
type textIn struct {
	field string // as an error names it, without [0] and the part of a figure
	set   func(f *InputFile, text string)
}

// textsIn finds every place by reflection, so that a new field is tested, too.
func textsIn(t *testing.T) []textIn {
	t.Helper()
	var found []textIn
	var walk func(field string, kind reflect.Type, at func(f *InputFile) (reflect.Value, func()))
	walk = func(field string, kind reflect.Type, at func(f *InputFile) (reflect.Value, func())) {
		switch {
		case kind == reflect.TypeFor[time.Time]():
		case kind.Kind() == reflect.Int64 || kind.Kind() == reflect.Float32:
		case kind.Kind() == reflect.String:
			found = append(found, textIn{field, func(f *InputFile, text string) {
				v, store := at(f)
				v.SetString(text)
				store()
			}})
		case kind.Kind() == reflect.Struct:
			for i := range kind.NumField() {
				name := strings.TrimPrefix(field+"."+kind.Field(i).Name, ".")
				walk(name, kind.Field(i).Type, func(f *InputFile) (reflect.Value, func()) {
					v, store := at(f)
					return v.Field(i), store
				})
			}
		case kind.Kind() == reflect.Slice:
			walk(field+"[1]", kind.Elem(), func(f *InputFile) (reflect.Value, func()) {
				v, store := at(f)
				v.Set(reflect.MakeSlice(kind, 2, 2))
				return v.Index(1), store
			})
		case kind == reflect.TypeFor[map[string]string]():
			for _, part := range []string{"key", "value"} {
				walk(field+" "+part, kind.Elem(), func(f *InputFile) (reflect.Value, func()) {
					v, store := at(f)
					text := reflect.New(kind.Elem()).Elem()
					return text, func() {
						pair := map[string]string{"k": "v", "other": "v"}
						if part == "key" {
							pair[text.String()] = "v"
						} else {
							pair["k"] = text.String()
						}
						v.Set(reflect.ValueOf(pair))
						store()
					}
				})
			}
		default:
			require.Fail(t, "no rule for a field", "%s is a %s", field, kind)
		}
	}
	walk("", reflect.TypeFor[InputFile](), func(f *InputFile) (reflect.Value, func()) { return reflect.ValueOf(f).Elem(), func() {} })
	return found
}

func TestTextThatIsNotUTF8IsRefusedInEveryField(t *testing.T) {
	t.Parallel()
	texts := textsIn(t)
	require.Greater(t, len(texts), 25)
	for _, place := range texts {
		t.Run(place.field, func(t *testing.T) {
			t.Parallel()
			for text, valid := range map[string]bool{"é\x00\u2028\uFFFD": true, "\xff": false, "a\xc3": false, "\xed\xa0\x80": false, "a\xf0\x9f\x98b": false} {
				if place.field == "URI" || place.field == "OSSURI" {
					text = "oss://b/" + text
				}
				require.Equal(t, valid, utf8.ValidString(text))
				f := InputFile{URI: "oss://b/k"}
				place.set(&f, text)
				invalid := fileVerdict(t, f)
				if valid {
					require.Nil(t, invalid)
					continue
				}
				require.NotNil(t, invalid, "%q gets through", text)
				require.Contains(t, invalid.Reason, "UTF-8")
				// A label is named by its key, a figure as a whole.
				name, _, _ := strings.Cut(place.field, " ")
				if strings.HasPrefix(name, "Figures") {
					name, _, _ = strings.Cut(name, ".")
				}
				require.True(t, strings.HasPrefix(invalid.Field, name), invalid.Field)
			}
		})
	}
}

func TestTheFieldOfAnErrorIsExact(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(f *InputFile){
		"URI":                                    func(f *InputFile) { f.URI = "x" },
		"CustomID":                               func(f *InputFile) { f.CustomID = "\xff" },
		"MediaType":                              func(f *InputFile) { f.MediaType = "\xff" },
		`CustomLabels["category"]`:               func(f *InputFile) { f.CustomLabels = map[string]string{"category": "\xff"} },
		`CustomLabels["a b\"]"]`:                 func(f *InputFile) { f.CustomLabels = map[string]string{"a\nb\"]": "\xff"} },
		"Addresses[2].City":                      func(f *InputFile) { f.Addresses = []Address{{}, {}, {City: "\xff"}} },
		"Labels[1].LabelName":                    func(f *InputFile) { f.Labels = []Label{{}, {LabelName: "\xff"}} },
		"Figures[0]":                             func(f *InputFile) { f.Figures = []InputFileFigure{{FigureType: "\xff"}} },
		"ProduceTime":                            func(f *InputFile) { f.ProduceTime = time.Date(10_000, 1, 2, 0, 0, 0, 0, time.UTC) },
		"Addresses[0].AddressLine":               func(f *InputFile) { f.Addresses = []Address{{AddressLine: "\xff", City: "\xff"}} },
		"Labels[0].ParentLabelName":              func(f *InputFile) { f.Labels = []Label{{ParentLabelName: "\xff"}, {LabelName: "\xff"}} },
		`CustomLabels["a key ` + "\uFFFD" + `"]`: func(f *InputFile) { f.CustomLabels = map[string]string{"a key \xff": ""} },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			f := InputFile{URI: "oss://b/k"}
			spoil(&f)
			invalid := fileVerdict(t, f)
			require.NotNil(t, invalid)
			require.Equal(t, want, invalid.Field)
		})
	}
}

// TestAnErrorIsOneShortLineWhateverTheRequestHolds uses texts that could end a
// line of a log, steer a terminal or fill a disk.
func TestAnErrorIsOneShortLineWhateverTheRequestHolds(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"a\nlevel=ERROR msg=forged", "a\r\n\r\nb", "\x1b[2J\x1b]0;title\x07", "\u202eevil\u2066", "\u2028\u2029\u0085", "\x00\xff\xfe",
		strings.Repeat("x ", 100_000), strings.Repeat("\n", 100_000), strings.Repeat("日", 100_000), `"%s%d%!v(MISSING)`,
	} {
		t.Run(fmt.Sprintf("%.30q", hostile), func(t *testing.T) {
			t.Parallel()
			index := goodIndex()
			index.ProjectName = hostile
			for _, invalid := range []*ValidationError{
				create(t, &CreateBindingRequest{"p", hostile, "oss://b"}),
				create(t, &CreateBindingRequest{"p", "d", hostile}),
				create(t, &CreateBindingRequest{"p", "d", "oss://" + hostile + "/k"}),
				getBinding(t, &GetBindingRequest{hostile, "d", "oss://b"}),
				indexOne(t, index),
				fileVerdict(t, InputFile{URI: hostile}),
				fileVerdict(t, InputFile{URI: "oss://b/k", OSSURI: hostile}),
				fileVerdict(t, InputFile{URI: "oss://b/k", CustomLabels: map[string]string{hostile: "\xff"}}),
			} {
				require.NotNil(t, invalid)
				requireOneLine(t, invalid.Error())
				require.Less(t, len(invalid.Error()), 5000)
			}
		})
	}
}
