package immtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif"  // the formats whose dimensions the standard library reads
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/bep/imagemeta"
)

// What is looked at of an image: its dimensions and EXIF are near its beginning,
// and what a hostile one claims must not cost more than this.
const (
	maxImageHead = 4 << 20
	maxTags      = 500
	maxTagSize   = 1 << 10
)

// photo is what EXIF tells of an image, as it is kept.
type photo struct {
	orientation int64
	produced    time.Time
	timezone    string // empty where EXIF has none
	latLong     string
	exif        string // JSON as text
}

func (p *photo) fill(f *File) {
	absent(&f.Orientation, p.orientation)
	absent(&f.ProduceTime, p.produced)
	absent(&f.Timezone, p.timezone)
	absent(&f.LatLong, p.latLong)
	absent(&f.EXIF, p.exif)
}

// readImage finds the dimensions and the EXIF in the first bytes of an image. The
// dimensions are those in which the pixels are stored, and Orientation says how to
// turn them: the documentation gives no more than "pixels" (inferred, from what OSS
// itself tells of an image).
func (m *metadata) readImage(data []byte, sniffed string) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err == nil {
		m.width, m.height = pixels(config.Width), pixels(config.Height)
	} else if _, format, _ = strings.Cut(sniffed, "/"); !isImage(sniffed) {
		_, format, _ = strings.Cut(m.contentType, "/")
	}
	kind, known := imageFormats[format]
	if !known {
		return
	}
	tags, width, height := readTags(data, kind)
	if err != nil {
		m.width, m.height = pixels(width), pixels(height)
	}
	if len(tags) > 0 {
		m.photo = newPhoto(tags)
	}
}

// imageFormats are those in which EXIF is looked for, by the names that content
// types and the standard library give them.
var imageFormats = map[string]imagemeta.ImageFormat{
	"jpeg": imagemeta.JPEG, "png": imagemeta.PNG, "tiff": imagemeta.TIFF, "webp": imagemeta.WebP,
	"heic": imagemeta.HEIF, "heif": imagemeta.HEIF, "avif": imagemeta.AVIF,
}

// readTags reads the EXIF tags of an image and its dimensions. Those that were read
// before the image turned out to be broken stay. The library recovers from its
// panics; should one be left, it must not end the program whose tests this serves.
func readTags(data []byte, format imagemeta.ImageFormat) (tags map[string]any, width, height int) {
	tags = make(map[string]any)
	defer func() { _ = recover() }()
	result, err := imagemeta.Decode(imagemeta.Options{
		R:           bytes.NewReader(data),
		ImageFormat: format,
		Sources:     imagemeta.EXIF | imagemeta.CONFIG,
		HandleTag: func(tag imagemeta.TagInfo) error {
			if _, twice := tags[tag.Tag]; !twice && tag.Tag != "MakerNote" && !strings.HasPrefix(tag.Tag, imagemeta.UnknownPrefix) {
				tags[tag.Tag] = tag.Value
			}
			return nil
		},
		LimitNumTags: maxTags,
		LimitTagSize: maxTagSize,
	})
	if err != nil {
		return tags, 0, 0
	}
	return tags, result.ImageConfig.Width, result.ImageConfig.Height
}

// newPhoto takes from the tags what has a field of its own, and all of them as
// text.
func newPhoto(tags map[string]any) *photo {
	p := &photo{exif: exifText(tags)}
	if orientation := tagNumber(tags["Orientation"]); 1 <= orientation && orientation <= 8 {
		p.orientation = int64(orientation)
	}
	for _, at := range [][2]string{{"DateTimeOriginal", "OffsetTimeOriginal"}, {"CreateDate", "OffsetTimeDigitized"}, {"ModifyDate", "OffsetTime"}} {
		if produced, zone, ok := exifTime(tags[at[0]], tags[at[1]]); ok {
			p.produced, p.timezone = produced, zone
			break
		}
	}
	p.latLong = latLong(tags)
	return p
}

// exifTime reads a time such as 2024:05:06 07:08:09 and its offset from UTC, which
// older cameras do not write. Without one it is taken for a time of the service's
// zone (inferred: a time on the wire cannot be without).
func exifTime(value, offset any) (produced time.Time, zone string, ok bool) {
	const layout = "2006:01:02 15:04:05"
	text, _ := value.(string)
	text = strings.TrimSpace(text)
	if zone, isText := offset.(string); isText {
		zone = strings.TrimSpace(zone)
		if t, err := time.Parse(layout+"Z07:00", text+zone); err == nil && t.Year() > 0 {
			return t, zone, true
		}
	}
	t, err := time.ParseInLocation(layout, text, location)
	return t, "", err == nil && t.Year() > 0
}

// latLong is the position in the form in which the service writes it.
func latLong(tags map[string]any) string {
	latitude, longitude := tagNumber(tags["GPSLatitude"]), tagNumber(tags["GPSLongitude"])
	if tags["GPSLatitude"] == nil || tags["GPSLongitude"] == nil || !(math.Abs(latitude) <= 90 && math.Abs(longitude) <= 180) {
		return ""
	}
	if tags["GPSLatitudeRef"] == "S" {
		latitude = -math.Abs(latitude)
	}
	if tags["GPSLongitudeRef"] == "W" {
		longitude = -math.Abs(longitude)
	}
	return fmt.Sprintf("%.6f,%.6f", latitude+0, longitude+0) // plus zero, or the equator is minus zero in the south
}

// exifNames are the names that EXIF has for tags for which the reader has another.
var exifNames = map[string]string{
	"ModifyDate": "DateTime", "CreateDate": "DateTimeDigitized", "ISO": "ISOSpeedRatings",
	"ExifImageWidth": "PixelXDimension", "ExifImageHeight": "PixelYDimension",
}

// exifText is the tags as the service writes them: {"Orientation":{"value":"6"}}.
// Binary values are left out. Tags are in the order of their names.
func exifText(tags map[string]any) string {
	type entry struct {
		Value string `json:"value"`
	}
	all := make(map[string]entry, len(tags))
	for name, value := range tags {
		if kind := reflect.ValueOf(value).Kind(); kind == reflect.Slice || kind == reflect.Invalid {
			continue
		}
		if other := exifNames[name]; other != "" {
			name = other
		}
		all[name] = entry{strings.TrimRight(fmt.Sprint(value), "\x00 ")}
	}
	text, _ := json.Marshal(all) // text to text cannot fail
	return string(text)
}

// tagNumber is the value of a tag as a number, zero where it is none.
func tagNumber(value any) float64 {
	switch v := reflect.ValueOf(value); {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	case v.CanFloat():
		return v.Float()
	}
	return 0
}
