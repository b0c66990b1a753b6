package immtest

import (
	"bufio"
	"crypto/md5" //nolint:gosec // OSS defines the ETag of an object as an MD5.
	"encoding/hex"
	"errors"
	"image"
	_ "image/gif"  // the formats whose dimensions are read
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// metadata is what an object's bytes tell.
type metadata struct {
	size          int64
	etag          string
	contentType   string
	width, height int64 // zero for what is not an image that can be decoded
	modified      time.Time
	reason        string // why the content could not be read, where it could not
}

// sniffLength is as much as http.DetectContentType looks at.
const sniffLength = 512

// read reads an object once, from its beginning to its end, in little memory. It
// returns false where the object does not exist. An object that exists and
// cannot be read has a reason in place of what would have been found.
func (o *object) read(key string) (metadata, bool) {
	if o == nil {
		return metadata{}, false
	}
	content, modified, err := o.open()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return metadata{}, false
	}
	unreadable := metadata{contentType: contentType(key, nil), modified: modified, reason: "The object cannot be read."}
	if err != nil {
		return unreadable, true
	}
	defer func() { _ = content.Close() }()

	m := metadata{modified: modified}
	hash := md5.New() //nolint:gosec // see the import
	counted := &counter{to: hash}
	reader := bufio.NewReader(io.TeeReader(content, counted))
	head, _ := reader.Peek(sniffLength) // an object may be shorter; an error comes again below
	m.contentType = contentType(key, head)
	if size, _, err := image.DecodeConfig(reader); err == nil {
		m.width, m.height = int64(size.Width), int64(size.Height)
	}
	// The decoder stops after the header, the hash needs the rest.
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return unreadable, true
	}
	m.size = counted.n
	m.etag = strings.ToUpper(hex.EncodeToString(hash.Sum(nil)))
	return m, true
}

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
