package imm

import (
	"time"
)

// MediaType is the kind of media that a file is taken for.
type MediaType string

// The media types that the service documents.
const (
	MediaImage    MediaType = "image"
	MediaVideo    MediaType = "video"
	MediaAudio    MediaType = "audio"
	MediaDocument MediaType = "document"
	MediaArchive  MediaType = "archive"
	MediaOther    MediaType = "other"
)

// BindingState says whether a binding works.
type BindingState string

// The binding states that the service documents. Code that switches over them
// needs a default: the service may add more.
const (
	StateReady    BindingState = "Ready"    // being prepared
	StateRunning  BindingState = "Running"  // scanning; see BindingPhase
	StateStopped  BindingState = "Stopped"  // paused; no operation resumes it
	StateRetrying BindingState = "Retrying" // the service tries again by itself
	StateFailed   BindingState = "Failed"
	StateDeleted  BindingState = "Deleted"
)

// BindingPhase says how far the scan of a running binding is.
type BindingPhase string

// The phases that the service documents. The empty phase, PhaseNone, means that
// scanning has not started.
const (
	PhaseNone                BindingPhase = ""
	PhaseFullScanning        BindingPhase = "FullScanning"        // objects that existed when the binding was made
	PhaseIncrementalScanning BindingPhase = "IncrementalScanning" // they are indexed; changes are followed
)

// Binding connects a bucket with a dataset: the service indexes every object of
// the bucket, and then follows changes. Times that the service leaves out or
// sends malformed are zero.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-binding
type Binding struct {
	ProjectName string       `json:"ProjectName"`
	DatasetName string       `json:"DatasetName"`
	URI         string       `json:"URI"` // oss://bucket
	Phase       BindingPhase `json:"Phase"`
	State       BindingState `json:"State"`
	Reason      string       `json:"Reason,omitzero"` // may explain StateFailed or StateStopped
	CreateTime  time.Time    `json:"CreateTime,omitzero"`
	UpdateTime  time.Time    `json:"UpdateTime,omitzero"`
}

// InputFile is one file to index, with what the caller knows about it. Only URI
// is always needed. Zero values are left out on the wire, as are nil slices and
// maps; empty ones that are not nil are sent.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-inputfile
type InputFile struct {
	// URI is oss://bucket/object, in a bucket of the project's region, or
	// pds://domains/{domain}/drives/{drive}/files/{file}/revisions/{revision}.
	URI string `json:"URI,omitzero"`
	// OSSURI is where the content of a file with a pds URI lies: oss://bucket/object.
	OSSURI string `json:"OSSURI,omitzero"`
	// FileHash is the hash of the content. It is required with a pds URI.
	FileHash string `json:"FileHash,omitzero"`
	// CustomID is the caller's own id of the file, searchable by prefix and
	// sortable. It comes back in the notification.
	CustomID string `json:"CustomId,omitzero"`
	// CustomLabels are the caller's own labels, searchable.
	CustomLabels map[string]string `json:"CustomLabels,omitzero"`
	// MediaType and ContentType replace what the service would find out itself.
	MediaType   MediaType `json:"MediaType,omitzero"`
	ContentType string    `json:"ContentType,omitzero"`
	// ProduceTime is when the photo or video was taken.
	ProduceTime time.Time `json:"ProduceTime,omitzero"`
	// LatLong is where: "latitude,longitude" in degrees.
	LatLong   string    `json:"LatLong,omitzero"`
	Addresses []Address `json:"Addresses,omitzero"`
	Labels    []Label   `json:"Labels,omitzero"`
	// Figures take effect only when metadata is updated, not when it is indexed.
	Figures     []InputFileFigure `json:"Figures,omitzero"`
	Title       string            `json:"Title,omitzero"`
	Artist      string            `json:"Artist,omitzero"`
	AlbumArtist string            `json:"AlbumArtist,omitzero"`
	Album       string            `json:"Album,omitzero"`
	Composer    string            `json:"Composer,omitzero"`
	Performer   string            `json:"Performer,omitzero"`
}

// Address is a postal address in one language.
type Address struct {
	Language    string `json:"Language,omitzero"`
	AddressLine string `json:"AddressLine,omitzero"`
	Country     string `json:"Country,omitzero"`
	Province    string `json:"Province,omitzero"`
	City        string `json:"City,omitzero"`
	District    string `json:"District,omitzero"`
	Township    string `json:"Township,omitzero"`
}

// Label is something seen in a file: an object, a scene, an activity.
type Label struct {
	LabelName       string  `json:"LabelName,omitzero"`
	LabelAlias      string  `json:"LabelAlias,omitzero"`
	ParentLabelName string  `json:"ParentLabelName,omitzero"`
	Language        string  `json:"Language,omitzero"`
	LabelLevel      int64   `json:"LabelLevel,omitzero"`
	LabelConfidence float32 `json:"LabelConfidence,omitzero"` // 0 to 1
	CentricScore    float32 `json:"CentricScore,omitzero"`    // 0 to 1
	Clips           []Clip  `json:"Clips,omitzero"`
}

// Clip is a part of a video.
type Clip struct {
	TimeRange []int64 `json:"TimeRange,omitzero"` // start and end, in milliseconds
}

// InputFileFigure is a person or other figure in a file, as an update names it.
type InputFileFigure struct {
	FigureID        string `json:"FigureId,omitzero"`
	FigureClusterID string `json:"FigureClusterId,omitzero"`
	FigureType      string `json:"FigureType,omitzero"`
}

// Notification says where the service reports the outcome of asynchronous work.
// The zero value asks for no report.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-notification
type Notification struct {
	MNS      MNS      `json:"MNS,omitzero"`
	RocketMQ RocketMQ `json:"RocketMQ,omitzero"`
	// ExtendedMessageURI is where the service may put more than fits a message.
	ExtendedMessageURI string `json:"ExtendedMessageURI,omitzero"`
}

// MNS names a topic of Simple Message Queue (formerly MNS) in the project's
// region and account. A message above 64 KB is discarded by the queue: a batch
// of 100 files with long URIs and labels can pass that.
type MNS struct {
	TopicName string `json:"TopicName,omitzero"`
}

// RocketMQ names a topic of ApsaraMQ for RocketMQ; both parts are needed.
type RocketMQ struct {
	InstanceID string `json:"InstanceId,omitzero"`
	TopicName  string `json:"TopicName,omitzero"`
}
