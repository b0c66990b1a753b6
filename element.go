package imm

// Element is a part of a file that a semantic query found, such as a paragraph
// of a document or a shot of a video.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-element
type Element struct {
	ObjectID           string            `json:"ObjectId,omitzero"`
	ElementType        string            `json:"ElementType,omitzero"`
	SemanticSimilarity float32           `json:"SemanticSimilarity,omitzero"` // to the query; more is nearer
	ElementContents    []ElementContent  `json:"ElementContents,omitzero"`
	ElementRelations   []ElementRelation `json:"ElementRelations,omitzero"`
}

// ElementContent is what an element consists of.
type ElementContent struct {
	Type      string  `json:"Type,omitzero"` // such as text, image or video
	Content   string  `json:"Content,omitzero"`
	URL       string  `json:"URL,omitzero"`
	TimeRange []int64 `json:"TimeRange,omitzero"` // start and end, in milliseconds
}

// ElementRelation connects an element with another one.
type ElementRelation struct {
	ObjectID string `json:"ObjectId,omitzero"` // of the other
	Type     string `json:"Type,omitzero"`
}

// SceneElement is a scene of a video, and what is to be seen in it.
type SceneElement struct {
	TimeRange        []int64 `json:"TimeRange,omitzero"`  // start and end, in milliseconds
	FrameTimes       []int64 `json:"FrameTimes,omitzero"` // of the key frames, in milliseconds
	VideoStreamIndex int64   `json:"VideoStreamIndex,omitzero"`
	Labels           []Label `json:"Labels,omitzero"`
}

// Insights are what a model says of a file in sentences.
type Insights struct {
	Image ImageInsight `json:"Image,omitzero"`
	Video VideoInsight `json:"Video,omitzero"`
}

// ImageInsight is what a model says of an image.
type ImageInsight struct {
	Caption     string `json:"Caption,omitzero"`     // one short sentence
	Description string `json:"Description,omitzero"` // in detail
}

// VideoInsight is what a model says of a video.
type VideoInsight struct {
	Caption     string `json:"Caption,omitzero"`     // one short sentence
	Description string `json:"Description,omitzero"` // in detail
}
