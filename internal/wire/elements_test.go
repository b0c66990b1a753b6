package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestElementsGivesEachElementAsItStands(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		`[]`:                          {},
		" \t\r\n[ \t\r\n] \t\r\n":     {},
		`[1]`:                         {"1"},
		` [ null , -1.5e+10 ,true ] `: {"null", "-1.5e+10", "true"},
		`["]","\"","\\",","]`:         {`"]"`, `"\""`, `"\\"`, `","`},
		`[[],[[]],{"a":[1,2]}]`:       {"[]", "[[]]", `{"a":[1,2]}`},
		`[{ "a" : 1 },{}]`:            {`{ "a" : 1 }`, "{}"},
	}
	for data, want := range tests {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			got := []string{}
			require.True(t, Elements([]byte(data), func(element []byte) { got = append(got, string(element)) }))
			require.Equal(t, want, got)
		})
	}
}

func TestElementsRefusesWhatIsNotOneArray(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"", " ", "[", "]", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[1]]", "[][]", "[] x", "null", "1", `"[]"`, "{}", `{"a":[]}`,
		strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5),
	} {
		called := false
		require.False(t, Elements([]byte(data), func([]byte) { called = true }), "%.40s", data)
		require.False(t, called, "%.40s", data)
	}
}

func FuzzElementsAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{`[]`, `null`, `{}`, ``, ` [ 1 , { "a" : [ ] } , "]" ] `, `["\"]",[[]]]`, "[\"\xff\"]", `[1]x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := []json.RawMessage{}
		ok := Elements(data, func(element []byte) { got = append(got, element) })
		var want []json.RawMessage
		err := json.Unmarshal(data, &want)
		require.Equal(t, err == nil && want != nil, ok)
		if ok {
			require.Equal(t, want, got)
		}
	})
}
