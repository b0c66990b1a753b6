package imm

import (
	"context"
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/retry"
	"github.com/imm-go/imm/internal/wire"
)

// encodeParams encodes parameters as Do does.
func encodeParams(params map[string]any) (string, error) {
	encoded := wire.Get()
	defer encoded.Release()
	err := appendParams(encoded, "GetProject", params)
	return string(encoded.Encoded()), err
}

type (
	namedText   string
	namedNumber int8
	namedFlag   bool
	nested      struct {
		Name  string `json:"name"`
		Count int    `json:"count,omitempty"`
	}
	hasOwnJSON   struct{ text string }
	stringerOnly struct{ N int }
)

func (h hasOwnJSON) MarshalJSON() ([]byte, error) { return json.Marshal([]string{h.text}) }

func (stringerOnly) String() string { return "a name that must not be sent" }

func TestEachKindOfParameterHasItsForm(t *testing.T) {
	t.Parallel()
	text, number := "pointed", 7
	pointer := &text
	for want, value := range map[string]any{
		"text": "text", "": "", " a&b=c\n\"": " a&b=c\n\"", "日本": "日本", "named": namedText("named"), "image": MediaImage,
		"-7": -7, "8": int8(8), "16": int16(16), "32": int32(32), "-9223372036854775808": int64(math.MinInt64), "5": namedNumber(5),
		"9": uint(9), "255": uint8(255), "18446744073709551615": uint64(math.MaxUint64), "65": 'A', "1000000000": time.Second,
		"0": 0, "0.5": 0.5, "0.1": float32(0.1), "100": 100.0, "-2.25": -2.25, "1000000000000000000000": 1e21, "0.0000001": 1e-7,
		"true": true, "false": namedFlag(false), "12345678901234567890.5": json.Number("12345678901234567890.5"),
		"7": &number, "pointed": &pointer,
		`{"name":"n"}`: nested{Name: "n"}, `{"name":"p","count":1}`: &nested{Name: "p", Count: 1}, `{"N":1}`: stringerOnly{1},
		`["a","b"]`: []string{"a", "b"}, `[]`: []string{}, `[1,null]`: [2]any{1, nil}, `{"a":1,"b":[true]}`: map[string]any{"b": []bool{true}, "a": 1},
		`{}`: map[string]string{}, `["<a href='x'>&"]`: []string{"<a href='x'>&"}, `"aGk="`: []byte("hi"),
		`{"raw":1}`: json.RawMessage(`{"raw": 1}`), `["own"]`: hasOwnJSON{"own"}, `["ptr"]`: &hasOwnJSON{"ptr"},
		`"2022-07-06T07:03:28.5Z"`:                       time.Date(2022, 7, 6, 7, 3, 28, 500_000_000, time.UTC),
		`[{"URI":"oss://b/k","CustomLabels":{"a":"b"}}]`: []InputFile{{URI: "oss://b/k", CustomLabels: map[string]string{"a": "b"}}},
		`{"MNS":{"TopicName":"t"}}`:                      Notification{MNS: MNS{TopicName: "t"}},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			encoded, err := encodeParams(map[string]any{"P": value})
			require.NoError(t, err)
			escaped, found := strings.CutPrefix(encoded, "P=")
			require.True(t, found, encoded)
			got, err := url.PathUnescape(escaped)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestWhatIsNilIsLeftOut(t *testing.T) {
	t.Parallel()
	var inner *string
	var boxed any
	for name, value := range map[string]any{
		"nil": nil, "pointer": (*int)(nil), "structure": (*nested)(nil), "map": map[string]string(nil), "slice": []string(nil),
		"raw JSON": json.RawMessage(nil), "pointer to nil": &inner, "interface": &boxed, "own JSON": (*hasOwnJSON)(nil), "function": (func())(nil),
	} {
		encoded, err := encodeParams(map[string]any{"A": 1, "P": value, "Q": 2})
		require.NoError(t, err, name)
		require.Equal(t, "A=1&Q=2", encoded, name)
	}
	for _, params := range []map[string]any{nil, {}, {"A": nil}} {
		encoded, err := encodeParams(params)
		require.NoError(t, err)
		require.Empty(t, encoded)
	}
}

func TestParametersAreSortedByTheirBytes(t *testing.T) {
	t.Parallel()
	encoded, err := encodeParams(map[string]any{"b": 1, "B": 2, "a": 3, "Ab": 4, "A": 5, "A-": 6, "é": 7, "~": 8, "A b": 9})
	require.NoError(t, err)
	require.Equal(t, "A=5&A%20b=9&A-=6&Ab=4&B=2&a=3&b=1&~=8&%C3%A9=7", encoded)
}

func TestAParameterThatCannotBeSentIsRefused(t *testing.T) {
	t.Parallel()
	type ring struct{ Next any }
	loop := &ring{}
	loop.Next = loop
	var itself any
	itself = &itself
	type P *P
	var own P
	own = &own
	for name, tt := range map[string]struct {
		value  any
		reason string
	}{
		"NaN":                  {math.NaN(), "finite"},
		"infinity":             {math.Inf(1), "finite"},
		"small infinity":       {float32(math.Inf(-1)), "finite"},
		"NaN inside":           {[]float64{math.NaN()}, "cannot be sent as JSON"},
		"a channel":            {make(chan int), "chan int cannot be sent as JSON"},
		"a function":           {func() {}, "cannot be sent as JSON"},
		"a complex number":     {1i, "complex128 cannot be sent as JSON"},
		"a channel inside":     {map[string]any{"a": make(chan int)}, "cannot be sent as JSON"},
		"keys of another kind": {map[bool]int{true: 1}, "cannot be sent as JSON"},
		"text not UTF-8":       {"a\xff", "UTF-8"},
		"named not UTF-8":      {namedText("\xff"), "UTF-8"},
		"a list not UTF-8":     {[]string{"good", "a\xff"}, "UTF-8"},
		"a map not UTF-8":      {map[string]any{"k": []any{map[string]string{"\xff": "v"}}}, "UTF-8"},
		"a file not UTF-8":     {&[]InputFile{{URI: "oss://b/\xff"}}, "UTF-8"},
		"malformed JSON":       {json.RawMessage("{"), "cannot be sent as JSON"},
		"no JSON":              {json.RawMessage{}, "cannot be sent as JSON"},
		"a ring":               {loop, "cannot be sent as JSON"},
		"a pointer to itself":  {itself, "cannot be sent as JSON"},
		"the same with a name": {own, "cannot be sent as JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalid := verdictOn(t, func(ctx context.Context, c *Client) error {
				return c.Do(ctx, "GetProject", map[string]any{"A": 1, "P": tt.value}, nil)
			})
			require.NotNil(t, invalid)
			require.Equal(t, "GetProject", invalid.Action)
			require.Equal(t, "P", invalid.Field)
			require.Contains(t, invalid.Reason, tt.reason)
		})
	}
	for name, params := range map[string]map[string]any{"no name": {"": 1}, "a name not UTF-8": {"a\xff": 1}} {
		_, err := encodeParams(params)
		require.ErrorIs(t, err, ErrInvalidArgument, name)
		requireOneLine(t, err.Error())
	}
}

func TestTextThatOnlyLooksBrokenIsSent(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]any{
		"\uFFFD":           "\uFFFD",
		"[\"\uFFFD\"]":     []string{"\uFFFD"},
		`["\\ufffd"]`:      []string{`\ufffd`},
		`["\ufffd"]`:       json.RawMessage(`["\ufffd"]`),
		`{"a":["\ufffd"]}`: map[string]any{"a": json.RawMessage(`["\ufffd"]`)},
		`"/w=="`:           []byte("\xff"),
		`["/w=="]`:         [][]byte{[]byte("\xff")},
	} {
		encoded, err := encodeParams(map[string]any{"P": value})
		require.NoError(t, err, want)
		got, err := url.PathUnescape(encoded)
		require.NoError(t, err)
		require.Equal(t, "P="+want, got)
	}
}

func TestAnActionIsANameOfLettersAndDigits(t *testing.T) {
	t.Parallel()
	for action, good := range map[string]bool{
		"GetProject": true, "a": true, "V2": true, "BatchGetFileMeta": true, strings.Repeat("a", 128): true,
		"": false, " ": false, "2V": false, "Get Project": false, "GetProject ": false, "Get-Project": false, "Get_Project": false,
		"GetProject\n": false, "GetProject\r\nX-Evil: 1": false, "Gét": false, "获取": false, "Get\x00": false, "Get\xff": false,
		"Get/../Project": false, strings.Repeat("a", 129): false, strings.Repeat("a ", 100_000): false,
	} {
		t.Run(strconv.Quote(action[:min(len(action), 30)]), func(t *testing.T) {
			t.Parallel()
			invalid := verdictOn(t, func(ctx context.Context, c *Client) error { return c.Do(ctx, action, nil, nil) })
			requireVerdict(t, good, invalid, "Do", "action")
		})
	}
}

func TestDoRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		out   any
		opts  []CallOption
		field string
	}{
		"a map by value":       {map[string]any{}, nil, "out"},
		"a structure by value": {nested{}, nil, "out"},
		"a nil pointer":        {(*nested)(nil), nil, "out"},
		"a nil option":         {nil, []CallOption{SafeToRepeat(), nil}, "opts[1]"},
		"a pointer":            {new(nested), []CallOption{SafeToRepeat()}, ""},
		"nothing":              {nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalid := verdictOn(t, func(ctx context.Context, c *Client) error { return c.Do(ctx, "GetProject", nil, tt.out, tt.opts...) })
			requireVerdict(t, tt.field == "", invalid, "GetProject", tt.field)
		})
	}
}

func TestTheNameOfAnOperationTellsWhetherItReads(t *testing.T) {
	t.Parallel()
	for action, reads := range map[string]bool{
		"GetProject": true, "ListBindings": true, "QueryStories": true, "SimpleQuery": true, "BatchGetFileMeta": true, "DetectImageFaces": true,
		"CreateProject": false, "UpdateFileMeta": false, "BatchDeleteFileMeta": false, "DeleteBinding": false, "QueryableCreate": true,
		"getProject": false, "SimpleQueryCreate": false, "ForgetProject": false, "BatchIndexFileMeta": false,
	} {
		require.Equal(t, reads, readsByName(action), action)
	}
	options := callOptions{safety: retry.Unknown}
	SafeToRepeat()(&options)
	require.Equal(t, retry.Repeatable, options.safety)
}

func TestAnAnswerThatDoCannotUseIsNone(t *testing.T) {
	t.Parallel()
	for data, good := range map[string]bool{
		`{}`: true, ` {"name":"n"} `: true, `{"name":"n","more":[1]}`: true, `{"count":1}`: true,
		"": false, " ": false, "[]": false, "null": false, `"text"`: false, "1": false, "{": false, "{}{}": false, "<html>": false, "\x00": false,
	} {
		var out nested
		require.Equal(t, good, (&anyAnswer{out: &out}).decode([]byte(data)), data)
		require.Equal(t, good, (&anyAnswer{}).decode([]byte(data)), data)
		var loose any
		require.Equal(t, good, (&anyAnswer{out: &loose}).decode([]byte(data)), data)
	}
	var out nested
	require.False(t, (&anyAnswer{out: &out}).decode([]byte(`{"count":"many"}`)), "a field of another type")
	require.True(t, (&anyAnswer{out: &out}).decode([]byte(`{"name":"n"}`)))
	require.Equal(t, nested{Name: "n"}, out)
}
