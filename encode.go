package imm

import (
	"slices"

	"github.com/imm-go/imm/internal/wire"
)

// The documented structures are written without reflection, because encoding
// them is most of what a call costs. What is written is what encoding/json makes
// of the tags in models.go; a fuzz test holds the two together.

func writeInputFile(w *wire.Writer, f *InputFile) {
	w.BeginObject()
	w.Text("URI", f.URI)
	w.Text("OSSURI", f.OSSURI)
	w.Text("FileHash", f.FileHash)
	w.Text("CustomId", f.CustomID)
	w.Texts("CustomLabels", f.CustomLabels)
	w.Text("MediaType", string(f.MediaType))
	w.Text("ContentType", f.ContentType)
	w.Time("ProduceTime", f.ProduceTime)
	w.Text("LatLong", f.LatLong)
	writeList(w, "Addresses", f.Addresses, writeAddress)
	writeList(w, "Labels", f.Labels, writeLabel)
	writeList(w, "Figures", f.Figures, writeFigure)
	w.Text("Title", f.Title)
	w.Text("Artist", f.Artist)
	w.Text("AlbumArtist", f.AlbumArtist)
	w.Text("Album", f.Album)
	w.Text("Composer", f.Composer)
	w.Text("Performer", f.Performer)
	w.EndObject()
}

// writeList adds a member that is an array, unless it is nil.
func writeList[T any](w *wire.Writer, name string, items []T, write func(*wire.Writer, *T)) {
	if items == nil {
		return
	}
	w.Name(name)
	writeArray(w, items, write)
}

func writeArray[T any](w *wire.Writer, items []T, write func(*wire.Writer, *T)) {
	w.BeginArray()
	for i := range items {
		write(w, &items[i])
	}
	w.EndArray()
}

func writeAddress(w *wire.Writer, a *Address) {
	w.BeginObject()
	w.Text("Language", a.Language)
	w.Text("AddressLine", a.AddressLine)
	w.Text("Country", a.Country)
	w.Text("Province", a.Province)
	w.Text("City", a.City)
	w.Text("District", a.District)
	w.Text("Township", a.Township)
	w.EndObject()
}

func writeLabel(w *wire.Writer, l *Label) {
	w.BeginObject()
	w.Text("LabelName", l.LabelName)
	w.Text("LabelAlias", l.LabelAlias)
	w.Text("ParentLabelName", l.ParentLabelName)
	w.Text("Language", l.Language)
	w.Int("LabelLevel", l.LabelLevel)
	w.Float32("LabelConfidence", l.LabelConfidence)
	w.Float32("CentricScore", l.CentricScore)
	writeList(w, "Clips", l.Clips, writeClip)
	w.EndObject()
}

func writeClip(w *wire.Writer, c *Clip) {
	w.BeginObject()
	writeList(w, "TimeRange", c.TimeRange, func(w *wire.Writer, ms *int64) { w.Number(*ms) })
	w.EndObject()
}

func writeFigure(w *wire.Writer, f *InputFileFigure) {
	w.BeginObject()
	w.Text("FigureId", f.FigureID)
	w.Text("FigureClusterId", f.FigureClusterID)
	w.Text("FigureType", f.FigureType)
	w.EndObject()
}

func writeNotification(w *wire.Writer, n *Notification) {
	w.BeginObject()
	if n.MNS != (MNS{}) {
		w.Name("MNS")
		w.BeginObject()
		w.Text("TopicName", n.MNS.TopicName)
		w.EndObject()
	}
	if n.RocketMQ != (RocketMQ{}) {
		w.Name("RocketMQ")
		w.BeginObject()
		w.Text("InstanceId", n.RocketMQ.InstanceID)
		w.Text("TopicName", n.RocketMQ.TopicName)
		w.EndObject()
	}
	w.Text("ExtendedMessageURI", n.ExtendedMessageURI)
	w.EndObject()
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

func appendFigure(dst []byte, f *InputFileFigure) []byte {
	o := wire.BeginObject(dst)
	o.Text("FigureId", f.FigureID)
	o.Text("FigureClusterId", f.FigureClusterID)
	o.Text("FigureType", f.FigureType)
	return o.End()
}
