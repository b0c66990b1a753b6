package bulk

import (
	"fmt"
	"time"

	"github.com/imm-go/imm"
)

// textFields are the fields of a file that hold a text, by their names in JSON.
var textFields = map[string]func(*imm.InputFile) *string{
	"URI":         func(f *imm.InputFile) *string { return &f.URI },
	"OSSURI":      func(f *imm.InputFile) *string { return &f.OSSURI },
	"FileHash":    func(f *imm.InputFile) *string { return &f.FileHash },
	"CustomId":    func(f *imm.InputFile) *string { return &f.CustomID },
	"MediaType":   func(f *imm.InputFile) *string { return (*string)(&f.MediaType) },
	"ContentType": func(f *imm.InputFile) *string { return &f.ContentType },
	"LatLong":     func(f *imm.InputFile) *string { return &f.LatLong },
	"Title":       func(f *imm.InputFile) *string { return &f.Title },
	"Artist":      func(f *imm.InputFile) *string { return &f.Artist },
	"AlbumArtist": func(f *imm.InputFile) *string { return &f.AlbumArtist },
	"Album":       func(f *imm.InputFile) *string { return &f.Album },
	"Composer":    func(f *imm.InputFile) *string { return &f.Composer },
	"Performer":   func(f *imm.InputFile) *string { return &f.Performer },
}

const (
	produceTime = "ProduceTime" // the one field that is a time

	// textFieldNames are for those who used another name.
	textFieldNames = "URI, OSSURI, FileHash, CustomId, MediaType, ContentType, ProduceTime, LatLong, " +
		"Title, Artist, AlbumArtist, Album, Composer, Performer"
)

// parseProduceTime reads a time as JSON has it. Why it is none is empty for one.
func parseProduceTime(text string) (t time.Time, reason string) {
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, fmt.Sprintf("%s: %s is no time; want RFC 3339, such as 2026-11-05T18:30:00+08:00", produceTime, excerpt(text))
	}
	return t, ""
}
