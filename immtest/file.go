package immtest

import (
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// File is what a dataset keeps of one file: what was read from the object, what
// extractors found, what the caller gave, and how indexing ended. In an answer of
// the server fields that are empty are left out.
type File = imm.File

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

// produced is the time in ProduceTime, which checkFile found to be one.
func (in *inputFile) produced() time.Time {
	produced, _ := time.Parse(time.RFC3339Nano, in.ProduceTime)
	return produced
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
