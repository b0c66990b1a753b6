package bulk

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestAJSONLineIsWhatAnInputFileMarshalsTo(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`{"URI":"oss://b/1"}`,
		`{"URI":"oss://b/\u00fc \"x\"","CustomLabels":{},"Addresses":[],"Labels":[],"Figures":[]}`,
		`{"URI":"pds://domains/d","OSSURI":"o","FileHash":"h","CustomId":"c","CustomLabels":{"a":"b","c":""},"MediaType":"image",` +
			`"ContentType":"image/png","ProduceTime":"2026-11-05T18:30:00.5+08:00","LatLong":"1,2",` +
			`"Addresses":[{"Language":"en","City":"Paris"}],"Labels":[{"LabelName":"cat","LabelConfidence":0.5,"Clips":[{"TimeRange":[1,2]}]}],` +
			`"Figures":[{"FigureId":"f"}],"Title":"t","Artist":"a","AlbumArtist":"aa","Album":"al","Composer":"co","Performer":"p"}`,
	} {
		got := readSource(t, JSONLines("list", strings.NewReader("  "+line+"\t\n")), "")
		require.NoError(t, got[0].err)
		want := imm.InputFile{}
		require.NoError(t, json.Unmarshal([]byte(line), &want))
		require.Equal(t, want, got[0].item.File)
	}
}

func TestNoFieldOfAFileIsForgotten(t *testing.T) {
	t.Parallel()
	var names, texts []string
	for field := range reflect.TypeFor[imm.InputFile]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		if field.Type.Kind() == reflect.String {
			texts = append(texts, name)
		}
		got := readSource(t, JSONLines("list", strings.NewReader(`{"URI":"oss://b/1","`+name+`x":null}`)), "")
		require.ErrorContains(t, got[0].err, "unknown field", name)
	}
	require.ElementsMatch(t, texts, slices.Collect(maps.Keys(textFields)))
	require.ElementsMatch(t, append(texts, produceTime), strings.Split(textFieldNames, ", "))
	for _, name := range names {
		if name != "URI" {
			got := readSource(t, JSONLines("list", strings.NewReader(`{"URI":"oss://b/1","`+name+`":null}`)), "")
			require.NoError(t, got[0].err, name)
		}
	}
}

func TestAJSONLineThatIsWrongSaysWhere(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"URI":"oss://b/1","Size":3}`:                  `list:1:27: unknown field "Size"; want URI, OSSURI,`,
		`{"URI":"oss://b/1","uri":"oss://b/1"}`:         `unknown field "uri"`,
		`{"URI":"oss://b/1","CustomID":"x"}`:            `unknown field "CustomID"`,
		`{"URI":"oss://b/1","URI":"oss://b/2"}`:         `list:1:26: field "URI" is there twice`,
		`{"URI":"oss://b/1","\u0055RI":"oss://b/2"}`:    `field "URI" is there twice`,
		`{"URI":"oss://b/1","Title":null,"Title":null}`: `field "Title" is there twice`,
		`{"URI":1}`: "list:1:8: field URI: \"1\" is no text",
		`{"URI":"oss://b/1","CustomLabels":{"a":1}}`:           `list:1:40: label "a": "1" is no text`,
		`{"URI":"oss://b/1","CustomLabels":{"a":"b","a":"b"}}`: `label "a" is there twice`,
		`{"URI":"oss://b/1","CustomLabels":[]}`:                "field CustomLabels: want an object of texts",
		`{"URI":"oss://b/1","Labels":[{"LabelNome":"cat"}]}`:   `list:1:29: field Labels: json: unknown field "LabelNome"`,
		`{"URI":"oss://b/1","Labels":{}}`:                      "field Labels: ",
		`{"URI":"oss://b/1","ProduceTime":"now"}`:              `ProduceTime: "now" is no time`,
		`{"URI":"oss://b/1","ProduceTime":7}`:                  `field ProduceTime: "7" is no text`,
		`{"CustomId":"x"}`:                                     "list:1: there is no URI",
		`{"URI":null}`:                                         "there is no URI",
		`{"URI":""}`:                                           "there is no URI",
		`{}`:                                                   "there is no URI",
		`{"URI":"oss://b/1"`:                                   "list:1:18: the line is not JSON: unexpected end",
		`{"URI":"oss://b/1"} {"URI":"oss://b/2"}`:              "list:1:21: the line is not JSON: invalid character '{'",
		`[{"URI":"oss://b/1"}]`:                                "list:1:1: the line is not a JSON object; want one file a line",
		`"oss://b/1"`:                                          "the line is not a JSON object",
		`oss://b/1`:                                            "list:1:1: the line is not JSON",
		`null`:                                                 "the line is not a JSON object",
		`{"URI":"oss://b/1","x` + strings.Repeat("y", 900) + `":1}`: `unknown field "x` + strings.Repeat("y", 59) + `"…`,
	} {
		got := readSource(t, JSONLines("list", strings.NewReader(line+"\n"+`{"URI":"oss://b/2"}`)), "")
		require.Len(t, got, 2, line)
		require.ErrorContains(t, got[0].err, want, line)
		require.Less(t, len(got[0].err.Error()), 400, line)
		require.Equal(t, imm.InputFile{}, got[0].item.File, line)
		require.Equal(t, "oss://b/2", got[1].item.File.URI, line)
	}
}

// FuzzAJSONLineIsReadAsEncodingJSONDoes wants the same file, or an error where
// encoding/json has one. It forgives what is stricter here.
func FuzzAJSONLineIsReadAsEncodingJSONDoes(f *testing.F) {
	for _, line := range []string{
		`{"URI":"oss://b/1"}`, `{"URI":"\ud800","CustomLabels":{"a":null}}`, `{"Labels":[{"LabelName":"x"}],"Labels":null}`, `{"ProduceTime":null}`,
		`{"Addresses":[null,{}]}`, `{"uri":"x"}`, ` { } `, `{"LatLong":"1,2","Figures":[]}`, `{"ProduceTime":"2026-01-01T00:00:00Z"}`, `{}x`, `{"Labels":[{}]}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var want imm.InputFile
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&want)
		if err == nil && !json.Valid(line) {
			return // more than one value: a line of its own would be another
		}
		got, bad := parseJSONLine(line)
		if bad == nil {
			require.NoError(t, err)
			require.Equal(t, want, got)
			return
		}
		require.GreaterOrEqual(t, bad.Column, 0)
		require.LessOrEqual(t, bad.Column, len(line)+1)
		if err == nil {
			stricter := []string{"unknown field", "is there twice", "is no text", "not a JSON object"}
			require.True(t, slices.ContainsFunc(stricter, func(s string) bool { return strings.Contains(bad.Reason, s) }), "%s", bad.Reason)
		}
	})
}
