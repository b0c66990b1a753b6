package imm

// VideoStream is one video stream of a file.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-videostream
type VideoStream struct {
	Index    int64  `json:"Index,omitzero"` // of the stream in the file, from 0
	Language string `json:"Language,omitzero"`

	CodecName      string `json:"CodecName,omitzero"`
	CodecLongName  string `json:"CodecLongName,omitzero"`
	CodecTag       string `json:"CodecTag,omitzero"` // hexadecimal
	CodecTagString string `json:"CodecTagString,omitzero"`
	CodecTimeBase  string `json:"CodecTimeBase,omitzero"` // a fraction, such as 1/50
	Profile        string `json:"Profile,omitzero"`
	Level          int64  `json:"Level,omitzero"`

	Width              int64  `json:"Width,omitzero"`              // pixels
	Height             int64  `json:"Height,omitzero"`             // pixels
	SampleAspectRatio  string `json:"SampleAspectRatio,omitzero"`  // width:height
	DisplayAspectRatio string `json:"DisplayAspectRatio,omitzero"` // width:height
	Rotate             string `json:"Rotate,omitzero"`             // degrees
	PixelFormat        string `json:"PixelFormat,omitzero"`
	BitDepth           int64  `json:"BitDepth,omitzero"` // bits
	ColorSpace         string `json:"ColorSpace,omitzero"`
	ColorRange         string `json:"ColorRange,omitzero"`
	ColorTransfer      string `json:"ColorTransfer,omitzero"`
	ColorPrimaries     string `json:"ColorPrimaries,omitzero"`

	FrameRate        string  `json:"FrameRate,omitzero"`        // a fraction, in frames a second
	AverageFrameRate string  `json:"AverageFrameRate,omitzero"` // a fraction, in frames a second
	FrameCount       int64   `json:"FrameCount,omitzero"`
	HasBFrames       int64   `json:"HasBFrames,omitzero"` // the number of consecutive B-frames
	TimeBase         string  `json:"TimeBase,omitzero"`   // a fraction of a second, such as 1/90000
	StartTime        float64 `json:"StartTime,omitzero"`  // seconds
	Duration         float64 `json:"Duration,omitzero"`   // seconds
	Bitrate          int64   `json:"Bitrate,omitzero"`    // bits a second
}

// AudioStream is one audio stream of a file.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-audiostream
type AudioStream struct {
	Index    int64  `json:"Index,omitzero"` // of the stream in the file, from 0
	Language string `json:"Language,omitzero"`
	Lyric    string `json:"Lyric,omitzero"`

	CodecName      string `json:"CodecName,omitzero"`
	CodecLongName  string `json:"CodecLongName,omitzero"`
	CodecTag       string `json:"CodecTag,omitzero"` // hexadecimal
	CodecTagString string `json:"CodecTagString,omitzero"`
	CodecTimeBase  string `json:"CodecTimeBase,omitzero"` // a fraction, such as 1/44100

	SampleFormat  string `json:"SampleFormat,omitzero"`
	SampleRate    int64  `json:"SampleRate,omitzero"` // hertz
	Channels      int64  `json:"Channels,omitzero"`
	ChannelLayout string `json:"ChannelLayout,omitzero"`

	FrameCount int64   `json:"FrameCount,omitzero"`
	TimeBase   string  `json:"TimeBase,omitzero"`  // a fraction of a second
	StartTime  float64 `json:"StartTime,omitzero"` // seconds
	Duration   float64 `json:"Duration,omitzero"`  // seconds
	Bitrate    int64   `json:"Bitrate,omitzero"`   // bits a second
}

// SubtitleStream is one subtitle stream of a file.
//
// https://www.alibabacloud.com/help/en/imm/developer-reference/api-imm-2020-09-30-struct-subtitlestream
type SubtitleStream struct {
	Index    int64  `json:"Index,omitzero"` // of the stream in the file, from 0
	Language string `json:"Language,omitzero"`
	Content  string `json:"Content,omitzero"`

	CodecName      string `json:"CodecName,omitzero"`
	CodecLongName  string `json:"CodecLongName,omitzero"`
	CodecTag       string `json:"CodecTag,omitzero"` // hexadecimal
	CodecTagString string `json:"CodecTagString,omitzero"`

	Width     int64   `json:"Width,omitzero"`     // pixels
	Height    int64   `json:"Height,omitzero"`    // pixels
	StartTime float64 `json:"StartTime,omitzero"` // seconds
	Duration  float64 `json:"Duration,omitzero"`  // seconds
	Bitrate   int64   `json:"Bitrate,omitzero"`   // bits a second
}
