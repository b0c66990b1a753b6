package imm

import (
	"errors"
	"time"

	"github.com/imm-go/imm/internal/wire"
)

// File is what a dataset holds of one file. Which parts are filled depends on
// the kind of file, on the workflow template of the dataset, and on WithFields
// of the request. Times that the service leaves out or sends malformed are zero;
// parts that are of another JSON type than documented are left zero, and labels,
// tags and user metadata that are not text are shown as JSON.
//
// A File marshals to the JSON that the service documents, without zero values.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-file
type File struct {
	// Where the file is, and in which dataset.
	URI         string `json:"URI,omitzero"`    // oss://bucket/object or pds://…
	OSSURI      string `json:"OSSURI,omitzero"` // where the content of a file with a pds URI lies
	ProjectName string `json:"ProjectName,omitzero"`
	DatasetName string `json:"DatasetName,omitzero"`
	OwnerID     string `json:"OwnerId,omitzero"`  // the account
	ObjectID    string `json:"ObjectId,omitzero"` // unique, chosen by the service
	ObjectType  string `json:"ObjectType,omitzero"`

	// How indexing ended, and when the entry in the dataset was made and changed.
	ObjectStatus ObjectStatus `json:"ObjectStatus,omitzero"`
	Reason       string       `json:"Reason,omitzero"` // why indexing failed
	CreateTime   time.Time    `json:"CreateTime,omitzero"`
	UpdateTime   time.Time    `json:"UpdateTime,omitzero"`

	// What the caller said of the file.
	CustomID     string            `json:"CustomId,omitzero"`
	CustomLabels map[string]string `json:"CustomLabels,omitzero"`

	// The file itself.
	Filename         string    `json:"Filename,omitzero"` // the whole key of an object
	Size             int64     `json:"Size,omitzero"`     // bytes
	MediaType        MediaType `json:"MediaType,omitzero"`
	ContentType      string    `json:"ContentType,omitzero"` // MIME type
	FileHash         string    `json:"FileHash,omitzero"`
	ETag             string    `json:"ETag,omitzero"` // in quotes, as OSS writes it
	FileModifiedTime time.Time `json:"FileModifiedTime,omitzero"`
	FileCreateTime   time.Time `json:"FileCreateTime,omitzero"`
	FileAccessTime   time.Time `json:"FileAccessTime,omitzero"`

	// The object in OSS.
	OSSCRC64                              string            `json:"OSSCRC64,omitzero"` // decimal
	OSSObjectType                         string            `json:"OSSObjectType,omitzero"`
	OSSStorageClass                       string            `json:"OSSStorageClass,omitzero"`
	OSSVersionID                          string            `json:"OSSVersionId,omitzero"`
	OSSDeleteMarker                       string            `json:"OSSDeleteMarker,omitzero"`
	OSSExpiration                         time.Time         `json:"OSSExpiration,omitzero"`
	OSSTagging                            map[string]string `json:"OSSTagging,omitzero"`
	OSSTaggingCount                       int64             `json:"OSSTaggingCount,omitzero"`
	OSSUserMeta                           map[string]string `json:"OSSUserMeta,omitzero"`
	ObjectACL                             string            `json:"ObjectACL,omitzero"`
	ServerSideEncryption                  string            `json:"ServerSideEncryption,omitzero"`
	ServerSideEncryptionKeyID             string            `json:"ServerSideEncryptionKeyId,omitzero"`
	ServerSideEncryptionCustomerAlgorithm string            `json:"ServerSideEncryptionCustomerAlgorithm,omitzero"`
	ServerSideDataEncryption              string            `json:"ServerSideDataEncryption,omitzero"`

	// The headers with which OSS gives the object out.
	CacheControl               string `json:"CacheControl,omitzero"`
	ContentDisposition         string `json:"ContentDisposition,omitzero"`
	ContentEncoding            string `json:"ContentEncoding,omitzero"`
	ContentLanguage            string `json:"ContentLanguage,omitzero"`
	ContentMD5                 string `json:"ContentMd5,omitzero"` // base64
	AccessControlAllowOrigin   string `json:"AccessControlAllowOrigin,omitzero"`
	AccessControlRequestMethod string `json:"AccessControlRequestMethod,omitzero"`

	// When and where a photo or video was taken.
	ProduceTime     time.Time `json:"ProduceTime,omitzero"`
	Timezone        string    `json:"Timezone,omitzero"`
	LatLong         string    `json:"LatLong,omitzero"` // "latitude,longitude" in degrees
	Addresses       []Address `json:"Addresses,omitzero"`
	TravelClusterID string    `json:"TravelClusterId,omitzero"` // the journey it belongs to

	// What is to be seen.
	Labels        []Label        `json:"Labels,omitzero"`
	Figures       []Figure       `json:"Figures,omitzero"`
	FigureCount   int64          `json:"FigureCount,omitzero"`
	Insights      Insights       `json:"Insights,omitzero"`
	SceneElements []SceneElement `json:"SceneElements,omitzero"`
	SemanticTypes []string       `json:"SemanticTypes,omitzero"` // whether a semantic query finds it by its image or by its video
	Elements      []Element      `json:"Elements,omitzero"`      // the parts that a semantic query found
	OCRContents   []OCRContent   `json:"OCRContents,omitzero"`
	OCRTexts      string         `json:"OCRTexts,omitzero"` // all texts of OCRContents together

	// An image.
	ImageWidth          int64                `json:"ImageWidth,omitzero"`  // pixels
	ImageHeight         int64                `json:"ImageHeight,omitzero"` // pixels
	Orientation         int64                `json:"Orientation,omitzero"` // 1 to 8, as in EXIF
	EXIF                string               `json:"EXIF,omitzero"`        // JSON as text
	ImageScore          ImageScore           `json:"ImageScore,omitzero"`
	CroppingSuggestions []CroppingSuggestion `json:"CroppingSuggestions,omitzero"`

	// A video or an audio file.
	VideoWidth     int64            `json:"VideoWidth,omitzero"`  // pixels
	VideoHeight    int64            `json:"VideoHeight,omitzero"` // pixels
	StartTime      float64          `json:"StartTime,omitzero"`   // seconds
	Duration       float64          `json:"Duration,omitzero"`    // seconds
	Bitrate        int64            `json:"Bitrate,omitzero"`     // bits a second
	FormatName     string           `json:"FormatName,omitzero"`  // the container
	FormatLongName string           `json:"FormatLongName,omitzero"`
	StreamCount    int64            `json:"StreamCount,omitzero"`
	ProgramCount   int64            `json:"ProgramCount,omitzero"`
	VideoStreams   []VideoStream    `json:"VideoStreams,omitzero"`
	AudioStreams   []AudioStream    `json:"AudioStreams,omitzero"`
	Subtitles      []SubtitleStream `json:"Subtitles,omitzero"`

	// What a file says of itself.
	Title       string  `json:"Title,omitzero"`
	Artist      string  `json:"Artist,omitzero"`
	AlbumArtist string  `json:"AlbumArtist,omitzero"`
	Album       string  `json:"Album,omitzero"`
	Composer    string  `json:"Composer,omitzero"`
	Performer   string  `json:"Performer,omitzero"`
	AudioCovers []Image `json:"AudioCovers,omitzero"`
	Language    string  `json:"Language,omitzero"`
	PageCount   int64   `json:"PageCount,omitzero"` // of a document
}

// ObjectStatus says how indexing a file ended.
type ObjectStatus string

// ObjectIndexed is the only status that the service documents. Code that
// switches over statuses needs a default.
const ObjectIndexed ObjectStatus = "Indexed"

// UnmarshalJSON reads a file as the service writes it. Parts that are malformed
// or of another type than documented are left zero; what is not a JSON object at
// all is an error.
func (f *File) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	*f = File{}
	if !wire.Decode(data, f, nil) {
		return errors.New("imm: a file is not a JSON object")
	}
	return nil
}
