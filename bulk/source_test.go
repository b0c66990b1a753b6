package bulk

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// sourceRead is what a source yielded.
type sourceRead struct {
	item Item
	err  error
}

// readSource goes on after every error, as a run may.
func readSource(t testing.TB, source Source, after string) []sourceRead {
	var all []sourceRead
	positions := make(map[string]bool)
	for item, err := range source.Items(t.Context(), after) {
		if err == nil || item.Position != "" {
			require.NotEmpty(t, item.Position)
			require.False(t, positions[item.Position], "two items are at %s", item.Position)
			positions[item.Position] = true
		}
		all = append(all, sourceRead{item, err})
	}
	return all
}

// shown is one line for each file or error.
func shown(all []sourceRead) []string {
	lines := []string{}
	for _, r := range all {
		switch {
		case r.err == nil:
			lines = append(lines, r.item.File.URI)
		case r.item.Position == "":
			lines = append(lines, "END "+r.err.Error())
		default:
			lines = append(lines, "BAD "+r.err.Error())
		}
	}
	return lines
}

// requireResumable interrupts the list behind each of its items, with a new source
// each time, and wants the rest as an uninterrupted run has it.
func requireResumable(t testing.TB, open func() Source) {
	t.Helper()
	whole := readSource(t, open(), "")
	for i, r := range whole {
		if r.item.Position == "" {
			continue
		}
		rest := readSource(t, open(), r.item.Position)
		require.Equal(t, append([]sourceRead{}, whole[i+1:]...), append([]sourceRead{}, rest...), "after %s", r.item.Position)
	}
}

// streamOf hides that a reader can seek.
func streamOf(text string) io.Reader { return struct{ io.Reader }{strings.NewReader(text)} }

func gzipped(t testing.TB, text string) string {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.String()
}

// brokenReader fails behind a text.
type brokenReader struct {
	text io.Reader
	err  error
}

func (b *brokenReader) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.err
	}
	return n, err
}

var sourceFormats = map[string]struct {
	open func(string, io.Reader) Source
	text string
}{
	"URIs": {URIs, "# photos\noss://b/1\n\noss://b/2\r\nno\noss://b/ü\n\xff\noss://b/4"},
	"CSV":  {CSV, "\nURI,CustomId,label:city\noss://b/1,one,Paris\n\n\"oss://b/2\",\"t\"\"wo\",\r\noss://b/3\noss://b/4,\"\noss://b/5,,\n"},
	"JSON Lines": {JSONLines, `{"URI":"oss://b/1","CustomLabels":{"city":"Paris"}}` + "\n\n" + `{"URI":"oss://b/2","X":1}` + "\n{\n" +
		`{"URI":"oss://b/4"}`},
}

func TestASourceGoesOnBehindEachOfItsItems(t *testing.T) {
	t.Parallel()
	for name, format := range sourceFormats {
		for how, open := range map[string]func() io.Reader{
			"a file":                  func() io.Reader { return strings.NewReader(format.text) },
			"a stream":                func() io.Reader { return streamOf(format.text) },
			"with a byte order mark":  func() io.Reader { return strings.NewReader("\ufeff" + format.text) },
			"compressed":              func() io.Reader { return strings.NewReader(gzipped(t, format.text)) },
			"a compressed stream":     func() io.Reader { return streamOf(gzipped(t, format.text)) },
			"compressed with a mark":  func() io.Reader { return strings.NewReader(gzipped(t, "\ufeff"+format.text)) },
			"with a line end at last": func() io.Reader { return strings.NewReader(format.text + "\n") },
		} {
			t.Run(name+" of "+how, func(t *testing.T) {
				t.Parallel()
				plain := shown(readSource(t, format.open("list", strings.NewReader(format.text)), ""))
				require.Equal(t, plain, shown(readSource(t, format.open("list", open()), "")))
				requireResumable(t, func() Source { return format.open("list", open()) })
			})
		}
	}
}

func TestASourceThatSeeksCanBeReadAgain(t *testing.T) {
	t.Parallel()
	for name, format := range sourceFormats {
		source := format.open("list", strings.NewReader(format.text))
		for _, err := range source.Items(t.Context(), "") {
			require.NoError(t, err)
			break
		}
		first := readSource(t, source, "")
		_, err := source.Fingerprint(t.Context())
		require.NoError(t, err, name)
		require.Equal(t, first, readSource(t, source, ""), name)
		require.Equal(t, first[1:], readSource(t, source, first[0].item.Position), name)
	}
}

func TestAStreamIsReadOnceAndSaysSo(t *testing.T) {
	t.Parallel()
	source := URIs("stdin", streamOf("oss://b/1\noss://b/2\noss://b/3\n"))
	for item, err := range source.Items(t.Context(), "") {
		require.NoError(t, err)
		require.Equal(t, "1:10", item.Position)
		break
	}
	require.Equal(t, []string{"END stdin was read up to line 1 and cannot be read again, because it cannot seek"},
		shown(readSource(t, source, "")))
	require.Equal(t, []string{"oss://b/2", "oss://b/3"}, shown(readSource(t, source, "1:10")))
	require.Equal(t, []string{"END stdin has no line 1 that ends at byte 10: it is not the list that was read before"},
		shown(readSource(t, source, "1:10")))
}

func TestAPositionOfAnotherListIsAnError(t *testing.T) {
	t.Parallel()
	const text = "oss://b/1\noss://b/2\noss://b/3"
	for after, want := range map[string]string{
		"1:10": "", "2:20": "", "3:29": "",
		"1:9": "no line 1", "1:11": "no line 1", "3:30": "no line 3", "9:999": "no line 9",
		"0:10": "no position", "1:0": "no position", "-1:10": "no position", "1:1:10": "no position", "1": "no position",
		"1:10 ": "no position", "01:10": "no position", "oss://b/1": "no position", "+1:10": "no position",
		"99999999999999999999:1": "no position",
	} {
		for _, list := range []io.Reader{strings.NewReader(text), streamOf(text), strings.NewReader(gzipped(t, text))} {
			got := shown(readSource(t, URIs("list", list), after))
			if want == "" {
				require.NotContains(t, strings.Join(got, "\n"), "END", after)
				continue
			}
			require.Len(t, got, 1, after)
			require.Contains(t, got[0], "END ", after)
			require.Contains(t, got[0], want, after)
		}
	}
}

func TestALineThatIsTooLongIsOneErrorAndTheNextIsRead(t *testing.T) {
	t.Parallel()
	prefix := "oss://b/"
	longest := prefix + strings.Repeat("x", maxLine-len(prefix))
	for end, text := range map[string]string{"\n": "\n", "\r\n": "\r\n", "the end of the text": ""} {
		got := shown(readSource(t, URIs("list", strings.NewReader(longest+text)), ""))
		require.Equal(t, []string{longest}, got, end)
	}
	got := shown(readSource(t, URIs("list", strings.NewReader(longest+"x\noss://b/2\n"+longest+longest+longest)), ""))
	require.Equal(t, []string{
		"BAD list:1: the line has 1048578 bytes; a line has at most 1048576",
		"oss://b/2",
		"BAD list:3: the line has 3145728 bytes; a line has at most 1048576",
	}, got)
	requireResumable(t, func() Source {
		return URIs("list", strings.NewReader(longest+"x\noss://b/2\n"+longest+longest))
	})
}

func TestALineNotReadWholeIsNoFile(t *testing.T) {
	t.Parallel()
	disk := errors.New("input/output error")
	got := readSource(t, URIs("list", &brokenReader{strings.NewReader("oss://b/1\noss://b/123"), disk}), "")
	require.Equal(t, []string{"oss://b/1", "END read line 2 of list: input/output error"}, shown(got))
	require.ErrorIs(t, got[1].err, disk)

	whole := gzipped(t, strings.Repeat("oss://b/0123456789\n", 1000))
	got = readSource(t, URIs("list.gz", strings.NewReader(whole[:len(whole)-9])), "")
	last := got[len(got)-1]
	require.ErrorIs(t, last.err, io.ErrUnexpectedEOF)
	require.Empty(t, last.item.Position)
	for _, r := range got[:len(got)-1] {
		require.Equal(t, "oss://b/0123456789", r.item.File.URI)
	}
}

func TestATextThatIsNotUTF8SaysWhere(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"BAD list:1:9: the text is not UTF-8; save it as UTF-8", "oss://b/2"},
		shown(readSource(t, URIs("list", strings.NewReader("oss://b/\xc4\xd6\noss://b/2")), "")))
	require.Equal(t, []string{"BAD list:1:11: the text is not UTF-8; save it as UTF-8"},
		shown(readSource(t, URIs("list", strings.NewReader("oss://b/ü\xff")), "")))
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		require.Equal(t, []string{"END list:1: the text is UTF-16; save it as UTF-8"},
			shown(readSource(t, URIs("list", strings.NewReader(mark+"o\x00")), "")))
	}
}

func TestAListThatIsNoListIsAnErrorOfEachLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		`BAD list:1: "<html>" is no URI of a file; want oss://bucket/object or pds://domains/…`,
		"oss://b/ with blanks ",
		`BAD list:3: " oss://b/1" is no URI of a file; want oss://bucket/object or pds://domains/…`,
		`BAD list:4: "https://b.oss-cn-hangzhou.aliyuncs.com/` + strings.Repeat("é", 10) + `"… is no URI of a file; want oss://bucket/object or pds://domains/…`,
		"pds://domains/d/drives/1/files/f/revisions/r",
	}, shown(readSource(t, URIs("list", strings.NewReader("<html>\noss://b/ with blanks \n oss://b/1\n"+
		"https://b.oss-cn-hangzhou.aliyuncs.com/"+strings.Repeat("é", 40)+"\n  \n#oss://b/2\npds://domains/d/drives/1/files/f/revisions/r")), "")))
	require.Empty(t, readSource(t, URIs("empty", strings.NewReader("")), ""))
	require.Empty(t, readSource(t, URIs("empty", streamOf("\n\n#")), ""))
}

func TestASourceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, format := range sourceFormats {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ended error
		n := 0
		for item, err := range format.open("list", strings.NewReader(format.text)).Items(ctx, "") {
			n++
			if item.Position == "" {
				ended = err
			}
			cancel()
		}
		require.ErrorIs(t, ended, ctx.Err(), name)
		require.Equal(t, 2, n, name)
	}
}

func TestFingerprintsTellListsApart(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("oss://bucket/object\n", 20_000)
	middle := []byte(long)
	middle[len(long)/2] = 'X'
	seen := make(map[string]string)
	for name, source := range map[string]Source{
		"a list":               URIs("list", strings.NewReader(long)),
		"one line more":        URIs("list", strings.NewReader(long+"oss://bucket/object\n")),
		"another beginning":    URIs("list", strings.NewReader("O"+long[1:])),
		"another end":          URIs("list", strings.NewReader(long[:len(long)-2]+"X\n")),
		"another format":       JSONLines("list", strings.NewReader(long)),
		"compressed":           URIs("list", strings.NewReader(gzipped(t, long))),
		"a stream":             URIs("list", streamOf(long)),
		"a short stream":       URIs("list", streamOf("oss://bucket/object\n")),
		"no text":              URIs("list", strings.NewReader("")),
		"a label":              WithLabels(URIs("list", strings.NewReader(long)), map[string]string{"k": "v"}),
		"another label":        WithLabels(URIs("list", strings.NewReader(long)), map[string]string{"k": "w"}),
		"labels of one text":   WithLabels(URIs("list", strings.NewReader(long)), map[string]string{"k": `v","l":"w`}),
		"labels that look so":  WithLabels(URIs("list", strings.NewReader(long)), map[string]string{"k": "v", "l": "w"}),
		"a list under a label": WithLabels(URIs("list", streamOf(long)), map[string]string{"k": "v"}),
	} {
		fingerprint, err := source.Fingerprint(t.Context())
		require.NoError(t, err)
		require.Empty(t, seen[fingerprint], name)
		seen[fingerprint] = name
		again, err := source.Fingerprint(t.Context())
		require.NoError(t, err)
		require.Equal(t, fingerprint, again, name)
	}
	same, err := URIs("renamed", strings.NewReader(long)).Fingerprint(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a list", seen[same])
	unseen, err := URIs("list", bytes.NewReader(middle)).Fingerprint(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a list", seen[unseen], "the documented limit")
}

func TestAFingerprintConsumesNothing(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("oss://bucket/object\n", 20_000)
	for _, list := range []io.Reader{strings.NewReader(text), streamOf(text), streamOf("oss://b/1\n")} {
		source := URIs("list", list)
		_, err := source.Fingerprint(t.Context())
		require.NoError(t, err)
		for item, err := range source.Items(t.Context(), "") {
			require.NoError(t, err)
			require.Contains(t, item.Position, "1:")
			break
		}
	}
	stream := URIs("stdin", streamOf(text))
	for _, err := range stream.Items(t.Context(), "") {
		require.NoError(t, err)
		break
	}
	_, err := stream.Fingerprint(t.Context())
	require.EqualError(t, err, "identify stdin: its beginning was read already: ask for the fingerprint before the items")
	_, err = URIs("list", &brokenReader{strings.NewReader("oss"), io.ErrNoProgress}).Fingerprint(t.Context())
	require.ErrorIs(t, err, io.ErrNoProgress)
}

func TestLabelsAreAddedAndThoseOfAFileStay(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"job": "7", "city": "Rome"}
	source := WithLabels(CSV("list", strings.NewReader("URI,label:city\noss://b/1,Paris\noss://b/2,\nbad,\n")), labels)
	labels["late"] = "x"
	got := readSource(t, source, "")
	require.Equal(t, map[string]string{"job": "7", "city": "Paris"}, got[0].item.File.CustomLabels)
	require.Equal(t, map[string]string{"job": "7", "city": "Rome"}, got[1].item.File.CustomLabels)
	require.Error(t, got[2].err)
	require.Equal(t, imm.InputFile{}, got[2].item.File)
	got[1].item.File.CustomLabels["job"] = "mine"
	require.Equal(t, "7", readSource(t, source, "")[1].item.File.CustomLabels["job"])
	plain := URIs("list", strings.NewReader(""))
	require.Same(t, plain, WithLabels(plain, nil))
	for _, err := range source.Items(t.Context(), "") {
		require.NoError(t, err)
		break
	}
}
