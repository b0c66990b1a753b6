package immtest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// exifTag is one entry of a directory of EXIF: of type 2, text, 3, a short number,
// or 5, fractions of which the pairs are in numbers.
type exifTag struct {
	id      uint16
	text    string
	short   uint16
	numbers []uint32
}

// exifBlock writes EXIF as a camera does: a TIFF header, the first directory, and
// with it those of the exposure and the position, to which it points.
func exifBlock(main, exposure, position []exifTag) []byte {
	const header = 8
	size := func(tags []exifTag) int { return 2 + 12*len(tags) + 4 }
	pointers := []exifTag{{id: 0x8769}, {id: 0x8825}}
	first := append(slices.Clone(main), pointers...)
	at := []int{header, header + size(first), header + size(first) + size(exposure)}
	data := at[2] + size(position) // values that do not fit an entry follow the directories
	var directories, values []byte
	for _, tags := range [][]exifTag{first, exposure, position} {
		directories = binary.BigEndian.AppendUint16(directories, uint16(len(tags)))
		for _, tag := range tags {
			directories = binary.BigEndian.AppendUint16(directories, tag.id)
			kind, count, value := uint16(3), 1, []byte(nil)
			switch {
			case tag.id == 0x8769 || tag.id == 0x8825:
				kind, value = 4, binary.BigEndian.AppendUint32(nil, uint32(at[1+int(tag.id-0x8769)/(0x8825-0x8769)]))
			case tag.numbers != nil:
				kind, count = 5, len(tag.numbers)/2
				for _, n := range tag.numbers {
					value = binary.BigEndian.AppendUint32(value, n)
				}
			case tag.text != "":
				kind, value = 2, append([]byte(tag.text), 0)
				count = len(value)
			default:
				value = binary.BigEndian.AppendUint16(nil, tag.short)
			}
			directories = binary.BigEndian.AppendUint16(directories, kind)
			directories = binary.BigEndian.AppendUint32(directories, uint32(count))
			if len(value) > 4 {
				directories = binary.BigEndian.AppendUint32(directories, uint32(data+len(values)))
				values = append(values, value...)
				continue
			}
			directories = append(directories, append(value, 0, 0, 0, 0)[:4]...)
		}
		directories = binary.BigEndian.AppendUint32(directories, 0)
	}
	return slices.Concat([]byte("MM\x00\x2a\x00\x00\x00\x08"), directories, values)
}

// cameraExif is what a phone that was held upright writes.
func cameraExif() []byte {
	return exifBlock(
		[]exifTag{{id: 0x010f, text: "Maker"}, {id: 0x0112, short: 6}, {id: 0x0132, text: "2025:01:01 00:00:00"}},
		[]exifTag{{id: 0x9003, text: "2024:05:06 07:08:09"}, {id: 0x9011, text: "+02:00"}},
		[]exifTag{
			{id: 1, text: "N"}, {id: 2, numbers: []uint32{30, 1, 15, 1, 0, 1}},
			{id: 3, text: "W"}, {id: 4, numbers: []uint32{120, 1, 30, 1, 0, 1}},
		},
	)
}

// photoImage is a JPEG with EXIF, as a camera writes it.
func photoImage(width, height int, exif []byte) []byte {
	segment := append([]byte("Exif\x00\x00"), exif...)
	app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(segment)+2))
	plain := jpegImage(width, height)
	return slices.Concat(plain[:2], app1, segment, plain[2:])
}

// pngWithExif is a PNG with EXIF in the chunk that there is for it.
func pngWithExif(width, height int, exif []byte) []byte {
	plain := pngImage(width, height)
	const afterHeader = 8 + 8 + 13 + 4
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(exif)))
	chunk = slices.Concat(chunk, []byte("eXIf"), exif)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return slices.Concat(plain[:afterHeader], chunk, plain[afterHeader:])
}

// fileOf is the file that an object with these bytes becomes.
func fileOf(t *testing.T, key string, data []byte, given string, opts ...Option) File {
	t.Helper()
	s := newServer(t, opts...)
	s.PutObject("test-bucket", key, data)
	in := inputFile{URI: "oss://test-bucket/" + key, ProduceTime: given}
	s.mu.Lock()
	d, f := s.useDataset("test-project", "test-dataset")
	s.mu.Unlock()
	require.Nil(t, f)
	s.index(d, &in, nil)
	return s.Files("test-project", "test-dataset")[0]
}

func TestAPhotoTellsWhenWhereAndHowItWasTaken(t *testing.T) {
	t.Parallel()
	for key, data := range map[string][]byte{
		"photo.jpg":     photoImage(30, 20, cameraExif()),
		"photo.png":     pngWithExif(30, 20, cameraExif()),
		"photo.unknown": photoImage(30, 20, cameraExif()),
	} {
		f := fileOf(t, key, data, "")
		require.Equal(t, []int64{30, 20, 6}, []int64{f.ImageWidth, f.ImageHeight, f.Orientation}, key) // as stored, not as shown
		require.Equal(t, "2024-05-06T07:08:09+02:00", f.ProduceTime.Format("2006-01-02T15:04:05Z07:00"), key)
		require.Equal(t, "+02:00", f.Timezone, key)
		require.Equal(t, "30.250000,-120.500000", f.LatLong, key)
		var exif map[string]map[string]string
		require.NoError(t, json.Unmarshal([]byte(f.EXIF), &exif))
		require.Equal(t, map[string]string{"value": "6"}, exif["Orientation"], key)
		require.Equal(t, "2025:01:01 00:00:00", exif["DateTime"]["value"], key)
		require.Equal(t, "2024:05:06 07:08:09", exif["DateTimeOriginal"]["value"], key)
		require.Equal(t, "Maker", exif["Make"]["value"], key)
	}
}

// webpImage has a header with EXIF, and no picture.
func webpImage(width, height int, exif []byte) []byte {
	chunk := func(name string, data []byte) []byte {
		padded := slices.Concat([]byte(name), binary.LittleEndian.AppendUint32(nil, uint32(len(data))), data)
		return append(padded, make([]byte, len(data)%2)...)
	}
	header := []byte{8, 0, 0, 0, byte(width - 1), 0, 0, byte(height - 1), 0, 0}
	chunks := slices.Concat([]byte("WEBP"), chunk("VP8X", header), chunk("EXIF", exif))
	return chunk("RIFF", chunks)
}

// heicImage is the frame of a file of a phone, in which nothing else is.
func heicImage() []byte { return []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic") }

func TestFormatsThatTheStandardLibraryDoesNotKnowAreReadToo(t *testing.T) {
	t.Parallel()
	f := fileOf(t, "a.unknown", webpImage(30, 20, cameraExif()), "")
	require.Equal(t, "image/webp", f.ContentType)
	require.Equal(t, []int64{30, 20, 6}, []int64{f.ImageWidth, f.ImageHeight, f.Orientation})
	require.Equal(t, 2024, f.ProduceTime.Year())

	tiff := exifBlock([]exifTag{{id: 0x0100, short: 30}, {id: 0x0101, short: 20}, {id: 0x0112, short: 3}}, nil, nil)
	f = fileOf(t, "a.unknown", tiff, "")
	require.Equal(t, "image/tiff", f.ContentType)
	require.Equal(t, []int64{30, 20, 3}, []int64{f.ImageWidth, f.ImageHeight, f.Orientation})

	f = fileOf(t, "a.unknown", heicImage(), "")
	require.Equal(t, []any{"image/heic", "", int64(24)}, []any{f.ContentType, f.Reason, f.Size})
	require.Equal(t, "image/avif", fileOf(t, "a.unknown", bytes.ReplaceAll(heicImage(), []byte("heic"), []byte("avif")), "").ContentType)
	require.NotEqual(t, "image/heic", fileOf(t, "a.unknown", heicImage()[:11], "").ContentType)
}

func TestTheCaptureTimeIsTheBestThatThereIs(t *testing.T) {
	t.Parallel()
	original := exifTag{id: 0x9003, text: "2024:05:06 07:08:09"}
	digitized := exifTag{id: 0x9004, text: "2023:01:02 03:04:05"}
	changed := exifTag{id: 0x0132, text: "2025:01:01 00:00:00"}
	for name, c := range map[string]struct {
		main, exposure []exifTag
		given, want    string
	}{
		"without a zone, that of the service": {nil, []exifTag{original}, "", "2024-05-06T07:08:09+08:00"},
		"digitized":                           {[]exifTag{changed}, []exifTag{digitized}, "", "2023-01-02T03:04:05+08:00"},
		"changed":                             {[]exifTag{changed}, nil, "", "2025-01-01T00:00:00+08:00"},
		"a zone that is none":                 {nil, []exifTag{original, {id: 0x9011, text: "MEZ"}}, "", "2024-05-06T07:08:09+08:00"},
		"no time":                             {nil, []exifTag{{id: 0x9003, text: "0000:00:00 00:00:00"}}, "", "0001-01-01T00:00:00Z"},
		"text":                                {nil, []exifTag{{id: 0x9003, text: "last summer"}}, "", "0001-01-01T00:00:00Z"},
		"the caller knows better":             {nil, []exifTag{original}, "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
	} {
		f := fileOf(t, "a.jpg", photoImage(1, 1, exifBlock(c.main, c.exposure, nil)), c.given)
		require.Equal(t, c.want, f.ProduceTime.Format("2006-01-02T15:04:05Z07:00"), name)
	}
}

func TestAPositionThatIsNoneIsLeftOut(t *testing.T) {
	t.Parallel()
	south := []exifTag{{id: 1, text: "S"}, {id: 2, numbers: []uint32{1, 2, 0, 1, 0, 1}}, {id: 3, text: "E"}, {id: 4, numbers: []uint32{7, 1, 0, 1, 0, 1}}}
	for name, c := range map[string]struct {
		position []exifTag
		want     string
	}{
		"south and east":      {south, "-0.500000,7.000000"},
		"without a longitude": {south[:2], ""},
		"beyond the pole":     {[]exifTag{south[0], {id: 2, numbers: []uint32{91, 1, 0, 1, 0, 1}}, south[2], south[3]}, ""},
		"the equator":         {[]exifTag{south[0], {id: 2, numbers: []uint32{0, 1, 0, 1, 0, 1}}, south[2], south[3]}, "0.000000,7.000000"},
	} {
		require.Equal(t, c.want, fileOf(t, "a.jpg", photoImage(1, 1, exifBlock(nil, nil, c.position)), "").LatLong, name)
	}
}

func TestAnImageWithoutEXIFHasNone(t *testing.T) {
	t.Parallel()
	for key, data := range map[string][]byte{
		"a.jpg": jpegImage(2, 3), "a.png": pngImage(2, 3), "a.gif": gifImage(2, 3),
		"cut.jpg":    photoImage(2, 3, []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x09")),
		"wild.jpg":   photoImage(2, 3, bytes.Repeat([]byte{0xff}, 100)),
		"turned.jpg": photoImage(2, 3, exifBlock([]exifTag{{id: 0x0112, short: 9}}, nil, nil)),
	} {
		f := fileOf(t, key, data, "")
		require.Equal(t, []int64{2, 3, 0}, []int64{f.ImageWidth, f.ImageHeight, f.Orientation}, key)
		require.True(t, f.ProduceTime.IsZero(), key)
		require.Empty(t, f.Reason, key)
	}
}

func TestALargeImageIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	large := append(photoImage(30, 20, cameraExif()), make([]byte, maxImageHead)...)
	f := fileOf(t, "a.jpg", large, "")
	require.Equal(t, []int64{int64(len(large)), 30, 20, 6}, []int64{f.Size, f.ImageWidth, f.ImageHeight, f.Orientation})
	// What tells the dimensions is beyond what is looked at.
	comment := append([]byte{0xff, 0xfe, 0xff, 0xff}, make([]byte, 0xffff-2)...)
	plain := jpegImage(30, 20)
	buried := slices.Concat(plain[:2], bytes.Repeat(comment, maxImageHead/len(comment)+1), plain[2:])
	f = fileOf(t, "a.jpg", buried, "")
	require.Equal(t, []int64{int64(len(buried)), 0, 0}, []int64{f.Size, f.ImageWidth, f.ImageHeight})
	require.Empty(t, f.Reason)
}

// The check value of the algorithm that OSS uses, and an empty object.
func TestTheChecksumIsThatOfOSS(t *testing.T) {
	t.Parallel()
	require.Equal(t, "11051210869376104954", fileOf(t, "a.bin", []byte("123456789"), "").OSSCRC64)
	require.Equal(t, "0", fileOf(t, "a.bin", nil, "").OSSCRC64)
}

// A hostile image costs no more than the bytes of it that are looked at, and ends
// nothing.
func FuzzReadImage(f *testing.F) {
	f.Add(photoImage(3, 2, cameraExif()))
	f.Add(pngWithExif(3, 2, cameraExif()))
	f.Add(jpegImage(1, 1))
	f.Add(gifImage(1, 1))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x01\x00\x00EXIF"))
	f.Add(append([]byte("II\x2a\x00\x08\x00\x00\x00"), make([]byte, 30)...))
	f.Add([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x20meta"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, key := range []string{"a.jpg", "a.tiff", "a.webp", "a.heic", "a.avif"} {
			m, err := read(bytes.NewReader(data), key)
			require.NoError(t, err)
			require.Equal(t, int64(len(data)), m.size)
			if m.photo == nil {
				continue
			}
			require.True(t, json.Valid([]byte(m.photo.exif)))
			_, err = json.Marshal(m.photo.produced)
			require.NoError(t, err)
		}
	})
}
