package scenario

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// WriteBucket writes the objects of the bucket into a folder. Their times are
// fixed, so that two folders are the same to a client.
func WriteBucket(dir string) error {
	photo := func(width, height int) []byte {
		var buf bytes.Buffer
		_ = jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height)), nil) // a buffer takes everything
		return buf.Bytes()
	}
	for name, data := range map[string][]byte{
		"test-object1.jpg":        photo(40, 30),
		"test-object2.jpg":        withEXIF(photo(16, 16), 6, "2024:02:03 04:05:06"),
		"broken.jpg":              photo(40, 30)[:20],
		"notes.txt":               []byte("notes\n"),
		"a folder/100% ü+&=~.txt": []byte("text\n"),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		written := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
		if err := os.Chtimes(path, written, written); err != nil {
			return err
		}
	}
	return nil
}

// withEXIF puts into a JPEG image, behind the two bytes with which it begins, what
// a camera writes: how to turn the image, and when it was taken.
func withEXIF(photo []byte, orientation uint16, taken string) []byte {
	const (
		textType, shortType, longType = 2, 3, 4
		header, count, entry, next    = 8, 2, 12, 4 // bytes of the parts
		second                        = header + count + 2*entry + next
		value                         = second + count + entry + next
	)
	put, put32 := binary.LittleEndian.AppendUint16, binary.LittleEndian.AppendUint32
	add := func(to []byte, tag, kind uint16, length, value uint32) []byte {
		return put32(put32(put(put(to, tag), kind), length), value)
	}
	tiff := put32([]byte("II*\x00"), header)
	tiff = add(put(tiff, 2), 0x0112, shortType, 1, uint32(orientation))
	tiff = put32(add(tiff, 0x8769, longType, 1, second), 0)
	tiff = put32(add(put(tiff, 1), 0x9003, textType, uint32(len(taken)+1), value), 0)
	segment := "Exif\x00\x00" + string(tiff) + taken + "\x00"
	segment = string(binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(segment)+2))) + segment
	return slices.Concat(photo[:2], []byte(segment), photo[2:])
}
