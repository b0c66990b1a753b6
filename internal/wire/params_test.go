package wire

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestEveryByteIsEscapedAsRFC3986Wants(t *testing.T) {
	t.Parallel()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	const escaped = "" +
		"%00%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F" +
		"%10%11%12%13%14%15%16%17%18%19%1A%1B%1C%1D%1E%1F" +
		"%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F" +
		"0123456789%3A%3B%3C%3D%3E%3F" +
		"%40ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_" +
		"%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%7F" +
		"%80%81%82%83%84%85%86%87%88%89%8A%8B%8C%8D%8E%8F" +
		"%90%91%92%93%94%95%96%97%98%99%9A%9B%9C%9D%9E%9F" +
		"%A0%A1%A2%A3%A4%A5%A6%A7%A8%A9%AA%AB%AC%AD%AE%AF" +
		"%B0%B1%B2%B3%B4%B5%B6%B7%B8%B9%BA%BB%BC%BD%BE%BF" +
		"%C0%C1%C2%C3%C4%C5%C6%C7%C8%C9%CA%CB%CC%CD%CE%CF" +
		"%D0%D1%D2%D3%D4%D5%D6%D7%D8%D9%DA%DB%DC%DD%DE%DF" +
		"%E0%E1%E2%E3%E4%E5%E6%E7%E8%E9%EA%EB%EC%ED%EE%EF" +
		"%F0%F1%F2%F3%F4%F5%F6%F7%F8%F9%FA%FB%FC%FD%FE%FF"
	require.Equal(t, escaped, encode(func(p *Params) { p.Text("", string(all)) })[len("="):])
	require.Equal(t, escaped, encode(func(p *Params) { p.JSON("", appendText(string(all))) })[len("="):])
	require.Equal(t, escaped, strings.TrimSuffix(encode(func(p *Params) { p.Text(string(all), "") }), "="))
}

func TestParametersAreJoinedAsTheSignatureWantsThem(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		add  func(p *Params)
		want string
	}{
		"nothing":                      {func(*Params) {}, ""},
		"one":                          {func(p *Params) { p.Text("A", "1") }, "A=1"},
		"two":                          {func(p *Params) { p.Text("A", "1"); p.Text("B", "2") }, "A=1&B=2"},
		"an empty text":                {func(p *Params) { p.Text("A", ""); p.Text("B", "") }, "A=&B="},
		"an empty optional text":       {func(p *Params) { p.OptionalText("A", ""); p.OptionalText("B", "2") }, "B=2"},
		"an optional text of a space":  {func(p *Params) { p.OptionalText("A", " ") }, "A=%20"},
		"separators in a value":        {func(p *Params) { p.Text("A", "1&B=2"); p.Text("B", "+") }, "A=1%26B%3D2&B=%2B"},
		"separators in a key":          {func(p *Params) { p.Text("A=1&B", "2") }, "A%3D1%26B=2"},
		"a text beyond ASCII":          {func(p *Params) { p.Text("A", "é日") }, "A=%C3%A9%E6%97%A5"},
		"JSON":                         {func(p *Params) { p.JSON("A", appendText(`["b"]`)) }, "A=%5B%22b%22%5D"},
		"a short JSON after a longer":  {func(p *Params) { p.JSON("A", appendText("123")); p.JSON("B", appendText("4")) }, "A=123&B=4"},
		"whole numbers":                {func(p *Params) { p.Int("A", 0); p.Int("B", -7); p.Int("C", math.MaxInt64) }, "A=0&B=-7&C=9223372036854775807"},
		"optional numbers":             {func(p *Params) { p.OptionalInt("A", 0); p.OptionalInt("B", math.MinInt64); p.OptionalInt("C", 200) }, "B=-9223372036854775808&C=200"},
		"optional truth values":        {func(p *Params) { p.OptionalBool("A", false); p.OptionalBool("B", true) }, "B=true"},
		"no texts and an empty list":   {func(p *Params) { p.OptionalStrings("A", nil); p.OptionalStrings("B", []string{}) }, "B=%5B%5D"},
		"a list of texts":              {func(p *Params) { p.OptionalStrings("A", []string{"a", "", `"é`}) }, "A=%5B%22a%22%2C%22%22%2C%22%5C%22%C3%A9%22%5D"},
		"texts that are set or not":    {func(p *Params) { p.SetText("A", nil); p.SetText("B", new("")); p.SetText("C", new("c d")) }, "B=&C=c%20d"},
		"numbers that are set or not":  {func(p *Params) { p.SetInt("A", nil); p.SetInt("B", new(int64(0))); p.SetInt("C", new(int64(-1))) }, "B=0&C=-1"},
		"a member of Object as a text": {func(p *Params) { p.JSON("A", appendFile) }, "A=%7B%22URI%22%3A%22oss%3A%2F%2Fb%2Fo%22%7D"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, encode(tt.add))
		})
	}
}

func TestABodyReadsAsTheEncodingForEachAttempt(t *testing.T) {
	t.Parallel()
	p := Get()
	defer p.Release()
	p.Text("A", strings.Repeat("0123456789", 100))
	for range 3 {
		b := p.Body()
		require.NoError(t, iotest.TestReader(b, p.Encoded()))
		require.NoError(t, b.Close())
	}
	empty := Get()
	defer empty.Release()
	b := empty.Body()
	defer b.Close()
	require.NoError(t, iotest.TestReader(b, nil))
}

func TestABodyCanBeReadAfterRelease(t *testing.T) {
	t.Parallel()
	p := Get()
	p.Text("A", "mine")
	b := p.Body()
	p.Release()
	for range 100 { // What other calls write in the meantime must not show.
		other := Get()
		other.Text("A", "another")
		defer other.Release()
	}
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	require.Equal(t, "A=mine", string(got))
	require.NoError(t, b.Close())
}

func TestTheMemoryGoesBackWhenTheLastUserIsDone(t *testing.T) {
	t.Parallel()
	p := new(Params)
	p.refs.Store(1)
	first, second := p.Body(), p.Body()
	require.NoError(t, first.Close())
	require.NoError(t, first.Close(), "closing again is allowed")
	require.EqualValues(t, 2, p.refs.Load(), "and gives nothing back that is not its own")
	p.Release()
	require.EqualValues(t, 1, p.refs.Load())
	require.NoError(t, second.Close())
	require.Zero(t, p.refs.Load())
}

func TestAClosedBodyNeverLooksComplete(t *testing.T) {
	t.Parallel()
	p := Get()
	p.Text("A", "0123456789")
	b := p.Body()
	p.Release()
	_, err := io.ReadFull(b, make([]byte, 5))
	require.NoError(t, err)
	require.NoError(t, b.Close())
	n, err := b.Read(make([]byte, 5))
	require.Zero(t, n)
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
}

func TestABodyMayBeClosedWhileItIsRead(t *testing.T) {
	t.Parallel()
	for i := range 200 {
		letter := string(rune('a' + i%26))
		p := Get()
		p.Text(letter, strings.Repeat(letter, 4<<10))
		whole := string(p.Encoded())
		b := p.Body()
		p.Release()
		var wg sync.WaitGroup
		var read bytes.Buffer
		begun := make(chan struct{})
		wg.Go(func() {
			dst := make([]byte, 64)
			for n, err := b.Read(dst); ; n, err = b.Read(dst) {
				read.Write(dst[:n])
				if n > 0 && read.Len() == n {
					close(begun)
				}
				if err != nil {
					return
				}
			}
		})
		<-begun
		require.NoError(t, b.Close())
		next := Get() // It may get the memory that was given back.
		next.Text("-", strings.Repeat("-", 4<<10))
		wg.Wait()
		next.Release()
		require.True(t, strings.HasPrefix(whole, read.String()), "%d: what was read is not what was sent", i)
	}
}

func TestNoMemoryIsSharedByTwoCalls(t *testing.T) {
	t.Parallel()
	const calls, rounds = 50, 20
	var all sync.WaitGroup
	results := make([]error, calls)
	for call := range calls {
		all.Go(func() {
			for round := range rounds {
				if err := holdOn(call, round); err != nil {
					results[call] = err
				}
			}
		})
	}
	all.Wait()
	for _, err := range results {
		require.NoError(t, err)
	}
}

// holdOn makes some parameters at once, keeps all of them and their bodies, and
// only then compares them with what was put in.
func holdOn(call, round int) error {
	type held struct {
		params *Params
		body   io.ReadCloser
		want   string
	}
	var all []held
	for i := range 5 {
		mark := fmt.Sprintf("%d-%d-%d", call, round, i)
		p := Get()
		p.JSON("A", appendText(mark))
		p.Text("B", strings.Repeat(mark, 20))
		all = append(all, held{p, p.Body(), "A=" + mark + "&B=" + strings.Repeat(mark, 20)})
	}
	for i, h := range all {
		if got := string(h.params.Encoded()); got != h.want {
			return fmt.Errorf("encoded %q, not %q", got, h.want)
		}
		if i%2 == 0 { // The body outlives the call.
			h.params.Release()
		}
		if got, err := io.ReadAll(h.body); err != nil || string(got) != h.want {
			return fmt.Errorf("read %q and %w, not %q", got, err, h.want)
		}
		if err := h.body.Close(); err != nil {
			return err
		}
		if i%2 == 1 {
			h.params.Release()
		}
	}
	return nil
}

func TestAGiantBufferIsNotPooled(t *testing.T) {
	t.Parallel()
	giant := strings.Repeat("~", maxPooled+1)
	tests := map[string]func(p *Params){
		"encoding": func(p *Params) { p.Text("A", giant) },
		"JSON": func(p *Params) {
			p.JSON("A", func(dst []byte) []byte { return append(dst, giant...)[:0] })
			require.Less(t, cap(p.out.buf), maxPooled)
		},
	}
	for name, add := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Get()
			add(p)
			p.Release()
			for range 100 {
				other := Get()
				require.NotSame(t, p, other)
				require.LessOrEqual(t, cap(other.out.buf), maxPooled)
				require.LessOrEqual(t, cap(other.json), maxPooled)
				defer other.Release()
			}
		})
	}
}

func TestPooledParametersStartEmpty(t *testing.T) {
	t.Parallel()
	for range 10 {
		p := Get()
		require.Empty(t, p.Encoded())
		p.JSON("A", func(dst []byte) []byte {
			require.Empty(t, dst)
			return append(dst, "null"...)
		})
		p.Release()
	}
}

func FuzzEncodingAgreesWithNetURL(f *testing.F) {
	f.Add("ProjectName", "test-project", "[]")
	f.Add("Files", "oss://bucket/a b+c%20d", `[{"URI":"oss://b/日本"}]`)
	f.Add("", "", "")
	f.Add("a&b=c;d", "~-_.!*'()", "\x00\xff\u2028")
	f.Fuzz(func(t *testing.T, key, text, json string) {
		escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
		got := encode(func(p *Params) {
			p.Text(key, text)
			p.JSON(key, appendText(json))
			p.OptionalText(key, text)
		})
		want := escape(key) + "=" + escape(text) + "&" + escape(key) + "=" + escape(json)
		values := url.Values{key: {text, json}}
		if text != "" {
			want += "&" + escape(key) + "=" + escape(text)
			values.Add(key, text)
		}
		require.Equal(t, want, got)
		parsed, err := url.ParseQuery(got)
		require.NoError(t, err)
		require.Equal(t, values, parsed)
	})
}

func encode(add func(p *Params)) string {
	p := Get()
	defer p.Release()
	add(p)
	return string(p.Encoded())
}

func appendText(s string) func(dst []byte) []byte {
	return func(dst []byte) []byte { return append(dst, s...) }
}

func appendFile(dst []byte) []byte {
	o := BeginObject(dst)
	o.Text("URI", "oss://b/o")
	return o.End()
}
