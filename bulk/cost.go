package bulk

import "github.com/imm-go/imm"

// cost is how many bytes a file takes: in a request, where it is JSON that is
// encoded as a form, and in the message about its batch. It is never below what is
// written, and for the fields that most files have hardly above it.
type cost struct{ request, message int }

// What a byte of a text takes in JSON, and in JSON that is encoded as a form.
var jsonBytes, formBytes = bytesOfText()

func bytesOfText() (inJSON, inForm [256]uint8) {
	for i := range 256 {
		switch c := byte(i); {
		case c < ' ', c == '<', c == '>', c == '&':
			inJSON[i], inForm[i] = 6, 8 // \u003c
		case c == '"', c == '\\':
			inJSON[i], inForm[i] = 2, 6
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			inJSON[i], inForm[i] = 1, 1
		default:
			inJSON[i], inForm[i] = 1, 3
		}
	}
	return inJSON, inForm
}

func (c *cost) text(s string) {
	for i := range len(s) {
		c.request += int(formBytes[s[i]])
		c.message += int(jsonBytes[s[i]])
	}
}

// What is around a text: its name, quotes, a colon and a comma.
const (
	memberInForm = 5*3 + 3
	memberInJSON = 6
	objectInForm = 3 * 3 // two braces and a comma
	// errorInJSON is room for the reason why a file failed, which nothing bounds.
	errorInJSON = 100
)

// member adds a member of an object unless it has no value.
func (c *cost) member(name, value string) {
	if value != "" {
		c.request += memberInForm + len(name)
		c.message += memberInJSON + len(name)
		c.text(value)
	}
}

// costOf is the cost of a file.
func costOf(f *imm.InputFile) cost {
	c := cost{request: objectInForm, message: errorInJSON}
	c.member("URI", f.URI)
	c.member("CustomId", f.CustomID)
	if f.CustomLabels != nil {
		c.request += memberInForm + objectInForm + len("CustomLabels")
		c.message += memberInJSON + len("CustomLabels")
		for name, value := range f.CustomLabels {
			c.request += memberInForm
			c.message += memberInJSON
			c.text(name)
			c.text(value)
		}
	}
	message := c.message // which has no more than these
	c.member("OSSURI", f.OSSURI)
	c.member("FileHash", f.FileHash)
	c.member("MediaType", string(f.MediaType))
	c.member("ContentType", f.ContentType)
	if !f.ProduceTime.IsZero() {
		c.member("ProduceTime", "2006-01-02T15:04:05.999999999+07:00")
	}
	c.member("LatLong", f.LatLong)
	c.member("Title", f.Title)
	c.member("Artist", f.Artist)
	c.member("AlbumArtist", f.AlbumArtist)
	c.member("Album", f.Album)
	c.member("Composer", f.Composer)
	c.member("Performer", f.Performer)
	if len(f.Addresses) > 0 || len(f.Labels) > 0 || len(f.Figures) > 0 {
		c.lists(f)
	}
	// A list that is empty is sent, too, unless it is nil.
	for _, sent := range [...]struct {
		name string
		is   bool
	}{{"Addresses", f.Addresses != nil}, {"Labels", f.Labels != nil}, {"Figures", f.Figures != nil}} {
		if sent.is {
			c.request += memberInForm + 2*3 + len(sent.name)
		}
	}
	c.message = message
	return c
}

// lists adds what few files have.
func (c *cost) lists(f *imm.InputFile) {
	const number = 24 // digits of the longest
	for i := range f.Addresses {
		a := &f.Addresses[i]
		c.request += objectInForm
		c.member("Language", a.Language)
		c.member("AddressLine", a.AddressLine)
		c.member("Country", a.Country)
		c.member("Province", a.Province)
		c.member("City", a.City)
		c.member("District", a.District)
		c.member("Township", a.Township)
	}
	for i := range f.Labels {
		l := &f.Labels[i]
		c.request += objectInForm + 4*(memberInForm+number) + len("LabelLevel") + len("LabelConfidence") + len("CentricScore") + len("Clips")
		c.member("LabelName", l.LabelName)
		c.member("LabelAlias", l.LabelAlias)
		c.member("ParentLabelName", l.ParentLabelName)
		c.member("Language", l.Language)
		for _, clip := range l.Clips {
			c.request += objectInForm + memberInForm + len("TimeRange") + len(clip.TimeRange)*(number+3)
		}
	}
	for i := range f.Figures {
		c.request += objectInForm
		c.member("FigureId", f.Figures[i].FigureID)
		c.member("FigureClusterId", f.Figures[i].FigureClusterID)
		c.member("FigureType", f.Figures[i].FigureType)
	}
}
