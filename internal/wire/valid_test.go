package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// texts is JSON and what is nearly JSON, for tests and as seeds.
var texts = []string{
	"", " ", "{}", "[]", " { } ", "[ ]", `""`, "0", "-0", "-", "1", "01", "1.", "1.5", "1.5e", "1e5", "1E+5", "1e-05", "1e+", ".5", "+1", "--1", "1a",
	"true", "tru", "truex", "false", "fals", "null", "nul", "nulll", "True", "NaN",
	`{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" : 1 , "b" : [ ] }`, `{"a":1 "b":2}`, `{a:1}`, `{"a":1]`, `{"a":1}}`, `{"a":1} x`, `{"a":1`, `{"a"`, `{`,
	`[1,2]`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `[`, `[[]`, `[[],[[]]]`, "\ufeff[]", "[\v]", "[\x00]",
	`"a`, `"\"`, `"\\"`, `"\x"`, `"\u00e9"`, `"\u00e"`, `"\u00g0"`, `"\u`, `"\`, `"\/\b\f\n\r\t"`, "\"\n\"", "\"\x1f\"", "\"\x7f\"", "\"\xff\xfe\"", `"日本"`,
	`"12345678"`, `"1234567\""`, "\"1234567\x1f\"", "\"123456789012345\x00\"", `"123456789012345\n6"`, "\"!!!!!!!!!!!!\"", "\"\x80\x81\x9f\xa0\xa1\xa2\"",
}

func TestValidIsWhatEncodingJSONTakes(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		require.Equal(t, json.Valid([]byte(text)), valid([]byte(text)), "%q", text)
	}
	for _, bracket := range []string{"[]", `{"a":}`} {
		begin, end := bracket[:len(bracket)-1], bracket[len(bracket)-1:]
		for _, depth := range []int{maxDepth - 1, maxDepth, maxDepth + 1, 100 * maxDepth} {
			text := []byte(strings.Repeat(begin, depth) + "1" + strings.Repeat(end, depth))
			require.Equal(t, json.Valid(text), valid(text), "%s %d deep", bracket, depth)
			require.Equal(t, depth <= maxDepth, valid(text), "%s %d deep", bracket, depth)
		}
	}
}

// Every byte is put into every place of a word, where its neighbours could hide it.
func TestEverySpecialByteIsFoundWhereItStands(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for _, around := range []string{"a", "!", "#", "[", "]", "\x7f", "\x80", "\xff", " "} {
			for place := range 20 {
				text := strings.Repeat(around, place) + string([]byte{byte(c)}) + strings.Repeat(around, 20-place)
				want := len(text)
				if c < ' ' || c == '"' || c == '\\' {
					want = place
				}
				require.Equal(t, want, nextSpecial([]byte(text), 0), "%q", text)
			}
		}
	}
}

func FuzzValidAgreesWithEncodingJSON(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		require.Equal(t, json.Valid(data), valid(data))
	})
}
