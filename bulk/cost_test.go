package bulk

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// written is what a file takes in a request, measured.
func written(t *testing.T, f *imm.InputFile) int {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(f))
	n := len("%2C")
	for _, c := range bytes.TrimSpace(text.Bytes()) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			n++
		default:
			n += len("%XX")
		}
	}
	return n
}

// told is what a file takes in the message, measured.
func told(t *testing.T, f *imm.InputFile) int {
	text, err := json.Marshal(imm.IndexedFile{URI: f.URI, CustomID: f.CustomID, CustomLabels: f.CustomLabels, Error: "[InvalidArgument] File does not exist."})
	require.NoError(t, err)
	return len(text) + 1
}

func TestACostIsNeverTooLowAndHardlyTooHigh(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file    imm.InputFile
		tooHigh float64
	}{
		"a URI":        {imm.InputFile{URI: "oss://test-bucket/photos/2024/IMG_0001.jpg"}, 1.05},
		"odd letters":  {imm.InputFile{URI: "oss://test-bucket/照片 \"1\"\\<2>&\n\x01.jpg"}, 1.4},
		"an id":        {imm.InputFile{URI: "oss://b/k", CustomID: "member=4711"}, 1.1},
		"no labels":    {imm.InputFile{URI: "oss://b/k", CustomLabels: map[string]string{}}, 1.3},
		"labels":       {imm.InputFile{URI: "oss://b/k", CustomLabels: map[string]string{"category": "Pets", "owner": "", "": "x"}}, 1.15},
		"a PDS file":   {imm.InputFile{URI: "pds://domains/d/drives/d/files/f/revisions/r", FileHash: strings.Repeat("f", 64), OSSURI: "oss://b/k"}, 1.1},
		"all its text": {imm.InputFile{URI: "oss://b/k", MediaType: imm.MediaAudio, ContentType: "audio/mpeg", LatLong: "1,2", Title: "T", Artist: "A", AlbumArtist: "AA", Album: "B", Composer: "C", Performer: "P"}, 1.1},
		"a time":       {imm.InputFile{URI: "oss://b/k", ProduceTime: time.Date(2024, 11, 12, 13, 14, 15, 123456789, time.FixedZone("", 3600))}, 1.1},
		"lists": {imm.InputFile{
			URI:       "oss://b/k",
			Addresses: []imm.Address{{Language: "zh", AddressLine: "西湖区", Country: "CN", Province: "Z", City: "H", District: "X", Township: "T"}, {}},
			Labels:    []imm.Label{{LabelName: "cat", LabelAlias: "Katze", ParentLabelName: "animal", Language: "en", LabelLevel: -7, LabelConfidence: 0.123456, CentricScore: 1e-20, Clips: []imm.Clip{{TimeRange: []int64{1, 2}}, {}}}, {}},
			Figures:   []imm.InputFileFigure{{FigureID: "1", FigureClusterID: "2", FigureType: "face"}, {}},
		}, 2},
		"empty lists": {imm.InputFile{URI: "oss://b/k", Addresses: []imm.Address{}, Labels: []imm.Label{}, Figures: []imm.InputFileFigure{}}, 1.2},
	} {
		c := costOf(&test.file)
		actual := written(t, &test.file)
		require.GreaterOrEqual(t, c.request, actual, name)
		require.LessOrEqual(t, float64(c.request), test.tooHigh*float64(actual), name)
		require.GreaterOrEqual(t, c.message, told(t, &test.file), name)
		require.LessOrEqual(t, c.message, 2*told(t, &test.file), name)
	}
}

func FuzzACostIsNeverTooLow(f *testing.F) {
	f.Add("oss://b/k", "id", "key", "value", "title", int64(1), float32(0.5))
	f.Add("oss://照片/\"\\\n", "<&>", "", "\u2028", "\x7f", int64(-1<<62), float32(1e-30))
	f.Fuzz(func(t *testing.T, uri, id, key, value, title string, level int64, confidence float32) {
		file := imm.InputFile{
			URI: uri, CustomID: id, CustomLabels: map[string]string{key: value}, Title: title,
			Labels: []imm.Label{{LabelName: value, LabelLevel: level, LabelConfidence: confidence, Clips: []imm.Clip{{TimeRange: []int64{level}}}}},
		}
		for _, text := range []string{uri, id, key, value, title} {
			if strings.ToValidUTF8(text, "") != text {
				return // the client refuses it
			}
		}
		if _, err := json.Marshal(confidence); err != nil {
			return // it is not finite
		}
		c := costOf(&file)
		require.GreaterOrEqual(t, c.request, written(t, &file))
		require.GreaterOrEqual(t, c.message, told(t, &file))
	})
}
