package imm

// Figure is a person that was found in an image, and what was recognized of it.
// Confidences are from 0 to 1.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-figure
type Figure struct {
	FigureID                string  `json:"FigureId,omitzero"`
	FigureType              string  `json:"FigureType,omitzero"` // face is the documented one
	FigureConfidence        float32 `json:"FigureConfidence,omitzero"`
	FigureClusterID         string  `json:"FigureClusterId,omitzero"` // the group of like figures it belongs to
	FigureClusterConfidence float32 `json:"FigureClusterConfidence,omitzero"`

	Boundary    Boundary `json:"Boundary,omitzero"`
	HeadPose    HeadPose `json:"HeadPose,omitzero"`
	FaceQuality float32  `json:"FaceQuality,omitzero"` // 0 to 1
	Sharpness   float32  `json:"Sharpness,omitzero"`   // 0 to 1

	Age        int64   `json:"Age,omitzero"`        // years
	AgeSD      float32 `json:"AgeSD,omitzero"`      // standard deviation of Age, in years
	Attractive float32 `json:"Attractive,omitzero"` // 0 to 1

	Gender            string  `json:"Gender,omitzero"`
	GenderConfidence  float32 `json:"GenderConfidence,omitzero"`
	Emotion           string  `json:"Emotion,omitzero"`
	EmotionConfidence float32 `json:"EmotionConfidence,omitzero"`
	Mouth             string  `json:"Mouth,omitzero"` // open or close
	MouthConfidence   float32 `json:"MouthConfidence,omitzero"`
	Beard             string  `json:"Beard,omitzero"`
	BeardConfidence   float32 `json:"BeardConfidence,omitzero"`
	Glasses           string  `json:"Glasses,omitzero"`
	GlassesConfidence float32 `json:"GlassesConfidence,omitzero"`
	Hat               string  `json:"Hat,omitzero"`
	HatConfidence     float32 `json:"HatConfidence,omitzero"`
	Mask              string  `json:"Mask,omitzero"`
	MaskConfidence    float32 `json:"MaskConfidence,omitzero"`
}

// HeadPose is how a head is turned, in degrees.
type HeadPose struct {
	Pitch float32 `json:"Pitch,omitzero"`
	Roll  float32 `json:"Roll,omitzero"`
	Yaw   float32 `json:"Yaw,omitzero"`
}

// Boundary is a part of an image, in pixels from its upper left corner: a
// rectangle, or a polygon where that is known more exactly.
type Boundary struct {
	Left    int64   `json:"Left,omitzero"`
	Top     int64   `json:"Top,omitzero"`
	Width   int64   `json:"Width,omitzero"`
	Height  int64   `json:"Height,omitzero"`
	Polygon []Point `json:"Polygon,omitzero"`
}

// Point is a point of an image, in pixels from its upper left corner.
type Point struct {
	X int64 `json:"X,omitzero"`
	Y int64 `json:"Y,omitzero"`
}
