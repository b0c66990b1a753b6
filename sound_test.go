package imm

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/wire"
)

// takenWithoutLook reports whether BatchIndexFileMeta sends the files without the
// whole check.
func takenWithoutLook(files []InputFile) bool {
	params := wire.Get()
	defer params.Release()
	w := params.Write("Files")
	writeArray(w, files, writeInputFile)
	return areSound(files) && !w.BeyondASCII()
}

func TestOnlyWhatIsCertainlyRightIsTakenWithoutALook(t *testing.T) {
	t.Parallel()
	good := InputFile{URI: "oss://bucket/photo.jpg", CustomLabels: map[string]string{"category": "Pets"}}
	with := func(change func(f *InputFile)) []InputFile {
		f := good
		change(&f)
		return []InputFile{good, f}
	}
	for name, test := range map[string]struct {
		files []InputFile
		want  bool
	}{
		"a file":           {[]InputFile{good}, true},
		"a hundred":        {slices.Repeat([]InputFile{good}, 100), true},
		"an address":       {with(func(f *InputFile) { f.Addresses = []Address{{City: "Hangzhou"}} }), true},
		"none":             {nil, false},
		"too many":         {slices.Repeat([]InputFile{good}, 101), false},
		"no URI":           {with(func(f *InputFile) { f.URI = "" }), false},
		"a bucket":         {with(func(f *InputFile) { f.URI = "oss://bucket/" }), false},
		"a file of PDS":    {with(func(f *InputFile) { f.URI = "pds://domains/d/drives/e/files/f/revisions/r" }), false},
		"a second URI":     {with(func(f *InputFile) { f.OSSURI = "oss://bucket/object" }), false},
		"a label's number": {with(func(f *InputFile) { f.Labels = []Label{{LabelConfidence: 0.5}} }), false},
		"a time":           {with(func(f *InputFile) { f.ProduceTime = time.Unix(1, 0) }), false},
		"Chinese":          {with(func(f *InputFile) { f.Title = "西湖" }), false},
		"no text":          {with(func(f *InputFile) { f.CustomLabels = map[string]string{"a": "\xff"} }), false},
	} {
		require.Equal(t, test.want, takenWithoutLook(test.files), name)
	}
}

// FuzzWhatIsTakenWithoutALookIsRight fills a file by reflection: whatever the
// whole check refuses must not be taken without it.
func FuzzWhatIsTakenWithoutALookIsRight(f *testing.F) {
	addFillings(f)
	f.Add(bytes.Repeat([]byte{0}, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		var file InputFile
		fill := filler{rest: data}
		fill.set(reflect.ValueOf(&file).Elem())
		if len(data)%2 == 0 { // or no URI would be one
			file.URI = "oss://bucket/" + file.URI
		}
		files := []InputFile{file}
		v := validator{action: "BatchIndexFileMeta"}
		v.files(files)
		if takenWithoutLook(files) {
			require.NoError(t, v.failed)
			require.True(t, utf8.ValidString(file.URI))
		}
	})
}
