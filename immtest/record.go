package immtest

import (
	"crypto/md5" //nolint:gosec // OSS defines the ETag of an object as an MD5.
	"encoding/hex"
	"strconv"
	"time"

	"github.com/imm-go/imm"
)

// record is what a dataset keeps of one file, in a fraction of the space that a File
// takes, because tests put a million of them into a dataset. It never changes: an
// update is a new record, so that whoever reads one needs the lock only to get it.
type record struct {
	uri      string
	ossURI   string // the same memory as uri where it is the same text
	customID string
	labels   map[string]string
	rare     *rareFields // what the caller said; nil for most files
	photo    *photo      // what EXIF tells; nil for a file without
	more     *imm.File   // what extractors found; nil without them
	hashed   bool        // the content was read, so size, etag and crc are known

	contentType, mediaType string
	reason                 string
	etag                   [md5.Size]byte
	crc                    uint64
	width, height          int32
	size                   int64

	// In nanoseconds since 1970; zero where there is none.
	modified, created, updated int64
}

// rareFields are those that few callers give.
type rareFields struct {
	produceTime                                            time.Time
	fileHash, latLong                                      string
	title, artist, albumArtist, album, composer, performer string
	addresses                                              []imm.Address
	labels                                                 []imm.Label
	figures                                                []imm.Figure // of an update
}

// file is a record in the form in which it is shown, for a dataset whose names it
// does not repeat for each of its files.
func (r *record) file(d *dataset) File {
	var f File
	r.fill(&f, d)
	return f
}

// fill makes f the record in the form in which it is shown, whatever f was before.
// What the caller said comes before what extractors found, and that before what
// the emulator itself read. A query over many files uses one File for all.
func (r *record) fill(f *File, d *dataset) {
	if r.more != nil {
		*f = *r.more
	} else {
		*f = File{}
	}
	f.ProjectName, f.DatasetName = d.project.name, d.name
	f.ObjectType, f.ObjectStatus, f.Reason = "file", imm.ObjectIndexed, r.reason
	f.CreateTime, f.UpdateTime = fromNanoseconds(r.created), fromNanoseconds(r.updated)
	f.URI, f.CustomID, f.CustomLabels = r.uri, r.customID, r.labels
	if r.ossURI != r.uri {
		f.OSSURI = r.ossURI // documented: only for a PDS file
	}
	if _, key, ok := ossObject(r.ossURI); ok {
		absent(&f.Filename, key) // documented: the whole key, folders included
	}
	r.fillContent(f)
	if r.photo != nil {
		r.photo.fill(f)
	}
	if r.rare != nil {
		r.rare.fill(f)
	}
	absent(&f.FigureCount, int64(len(f.Figures)))
}

// fillContent fills in what the object's bytes and name tell.
func (r *record) fillContent(f *File) {
	absent(&f.ContentType, r.contentType)
	absent(&f.MediaType, imm.MediaType(r.mediaType))
	absent(&f.ImageWidth, int64(r.width))
	absent(&f.ImageHeight, int64(r.height))
	f.FileModifiedTime = fromNanoseconds(r.modified)
	if !r.hashed {
		return
	}
	f.Size = r.size
	f.OSSCRC64 = strconv.FormatUint(r.crc, 10)
	f.ETag = quotedETag(r.etag)
}

// quotedETag is an ETag as OSS writes it: upper-case hex, in quotes.
func quotedETag(sum [md5.Size]byte) string {
	var text [2*md5.Size + 2]byte
	hex.Encode(text[1:], sum[:])
	for i, c := range text {
		if 'a' <= c && c <= 'f' {
			text[i] = c - 'a' + 'A'
		}
	}
	text[0], text[len(text)-1] = '"', '"'
	return string(text[:])
}

// fill overwrites what was found with what the caller said.
func (rare *rareFields) fill(f *File) {
	replace(&f.ProduceTime, rare.produceTime)
	replace(&f.FileHash, rare.fileHash)
	replace(&f.LatLong, rare.latLong)
	replace(&f.Title, rare.title)
	replace(&f.Artist, rare.artist)
	replace(&f.AlbumArtist, rare.albumArtist)
	replace(&f.Album, rare.album)
	replace(&f.Composer, rare.composer)
	replace(&f.Performer, rare.performer)
	if rare.addresses != nil {
		f.Addresses = rare.addresses
	}
	if rare.labels != nil {
		f.Labels = rare.labels
	}
	if rare.figures != nil {
		f.Figures, f.FigureCount = rare.figures, int64(len(rare.figures))
	}
	if len(f.Figures) == 0 {
		f.Figures = nil // an update took them away, and a file has only what it has
	}
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
	r.etag, r.crc, r.hashed = m.etag, m.crc, m.hashed
	r.width, r.height = m.width, m.height
	r.photo, r.more = m.photo, m.more
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
	replace(&rare.produceTime, in.produced())
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
func replace[T comparable](to *T, given T) {
	var nothing T
	if given != nothing {
		*to = given
	}
}

// absent takes what was found where nothing was there.
func absent[T comparable](to *T, found T) {
	var nothing T
	if *to == nothing {
		*to = found
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
