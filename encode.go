package imm

import (
	"slices"
	"strconv"

	"github.com/imm-go/imm/internal/wire"
)

// The documented structures are written without reflection, because encoding
// them is most of what a call costs. What is written is what encoding/json makes
// of the tags in models.go; a fuzz test holds the two together.

func appendInputFile(dst []byte, f *InputFile) []byte {
	o := wire.BeginObject(dst)
	o.Text("URI", f.URI)
	o.Text("OSSURI", f.OSSURI)
	o.Text("FileHash", f.FileHash)
	o.Text("CustomId", f.CustomID)
	if f.CustomLabels != nil {
		o.Value("CustomLabels", func(dst []byte) []byte { return appendLabels(dst, f.CustomLabels) })
	}
	o.Text("MediaType", string(f.MediaType))
	o.Text("ContentType", f.ContentType)
	o.Time("ProduceTime", f.ProduceTime)
	o.Text("LatLong", f.LatLong)
	if f.Addresses != nil {
		o.Value("Addresses", func(dst []byte) []byte { return wire.AppendArray(dst, f.Addresses, appendAddress) })
	}
	if f.Labels != nil {
		o.Value("Labels", func(dst []byte) []byte { return wire.AppendArray(dst, f.Labels, appendLabel) })
	}
	if f.Figures != nil {
		o.Value("Figures", func(dst []byte) []byte { return wire.AppendArray(dst, f.Figures, appendFigure) })
	}
	o.Text("Title", f.Title)
	o.Text("Artist", f.Artist)
	o.Text("AlbumArtist", f.AlbumArtist)
	o.Text("Album", f.Album)
	o.Text("Composer", f.Composer)
	o.Text("Performer", f.Performer)
	return o.End()
}

// appendLabels writes the keys in order, so that equal files are equal bytes.
func appendLabels(dst []byte, labels map[string]string) []byte {
	var room [16]string
	keys := room[:0]
	for key := range labels {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = wire.AppendString(dst, key)
		dst = append(dst, ':')
		dst = wire.AppendString(dst, labels[key])
	}
	return append(dst, '}')
}

func appendAddress(dst []byte, a *Address) []byte {
	o := wire.BeginObject(dst)
	o.Text("Language", a.Language)
	o.Text("AddressLine", a.AddressLine)
	o.Text("Country", a.Country)
	o.Text("Province", a.Province)
	o.Text("City", a.City)
	o.Text("District", a.District)
	o.Text("Township", a.Township)
	return o.End()
}

func appendLabel(dst []byte, l *Label) []byte {
	o := wire.BeginObject(dst)
	o.Text("LabelName", l.LabelName)
	o.Text("LabelAlias", l.LabelAlias)
	o.Text("ParentLabelName", l.ParentLabelName)
	o.Text("Language", l.Language)
	o.Int("LabelLevel", l.LabelLevel)
	o.Float32("LabelConfidence", l.LabelConfidence)
	o.Float32("CentricScore", l.CentricScore)
	if l.Clips != nil {
		o.Value("Clips", func(dst []byte) []byte { return wire.AppendArray(dst, l.Clips, appendClip) })
	}
	return o.End()
}

func appendClip(dst []byte, c *Clip) []byte {
	o := wire.BeginObject(dst)
	if c.TimeRange != nil {
		o.Value("TimeRange", func(dst []byte) []byte {
			return wire.AppendArray(dst, c.TimeRange, func(dst []byte, ms *int64) []byte { return strconv.AppendInt(dst, *ms, 10) })
		})
	}
	return o.End()
}

func appendFigure(dst []byte, f *InputFileFigure) []byte {
	o := wire.BeginObject(dst)
	o.Text("FigureId", f.FigureID)
	o.Text("FigureClusterId", f.FigureClusterID)
	o.Text("FigureType", f.FigureType)
	return o.End()
}

func appendNotification(dst []byte, n *Notification) []byte {
	o := wire.BeginObject(dst)
	if n.MNS != (MNS{}) {
		o.Value("MNS", func(dst []byte) []byte {
			mns := wire.BeginObject(dst)
			mns.Text("TopicName", n.MNS.TopicName)
			return mns.End()
		})
	}
	if n.RocketMQ != (RocketMQ{}) {
		o.Value("RocketMQ", func(dst []byte) []byte {
			rocket := wire.BeginObject(dst)
			rocket.Text("InstanceId", n.RocketMQ.InstanceID)
			rocket.Text("TopicName", n.RocketMQ.TopicName)
			return rocket.End()
		})
	}
	o.Text("ExtendedMessageURI", n.ExtendedMessageURI)
	return o.End()
}
