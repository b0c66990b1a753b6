package immtest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// File is what a dataset keeps of one file: what was read from the object, what
// the caller gave, and how indexing ended. In an answer of the server fields that
// are empty are left out.
type File struct {
	ProjectName string `json:"ProjectName"`
	DatasetName string `json:"DatasetName"`
	URI         string `json:"URI"`
	OSSURI      string `json:"OSSURI,omitzero"` // where the content is
	Filename    string `json:"Filename,omitzero"`

	Size             int64     `json:"Size,omitzero"` // bytes
	ContentType      string    `json:"ContentType,omitzero"`
	MediaType        string    `json:"MediaType,omitzero"`
	ETag             string    `json:"ETag,omitzero"` // MD5 of the content, upper-case hex
	FileHash         string    `json:"FileHash,omitzero"`
	ImageWidth       int64     `json:"ImageWidth,omitzero"`  // pixels
	ImageHeight      int64     `json:"ImageHeight,omitzero"` // pixels
	FileModifiedTime time.Time `json:"FileModifiedTime,omitzero"`

	CustomID     string            `json:"CustomId,omitzero"`
	CustomLabels map[string]string `json:"CustomLabels,omitempty"`
	ProduceTime  string            `json:"ProduceTime,omitzero"` // as the caller wrote it
	LatLong      string            `json:"LatLong,omitzero"`
	Addresses    []imm.Address     `json:"Addresses,omitempty"`
	Labels       []imm.Label       `json:"Labels,omitempty"`
	Title        string            `json:"Title,omitzero"`
	Artist       string            `json:"Artist,omitzero"`
	AlbumArtist  string            `json:"AlbumArtist,omitzero"`
	Album        string            `json:"Album,omitzero"`
	Composer     string            `json:"Composer,omitzero"`
	Performer    string            `json:"Performer,omitzero"`

	ObjectStatus string    `json:"ObjectStatus,omitzero"` // Indexed
	Reason       string    `json:"Reason,omitzero"`       // why the content could not be read
	CreateTime   time.Time `json:"CreateTime"`
	UpdateTime   time.Time `json:"UpdateTime"`
}

// clone is a copy that shares nothing that its owner could change.
func (f *File) clone() File {
	c := *f
	c.CustomLabels = maps.Clone(f.CustomLabels)
	c.Addresses = slices.Clone(f.Addresses)
	c.Labels = slices.Clone(f.Labels)
	return c
}

// inputFile is a file of a request, as the service reads it.
type inputFile struct {
	URI, OSSURI, FileHash, MediaType, ContentType          string
	CustomID                                               string `json:"CustomId"`
	CustomLabels                                           map[string]string
	ProduceTime, LatLong                                   string
	Addresses                                              []imm.Address
	Labels                                                 []imm.Label
	Title, Artist, AlbumArtist, Album, Composer, Performer string
}

// source is the object that the content of a file is in. A PDS file is readable
// here only where OSSURI says where its content is.
func (in *inputFile) source() (bucket, key string, ok bool) {
	if in.OSSURI != "" {
		return ossObject(in.OSSURI)
	}
	return ossObject(in.URI)
}

// isRare reports whether the caller gave one of the rareFields.
func (in *inputFile) isRare() bool {
	return in.FileHash+in.ProduceTime+in.LatLong+
		in.Title+in.Artist+in.AlbumArtist+in.Album+in.Composer+in.Performer != "" ||
		in.Addresses != nil || in.Labels != nil
}

// mediaType is the kind of media that a content type stands for.
func mediaType(contentType string) string {
	kind, subtype, _ := strings.Cut(contentType, "/")
	switch kind {
	case "image", "video", "audio":
		return kind
	case "text":
		return "document"
	case "application":
		switch subtype {
		case "pdf", "msword", "rtf", "vnd.ms-excel", "vnd.ms-powerpoint":
			return "document"
		case "zip", "gzip", "x-gzip", "x-tar", "x-7z-compressed", "x-rar-compressed", "vnd.rar", "x-bzip2":
			return "archive"
		}
		if strings.HasPrefix(subtype, "vnd.openxmlformats-officedocument.") {
			return "document"
		}
	}
	return "other"
}
