package wire

import (
	"math"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// written is the JSON that a Writer put into a parameter.
func written(t *testing.T, write func(w *Writer)) string {
	t.Helper()
	p := Get()
	defer p.Release()
	write(p.Write("A"))
	encoded := string(p.Encoded())
	text, err := url.PathUnescape(encoded)
	require.NoError(t, err)
	require.Equal(t, "A="+string(appendEscaped(nil, text[len("A="):])), encoded, "as the signature wants it")
	return text[len("A="):]
}

func TestWriterWritesWhatObjectWrites(t *testing.T) {
	t.Parallel()
	at := time.Date(2021, 6, 29, 14, 50, 13, 11643661, time.FixedZone("", 8*60*60))
	tests := map[string]func(w *Writer){
		`{}`:                               func(*Writer) {},
		`{"A":"x\"y"}`:                     func(w *Writer) { w.Text("A", `x"y`) },
		`{"A":"{","B":"\n\u0001é"}`:        func(w *Writer) { w.Text("A", "{"); w.Text("B", "\n\x01é") },
		`{"A":1,"B":-9223372036854775808}`: func(w *Writer) { w.Int("A", 1); w.Int("B", math.MinInt64) },
		`{"A":0.9,"B":1e+21,"C":-1e-7}`:    func(w *Writer) { w.Float32("A", 0.9); w.Float32("B", 1e21); w.Float32("C", -1e-7) },
		`{"B":"b","D":4}`:                  func(w *Writer) { w.Text("A", ""); w.Text("B", "b"); w.Int("C", 0); w.Int("D", 4) },
		`{"A":{},"B":[]}`: func(w *Writer) {
			w.Name("A")
			w.BeginObject()
			w.EndObject()
			w.Name("B")
			w.BeginArray()
			w.EndArray()
		},
		`{"A":[1,-2,0]}`: func(w *Writer) {
			w.Name("A")
			w.BeginArray()
			w.Number(1)
			w.Number(-2)
			w.Number(0)
			w.EndArray()
		},
		`{"A":[{},{"B":1}],"C":2}`:                    nested,
		`{"L":{},"N":1}`:                              func(w *Writer) { w.Texts("K", nil); w.Texts("L", map[string]string{}); w.Int("N", 1) },
		`{"L":{"a\"":""}}`:                            func(w *Writer) { w.Texts("L", map[string]string{`a"`: ""}) },
		`{"L":{"":"x","a":"1","b":"2"}}`:              func(w *Writer) { w.Texts("L", map[string]string{"b": "2", "a": "1", "": "x"}) },
		`{"F":1}`:                                     func(w *Writer) { w.Time("D", time.Time{}); w.Float32("E", 0); w.Int("F", 1) },
		`{"D":"` + at.Format(time.RFC3339Nano) + `"}`: func(w *Writer) { w.Time("D", at) },
	}
	for want, write := range tests {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, written(t, func(w *Writer) { w.BeginObject(); write(w); w.EndObject() }))
		})
	}
}

func nested(w *Writer) {
	w.Name("A")
	w.BeginArray()
	w.BeginObject()
	w.EndObject()
	w.BeginObject()
	w.Int("B", 1)
	w.EndObject()
	w.EndArray()
	w.Int("C", 2)
}

func TestTextsOfEveryLengthAreWrittenWhole(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"a", "\x01", "日", `"`} {
		for _, n := range []int{0, 1, 7, 8, 9, 1023, 1024, 1025, 2048, 5000} {
			text := strings.Repeat(letter, n)
			require.Equal(t, string(AppendString(nil, text)), written(t, func(w *Writer) { w.quote(text) }), "%d times %q", n, letter)
		}
	}
}

func TestWriterTellsWhetherATextHadMoreThanASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "a": false, "\x00\x1f\x7f": false, "\x80": true, "é": true, "\xff": true,
		strings.Repeat("a", 3000) + "é": true, "é" + strings.Repeat("a", 3000): true, strings.Repeat("a", 3000): false,
	} {
		p := Get()
		p.Text("A", "é") // is none of the Writer's
		w := p.Write("B")
		w.quote(text)
		w.quote("a")
		require.Equal(t, want, w.BeyondASCII(), "%.20q", text)
		p.Release()
		require.False(t, Get().Write("A").BeyondASCII(), "what comes next begins anew")
	}
}

func TestAWriterKeepsNoTextOfTheCaller(t *testing.T) {
	t.Parallel()
	p := Get()
	defer p.Release()
	p.Write("A").Texts("L", map[string]string{"a": "1", "b": "2", "c": "3"})
	for _, name := range p.out.names[:cap(p.out.names)] {
		require.Empty(t, name)
	}
}

func FuzzWriterAgreesWithAppendString(f *testing.F) {
	for _, seed := range []string{"", "oss://bucket/a.jpg", "\"\\/\n\r\t", "\x00\b\f\x1f\x7f", "<>&\u2028\u2029", "日本\U0001F600", "\xff\xc3", strings.Repeat("x\n", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := Get()
		defer p.Release()
		w := p.Write("A")
		w.quote(text)
		require.Equal(t, "A="+string(appendEscaped(nil, AppendString(nil, text))), string(p.Encoded()))
		require.True(t, w.BeyondASCII() || utf8.ValidString(text))
	})
}
