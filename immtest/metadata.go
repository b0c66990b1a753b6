package immtest

import (
	"bufio"
	"crypto/md5" //nolint:gosec // OSS defines the ETag of an object as an MD5.
	"errors"
	"hash/crc64"
	"io"
	"io/fs"
	"math"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// metadata is what an object's bytes tell.
type metadata struct {
	size          int64
	etag          [md5.Size]byte
	crc           uint64
	hashed        bool // the content was read to its end, so etag and crc are known
	contentType   string
	width, height int32     // zero for what is not an image that can be decoded
	photo         *photo    // nil for what has no EXIF
	more          *imm.File // what extractors found; nil where they found nothing
	modified      time.Time
	reason        string // why the content could not be read, where it could not
}

// ossTable is of the polynomial with which OSS computes the CRC64 of an object.
var ossTable = crc64.MakeTable(crc64.ECMA)

// sniffLength is as much as http.DetectContentType looks at.
const sniffLength = 512

// find reads what is wanted of an object: all that it tells, or, where nothing is
// collected, only whether it exists. It returns false where it does not. An object
// that exists and cannot be read, or fails by a script with a reason, has a reason
// in place of what would have been found.
func (o *object) find(key, scripted string, collect bool) (metadata, bool) {
	if o == nil {
		return metadata{}, false
	}
	content, modified, err := o.open()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return metadata{}, false
	}
	if err == nil {
		defer func() { _ = content.Close() }()
	}
	unread := metadata{contentType: contentType(key, nil), modified: modified, reason: scripted}
	switch {
	case scripted != "" || !collect:
		return unread, true
	case err == nil:
		if m, err := read(content, key); err == nil {
			m.modified = modified
			return m, true
		}
	}
	unread.reason = "The object cannot be read."
	return unread, true
}

// read reads a content once, from its beginning to its end. What is not an image
// takes little memory, and an image no more than the limit for its head.
func read(content io.Reader, key string) (metadata, error) {
	var m metadata
	hash := md5.New() //nolint:gosec // see the import
	crc := crc64.New(ossTable)
	counted := &counter{to: io.MultiWriter(hash, crc)}
	reader := bufio.NewReader(io.TeeReader(content, counted))
	head, _ := reader.Peek(sniffLength) // an object may be shorter; an error comes again below
	m.contentType = contentType(key, head)
	if sniffed := sniff(head); isImage(m.contentType) || isImage(sniffed) {
		data, err := io.ReadAll(io.LimitReader(reader, maxImageHead))
		if err != nil {
			return m, err
		}
		m.readImage(data, sniffed)
	}
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return m, err
	}
	m.size = counted.n
	m.hashed = true
	hash.Sum(m.etag[:0])
	m.crc = crc.Sum64()
	return m, nil
}

func isImage(contentType string) bool { return strings.HasPrefix(contentType, "image/") }

// pixels is a dimension as it is kept, whatever a decoder made of a broken image.
func pixels(n int) int32 { return int32(max(0, min(n, math.MaxInt32))) }

// counter passes on what is written to it and counts it.
type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.to.Write(p)
}

// contentType goes by the extension, as OSS does when an object is uploaded
// without a type, and by the first bytes where that says nothing.
func contentType(key string, head []byte) string {
	found := mime.TypeByExtension(path.Ext(key))
	if found == "" {
		found = sniff(head)
	}
	withoutParameters, _, _ := strings.Cut(found, ";")
	return withoutParameters
}

// sniff goes by the first bytes. The standard library does not know the formats of
// phones and scanners.
func sniff(head []byte) string {
	switch start := string(head[:min(len(head), 12)]); {
	case strings.HasPrefix(start, "II*\x00"), strings.HasPrefix(start, "MM\x00*"):
		return "image/tiff"
	case len(start) == 12 && start[4:8] == "ftyp":
		switch start[8:] {
		case "heic", "heix", "mif1":
			return "image/heic"
		case "avif", "avis":
			return "image/avif"
		}
	}
	return http.DetectContentType(head)
}
