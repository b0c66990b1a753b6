package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type part struct {
	Name string `json:"Name,omitzero"`
	N    int64  `json:"N,omitzero"`
}

type everything struct {
	Text    string            `json:"Text,omitzero"`
	Named   kind              `json:"Named,omitzero"`
	Whole   int64             `json:"Whole,omitzero"`
	Narrow  int32             `json:"Narrow,omitzero"`
	Number  float64           `json:"Number,omitzero"`
	Single  float32           `json:"Single,omitzero"`
	Truth   bool              `json:"Truth,omitzero"`
	At      time.Time         `json:"At,omitzero"`
	Labels  map[string]string `json:"Labels,omitzero"`
	Part    part              `json:"Part,omitzero"`
	Parts   []part            `json:"Parts,omitzero"`
	Texts   []string          `json:"Texts,omitzero"`
	Numbers []int64           `json:"Numbers,omitzero"`
	Renamed string            `json:"RenamedId,omitzero"`
	Hidden  string            `json:"-"`
}

type kind string

func TestDecodeReadsWhatAnAnswerIsMadeOf(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("", 8*60*60)
	tests := map[string]everything{
		`{}`: {},
		" \t\r\n{ \"Text\" : \"a\" , \"Whole\" : 1 } \n": {Text: "a", Whole: 1},
		`{"Text":"a\"\\\u00e9\n","Named":"x"}`:           {Text: "a\"\\é\n", Named: "x"},
		`{"Whole":-9223372036854775808}`:                 {Whole: math.MinInt64},
		`{"Whole":25.0,"Narrow":1e3}`:                    {Whole: 25, Narrow: 1000},
		`{"Number":-1.5e-3,"Single":0.93}`:               {Number: -0.0015, Single: 0.93},
		`{"Number":7,"Truth":true}`:                      {Number: 7, Truth: true},
		`{"At":"2021-06-29T14:50:13.011643661+08:00"}`:   {At: time.Date(2021, 6, 29, 14, 50, 13, 11643661, east)},
		`{"Labels":{"a":"x","b\n":"","é":"ü"}}`:          {Labels: map[string]string{"a": "x", "b\n": "", "é": "ü"}},
		`{"Labels":{}}`:                                  {Labels: map[string]string{}},
		`{"Part":{"Name":"p","Unknown":[{}],"N":2}}`:     {Part: part{"p", 2}},
		`{"Parts":[{"N":1},{},{"Name":"c","N":3}]}`:      {Parts: []part{{N: 1}, {}, {"c", 3}}},
		`{"Parts":[]}`:                                   {Parts: []part{}},
		`{"Texts":["a","","]"],"Numbers":[1,-2]}`:        {Texts: []string{"a", "", "]"}, Numbers: []int64{1, -2}},
		`{"RenamedId":"r","Renamed":"no","text":"no"}`:   {Renamed: "r"},
		`{"Hidden":"no","-":"no","private":"no"}`:        {},
		`{"Text":"first","Text":"last"}`:                 {Text: "last"},
		`{"Numbers":[1,2],"Numbers":[3]}`:                {Numbers: []int64{3}},
		`{"Unknown":{"Text":"no"},"Text":"yes"}`:         {Text: "yes"},
	}
	for data, want := range tests {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			var got everything
			require.True(t, Decode([]byte(data), &got, nil))
			requireEverything(t, want, got)
		})
	}
}

// requireEverything compares times as moments.
func requireEverything(t *testing.T, want, got everything) {
	t.Helper()
	require.True(t, want.At.Equal(got.At), "%v, %v", want.At, got.At)
	want.At = got.At
	require.Equal(t, want, got)
}

func TestWhatIsOfAnotherKindLeavesItsFieldAsItIs(t *testing.T) {
	t.Parallel()
	was := everything{
		Text: "t", Named: "n", Whole: 1, Narrow: 2, Number: 3, Single: 4, Truth: true, At: time.Unix(5, 0), Labels: map[string]string{"a": "b"},
		Part: part{"p", 6}, Parts: []part{{"q", 7}}, Texts: []string{"u"}, Numbers: []int64{8},
	}
	values := map[string][]string{
		"Text":    {`null`, `1`, `true`, `{}`, `["a"]`},
		"Named":   {`null`, `1.5`, `[]`},
		"Whole":   {`null`, `"1"`, `1.5`, `9223372036854775808`, `1e30`, `false`, `{}`, `[1]`},
		"Narrow":  {`null`, `2147483648`, `-2147483649`, `"2"`},
		"Number":  {`null`, `"3"`, `1e999`, `true`, `[3]`, `"Inf"`, `"NaN"`},
		"Single":  {`null`, `1e39`, `"4"`},
		"Truth":   {`null`, `0`, `"false"`, `{}`},
		"At":      {`null`, `""`, `"yesterday"`, `1625000000`, `"2021-06-29 14:50:13"`, `"2021-13-01T00:00:00Z"`, `{"Text":"x"}`, `{}`, `[]`, `"2021-06-29T14:50:13+24:00"`},
		"Labels":  {`null`, `"a"`, `[]`, `1`},
		"Part":    {`null`, `"p"`, `[{"N":9}]`, `9`},
		"Parts":   {`null`, `"p"`, `{"N":9}`, `9`},
		"Texts":   {`null`, `"u"`, `{}`},
		"Numbers": {`null`, `8`, `{"0":8}`},
	}
	for name, values := range values {
		for _, value := range values {
			got := was
			require.True(t, Decode([]byte(`{"`+name+`":`+value+`,"RenamedId":"r"}`), &got, nil), "%s %s", name, value)
			require.Equal(t, "r", got.Renamed, "%s %s: what comes behind it is read", name, value)
			got.Renamed = ""
			requireEverything(t, was, got)
		}
	}
}

func TestElementsThatAreOfAnotherKindKeepTheirPlace(t *testing.T) {
	t.Parallel()
	var got everything
	require.True(t, Decode([]byte(`{"Parts":[{"N":1},null,"x",[{"N":2}],{"N":3}],"Texts":["a",1,null],"Numbers":["1",2],"Labels":{"n":1,"o":{"a":[1, 2]},"z":null,"t":true}}`), &got, nil))
	require.Equal(t, []part{{N: 1}, {}, {}, {}, {N: 3}}, got.Parts)
	require.Equal(t, []string{"a", "", ""}, got.Texts)
	require.Equal(t, []int64{0, 2}, got.Numbers)
	require.Equal(t, map[string]string{"n": "1", "o": `{"a":[1, 2]}`, "z": "", "t": "true"}, got.Labels)
}

func TestUnknownMembersAreShownWithTheirValues(t *testing.T) {
	t.Parallel()
	var got everything
	unknown := map[string]string{}
	require.True(t, Decode([]byte(`{"Code":"X","Text":"a","Part":{"Code":"inner"},"\u0044etail":{"a":[1]}}`), &got, func(name, value []byte) { unknown[string(name)] = string(value) }))
	require.Equal(t, map[string]string{"Code": `"X"`, "Detail": `{"a":[1]}`}, unknown)
}

func TestDecodeTakesOnlyOneJSONObject(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", " ", "null", "[]", `"{}"`, "1", "{", `{"Text":"a"`, `{"Text":"a"}}`, `{"Text":"a",}`, "<html>", strings.Repeat(`{"Part":`, 1e5)} {
		got := everything{Text: "before"}
		require.False(t, Decode([]byte(data), &got, func(_, _ []byte) { t.Error("called") }), "%.40s", data)
		require.Equal(t, everything{Text: "before"}, got)
	}
}

// digits has names without letters, because encoding/json does not care for their
// case.
type digits struct {
	Text    string            `json:"1"`
	Whole   int64             `json:"2"`
	Single  float32           `json:"3"`
	Truth   bool              `json:"4"`
	Labels  map[string]string `json:"5"`
	Parts   []digits          `json:"6"`
	Texts   []string          `json:"7"`
	Numbers []float64         `json:"8"`
}

func FuzzDecodeAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{
		`{"1":"a","2":1,"3":1.5,"4":true,"5":{"a":"b"},"6":[{"2":1,"6":[{"1":"deep"}]}],"7":["a"],"8":[1,1e3]}`,
		`{"6":[null,{}],"7":[null]}`, `{"2":25.0}`, `{"5":{"a":1}}`, "{\"1\":\"\xff\\u00e9\"}", `{"3":1e999}`, ` { "9" : [ ] , "1" : "x" } `, `null`, `{}x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want digits
		var object map[string]any
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		isObject := json.Valid(data) && decoder.Decode(&object) == nil && object != nil
		require.Equal(t, isObject, Decode(data, &got, nil))
		if !isObject {
			return
		}
		// Written again it has no name twice: encoding/json merges what has.
		once, err := json.Marshal(object)
		require.NoError(t, err)
		if json.Unmarshal(once, &want) == nil { // else Decode is more lenient
			got = digits{}
			require.True(t, Decode(once, &got, nil))
			require.Equal(t, want, got)
		}
	})
}
