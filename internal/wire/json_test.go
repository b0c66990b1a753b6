package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestOnlyWhatJSONNeedsEscapedIsEscaped(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                    `""`,
		"plain":               `"plain"`,
		`"`:                   `"\""`,
		`a"b"c`:               `"a\"b\"c"`,
		`\`:                   `"\\"`,
		`\u0041`:              `"\\u0041"`,
		"/":                   `"/"`,
		"<a href='x'>&":       `"<a href='x'>&"`,
		"\n\r\t":              `"\n\r\t"`,
		"\x00\x08\x0b\x0c":    `"\u0000\u0008\u000B\u000C"`,
		"\x1f \x7f":           "\"\\u001F \x7f\"",
		"日本 é \U0001F600":     "\"日本 é \U0001F600\"",
		"\u2028\u2029\uFFFD":  "\"\u2028\u2029\uFFFD\"",
		"a\nb\x01c\\d\"e end": `"a\nb\u0001c\\d\"e end"`,
	}
	for text, want := range tests {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			got := AppendString([]byte("before"), text)
			require.Equal(t, "before"+want, string(got))
			var back string
			require.NoError(t, json.Unmarshal(got[len("before"):], &back))
			require.Equal(t, text, back)
		})
	}
}

func TestFloatsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	t.Parallel()
	magnitudes := []float64{0, 1, 0.5, 0.1, 1.0 / 3, 99.5, 123456789, 1e-5, 1e-6, 9.99e-7, 1e-7, 1.5e-9, 1e-10, 1e-20,
		1e-30, 1e-38, 1e20, 999999999999999868928, 1e21, 1.5e22, 1e30, 3.4e38,
		math.SmallestNonzeroFloat32, math.MaxFloat32,
		float64(math.Nextafter32(1e-6, 0)), float64(math.Nextafter32(1e-6, 1)), float64(float32(1e-6)),
		float64(math.Nextafter32(1e21, 0)), float64(math.Nextafter32(1e21, math.MaxFloat32)), float64(float32(1e21))}
	for _, abs := range magnitudes {
		requireFloat(t, abs)
		requireFloat(t, -abs)
	}
	for _, abs := range []float64{1e-100, 1e-101, 1e100, 1e300, math.SmallestNonzeroFloat64, math.MaxFloat64,
		math.Nextafter(1e-6, 0), math.Nextafter(1e-6, 1), math.Nextafter(1e21, 0), math.Nextafter(1e21, 1e22)} {
		requireFloat(t, abs)
		requireFloat(t, -abs)
	}
	requireFloat(t, math.Copysign(0, -1))
}

// requireFloat compares f in both widths; a float64 beyond float32 only in its own.
func requireFloat(t *testing.T, f float64) {
	t.Helper()
	want, err := json.Marshal(f)
	require.NoError(t, err)
	require.Equal(t, string(want), string(AppendFloat(nil, f, 64)))
	if narrow := float32(f); !math.IsInf(float64(narrow), 0) {
		want, err = json.Marshal(narrow)
		require.NoError(t, err)
		require.Equal(t, string(want), string(AppendFloat(nil, float64(narrow), 32)))
	}
}

func TestAnObjectLeavesOutZeroValues(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("", 8*60*60)
	tests := map[string]struct {
		add  func(o *Object)
		want string
	}{
		"nothing":            {func(*Object) {}, `{}`},
		"zero values":        {func(o *Object) { o.Text("A", ""); o.Int("B", 0); o.Float32("C", 0); o.Time("D", time.Time{}) }, `{}`},
		"a text":             {func(o *Object) { o.Text("A", `x"y`) }, `{"A":"x\"y"}`},
		"a text of a brace":  {func(o *Object) { o.Text("A", "{"); o.Text("B", "{") }, `{"A":"{","B":"{"}`},
		"whole numbers":      {func(o *Object) { o.Int("A", math.MinInt64); o.Int("B", math.MaxInt64) }, `{"A":-9223372036854775808,"B":9223372036854775807}`},
		"a number":           {func(o *Object) { o.Float32("A", 0.9); o.Float32("B", -1e-7) }, `{"A":0.9,"B":-1e-7}`},
		"a time":             {func(o *Object) { o.Time("A", time.Date(2021, 6, 29, 14, 50, 13, 11643661, east)) }, `{"A":"2021-06-29T14:50:13.011643661+08:00"}`},
		"a time in UTC":      {func(o *Object) { o.Time("A", time.Date(2021, 6, 29, 14, 50, 13, 0, time.UTC)) }, `{"A":"2021-06-29T14:50:13Z"}`},
		"a value":            {func(o *Object) { o.Value("A", appendText("null")); o.Value("B", appendText("[]")) }, `{"A":null,"B":[]}`},
		"an object in it":    {func(o *Object) { o.Value("A", appendFile); o.Int("B", 1) }, `{"A":{"URI":"oss://b/o"},"B":1}`},
		"empty objects":      {func(o *Object) { o.Value("A", emptyObject); o.Value("B", emptyObject) }, `{"A":{},"B":{}}`},
		"after a zero value": {func(o *Object) { o.Text("A", ""); o.Text("B", "b"); o.Int("C", 0); o.Int("D", 4) }, `{"B":"b","D":4}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := BeginObject([]byte("before"))
			tt.add(&o)
			require.Equal(t, "before"+tt.want, string(o.End()))
		})
	}
}

func TestAnArrayHoldsEveryItemInItsPlace(t *testing.T) {
	t.Parallel()
	text := func(dst []byte, item *string) []byte { return AppendString(dst, *item) }
	for want, items := range map[string][]string{
		`[]`:             nil,
		`["a"]`:          {"a"},
		`["","b","]"]`:   {"", "b", "]"},
		`["[","\"",","]`: {"[", `"`, ","},
	} {
		require.Equal(t, "before"+want, string(AppendArray([]byte("before"), items, text)))
	}
	require.Equal(t, `[]`, string(AppendArray(nil, []string{}, text)))
	nested := AppendArray(nil, make([]struct{}, 3), func(dst []byte, _ *struct{}) []byte { return emptyObject(dst) })
	require.Equal(t, `[{},{},{}]`, string(nested))
}

func TestMembersGivesEachValueAsItStands(t *testing.T) {
	t.Parallel()
	const space = " \t\r\n"
	tests := map[string][]string{
		`{}`:                              {},
		space + `{` + space + `}` + space: {},
		`{"a":1}`:                         {"a", "1"},
		`{"a":-1.5e+10,"b":true}`:         {"a", "-1.5e+10", "b", "true"},
		space + `{` + space + `"a"` + space + `:` + space + `null` + space + `,` + space + `"b":2` + space + `}` + space: {"a", "null", "b", "2"},
		`{"a":"}","b":"\"","c":"\\"}`:         {"a", `"}"`, "b", `"\""`, "c", `"\\"`},
		`{"a":{"b":[1,{"c":"]}"}]},"d":[[]]}`: {"a", `{"b":[1,{"c":"]}"}]}`, "d", `[[]]`},
		`{"a":{ "b" : 1 }}`:                   {"a", `{ "b" : 1 }`},
		`{"a":1,"a":2}`:                       {"a", "1", "a", "2"},
		`{"":"","\u0041\n":[]}`:               {"", `""`, "A\n", `[]`},
		"{\"\xff\xfe\":0}":                    {"\uFFFD\uFFFD", "0"},
		`{"日本":"é"}`:                          {"日本", `"é"`},
	}
	for data, want := range tests {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			got := []string{}
			require.True(t, Members([]byte(data), func(name, value []byte) { got = append(got, string(name), string(value)) }))
			require.Equal(t, want, got)
		})
	}
}

func TestMembersRefusesWhatIsNotOneObject(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"", " ", "{", "}", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{a:1}`, `{'a':1}`, `{"a":1}}`, `{}{}`, `{} x`,
		"null", "true", "1", `"{}"`, "[]", `[{"a":1}]`, "\ufeff{}", "{\"a\":\"\n\"}", `{"a":"\x"}`, `{"a":01}`, "<html></html>",
		strings.Repeat(`{"a":`, 1e5) + "1" + strings.Repeat("}", 1e5),
	} {
		called := false
		require.False(t, Members([]byte(data), func(_, _ []byte) { called = true }), "%.40s", data)
		require.False(t, called, "%.40s", data)
	}
}

func TestTextIsWhatTheStringSays(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`""`:                       "",
		`"a"`:                      "a",
		`"\"\\\/\b\f\n\r\t\u00e9"`: "\"\\/\b\f\n\r\té",
		`"\ud83d\ude00"`:           "\U0001F600",
		`"\ud83d"`:                 "\uFFFD", // half a pair
		"\"日本\"":                   "日本",
		"\"a\xff\xfeb\"":           "a\uFFFD\uFFFDb",
		"\"\\n\xff\xfeb\"":         "\n\uFFFD\uFFFDb",
	} {
		got, ok := Text([]byte(value))
		require.True(t, ok, "%q", value)
		require.Equal(t, want, got, "%q", value)
	}
	for _, value := range []string{"", `"`, "null", "1", "true", "{}", `["a"]`, `'a'`} {
		got, ok := Text([]byte(value))
		require.False(t, ok, "%q", value)
		require.Empty(t, got, "%q", value)
	}
}

func FuzzAppendStringAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{"", "oss://bucket/a.jpg", "\"\\/\n\r\t", "\x00\b\f\x1f\x7f", "<>&\u2028\u2029", "日本\U0001F600", "\xff\xc3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ours := AppendString(nil, text)
		var back string
		require.NoError(t, json.Unmarshal(ours, &back))
		require.Equal(t, string([]rune(text)), back) // Each byte that is not UTF-8 becomes U+FFFD.

		// encoding/json escapes U+2028 and U+2029 for the sake of JavaScript, and
		// spells other control characters with \b, \f and small hex digits.
		differs := func(r rune) bool {
			return r == '\u2028' || r == '\u2029' || r < ' ' && r != '\n' && r != '\r' && r != '\t'
		}
		if utf8.ValidString(text) && !strings.ContainsFunc(text, differs) {
			var theirs bytes.Buffer
			encoder := json.NewEncoder(&theirs)
			encoder.SetEscapeHTML(false)
			require.NoError(t, encoder.Encode(text))
			require.Equal(t, strings.TrimSuffix(theirs.String(), "\n"), string(ours))
		}
	})
}

func FuzzAppendFloatAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []float64{0, 0.1, 1e-6, 1e-7, 1e21, -1e-9, math.MaxFloat64, float64(float32(1e-6))} {
		f.Add(math.Float64bits(seed))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		if number := math.Float64frombits(bits); !math.IsNaN(number) && !math.IsInf(number, 0) {
			requireFloat(t, number)
		}
		if number := float64(math.Float32frombits(uint32(bits))); !math.IsNaN(number) && !math.IsInf(number, 0) {
			requireFloat(t, number)
		}
	})
}

func FuzzMembersAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, ``, ` { "a" : 1 , "b" : [ { } ] } `, `{"a":"\"}","a":{"b":"]"}}`, `{"\u0061":-1e5,"":null}`,
		"{\"\xff\xfe\":\"\xff\"}", `{"a":1}x`, `{"RequestId":"1","EventId":"2"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := map[string]json.RawMessage{}
		ok := Members(data, func(name, value []byte) {
			require.True(t, json.Valid(value), "%q", value)
			got[string(name)] = value
		})
		var want map[string]json.RawMessage
		err := json.Unmarshal(data, &want)
		require.Equal(t, err == nil && want != nil, ok)
		if ok {
			require.Equal(t, want, got)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{`""`, `"`, ``, `"a"`, `"\u00e9\ud83d\ude00\ud83d"`, "\"\xff\xfe\"", `null`, `"\`, `"\"`, `"a" `, `[""]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		got, ok := Text(value) // It may not panic, whatever it gets.
		if !json.Valid(value) || len(bytes.TrimSpace(value)) != len(value) {
			return // It promises nothing more about what is no single value.
		}
		var want any
		require.NoError(t, unmarshalAny(value, &want))
		text, isText := want.(string)
		require.Equal(t, isText, ok)
		require.Equal(t, text, got)
	})
}

// unmarshalAny keeps numbers as they stand, since some valid ones fit no float64.
func unmarshalAny(value []byte, v *any) error {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("%q: %w", value, err)
	}
	return nil
}

func emptyObject(dst []byte) []byte {
	o := BeginObject(dst)
	return o.End()
}
