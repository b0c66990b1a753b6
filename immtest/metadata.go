package immtest

import (
	"bufio"
	"crypto/md5" //nolint:gosec // OSS defines the ETag of an object as an MD5.
	"errors"
	"image"
	_ "image/gif"  // the formats whose dimensions are read
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"io"
	"io/fs"
	"math"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// metadata is what an object's bytes tell.
type metadata struct {
	size          int64
	etag          [md5.Size]byte
	hashed        bool // the content was read to its end, so etag is known
	contentType   string
	width, height int32 // zero for what is not an image that can be decoded
	modified      time.Time
	reason        string // why the content could not be read, where it could not
}

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

// read reads a content once, from its beginning to its end, in little memory.
func read(content io.Reader, key string) (metadata, error) {
	var m metadata
	hash := md5.New() //nolint:gosec // see the import
	counted := &counter{to: hash}
	reader := bufio.NewReader(io.TeeReader(content, counted))
	head, _ := reader.Peek(sniffLength) // an object may be shorter; an error comes again below
	m.contentType = contentType(key, head)
	if size, _, err := image.DecodeConfig(reader); err == nil {
		m.width, m.height = pixels(size.Width), pixels(size.Height)
	}
	// The decoder stops after the header, the hash needs the rest.
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return m, err
	}
	m.size = counted.n
	m.hashed = true
	hash.Sum(m.etag[:0])
	return m, nil
}

// pixels is a dimension as it is kept. No decoder tells one beyond its range.
func pixels(n int) int32 { return int32(min(n, math.MaxInt32)) }

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
		found = http.DetectContentType(head)
	}
	withoutParameters, _, _ := strings.Cut(found, ";")
	return withoutParameters
}
