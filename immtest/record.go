package immtest

import (
	"crypto/md5" //nolint:gosec // OSS defines the ETag of an object as an MD5.
	"fmt"
	"path"
	"time"

	"github.com/imm-go/imm"
)

// record is what a dataset keeps of one file, in a third of the space that a File
// takes, because tests put a million of them into a dataset. It never changes: an
// update is a new record, so that whoever reads one needs the lock only to get it.
type record struct {
	uri      string
	ossURI   string // the same memory as uri where it is the same text
	customID string
	labels   map[string]string
	rare     *rareFields // nil for most files
	hashed   bool        // etag is known

	contentType, mediaType string
	reason                 string
	etag                   [md5.Size]byte
	width, height          int32
	size                   int64

	// In nanoseconds since 1970; zero where there is none.
	modified, created, updated int64
}

// rareFields are those that few callers give.
type rareFields struct {
	fileHash, produceTime, latLong                         string
	title, artist, albumArtist, album, composer, performer string
	addresses                                              []imm.Address
	labels                                                 []imm.Label
}

// file is a record in the form in which it is shown, for a dataset whose names it
// does not repeat for each of its files.
func (r *record) file(d *dataset) File {
	f := File{
		ProjectName:      d.project.name,
		DatasetName:      d.name,
		URI:              r.uri,
		OSSURI:           r.ossURI,
		Size:             r.size,
		ContentType:      r.contentType,
		MediaType:        r.mediaType,
		ImageWidth:       int64(r.width),
		ImageHeight:      int64(r.height),
		FileModifiedTime: fromNanoseconds(r.modified),
		CustomID:         r.customID,
		CustomLabels:     r.labels,
		ObjectStatus:     "Indexed",
		Reason:           r.reason,
		CreateTime:       fromNanoseconds(r.created),
		UpdateTime:       fromNanoseconds(r.updated),
	}
	if _, key, ok := ossObject(r.ossURI); ok {
		f.Filename = path.Base(key)
	}
	if r.hashed {
		f.ETag = fmt.Sprintf("%X", r.etag)
	}
	if rare := r.rare; rare != nil {
		f.FileHash, f.ProduceTime, f.LatLong = rare.fileHash, rare.produceTime, rare.latLong
		f.Title, f.Artist, f.AlbumArtist = rare.title, rare.artist, rare.albumArtist
		f.Album, f.Composer, f.Performer = rare.album, rare.composer, rare.performer
		f.Addresses, f.Labels = rare.addresses, rare.labels
	}
	return f
}

// next is the record that follows r, which is nil for a file that is new: with
// what was found in its object and what the caller said. What an earlier call
// said stays where this one says nothing.
func (r *record) next(in *inputFile, found *metadata, now time.Time, collect bool) *record {
	n := record{created: now.UnixNano()}
	if r != nil {
		n = *r
	} else {
		n.uri = in.URI
	}
	n.updated = now.UnixNano()
	n.reason = found.reason
	if collect {
		if n.ossURI = n.uri; in.OSSURI != "" {
			n.ossURI = in.OSSURI
		}
		n.found(found)
		n.given(in)
	}
	replace(&n.customID, in.CustomID)
	if in.CustomLabels != nil {
		n.labels = in.CustomLabels
	}
	return &n
}

// found takes over what was read from an object.
func (r *record) found(m *metadata) {
	r.size = m.size
	r.contentType = m.contentType
	r.mediaType = mediaType(m.contentType)
	r.etag, r.hashed = m.etag, m.hashed
	r.width, r.height = m.width, m.height
	r.modified = nanoseconds(m.modified)
}

// given takes over what the caller said about the content of a file.
func (r *record) given(in *inputFile) {
	replace(&r.mediaType, in.MediaType)
	replace(&r.contentType, in.ContentType)
	if !in.isRare() {
		return
	}
	var rare rareFields
	if r.rare != nil {
		rare = *r.rare
	}
	replace(&rare.fileHash, in.FileHash)
	replace(&rare.produceTime, in.ProduceTime)
	replace(&rare.latLong, in.LatLong)
	replace(&rare.title, in.Title)
	replace(&rare.artist, in.Artist)
	replace(&rare.albumArtist, in.AlbumArtist)
	replace(&rare.album, in.Album)
	replace(&rare.composer, in.Composer)
	replace(&rare.performer, in.Performer)
	if in.Addresses != nil {
		rare.addresses = in.Addresses
	}
	if in.Labels != nil {
		rare.labels = in.Labels
	}
	r.rare = &rare
}

// replace keeps what was there where nothing is given.
func replace(to *string, given string) {
	if given != "" {
		*to = given
	}
}

// The zero time is not in the range of nanoseconds since 1970.
func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanoseconds(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).In(location)
}
