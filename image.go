package imm

// Image is a picture inside another file, such as the cover of an audio file.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-image
type Image struct {
	ImageWidth          int64                `json:"ImageWidth,omitzero"`  // pixels
	ImageHeight         int64                `json:"ImageHeight,omitzero"` // pixels
	EXIF                string               `json:"EXIF,omitzero"`        // JSON as text
	ImageScore          ImageScore           `json:"ImageScore,omitzero"`
	CroppingSuggestions []CroppingSuggestion `json:"CroppingSuggestions,omitzero"`
	OCRContents         []OCRContent         `json:"OCRContents,omitzero"`
}

// ImageScore is how good an image is.
type ImageScore struct {
	OverallQualityScore float32 `json:"OverallQualityScore,omitzero"` // 0 to 1
}

// CroppingSuggestion is a part of an image that would make a good one of its own.
type CroppingSuggestion struct {
	AspectRatio string   `json:"AspectRatio,omitzero"` // width:height
	Confidence  float32  `json:"Confidence,omitzero"`  // 0 to 1
	Boundary    Boundary `json:"Boundary,omitzero"`
}

// OCRContent is a text that is to be read in an image.
type OCRContent struct {
	Contents   string   `json:"Contents,omitzero"`
	Language   string   `json:"Language,omitzero"`
	Confidence float32  `json:"Confidence,omitzero"` // 0 to 1
	Boundary   Boundary `json:"Boundary,omitzero"`
}
