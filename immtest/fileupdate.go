package immtest

import (
	"fmt"
	"time"

	"github.com/imm-go/imm"
)

// maxLabels is how many labels a file may have.
const maxLabels = 100

// What the documentation shows as the message of one file, and one in its form for
// a file that is not there, of which it shows none.
const (
	tooManyLabels = "*error.OpError : InvalidArgument | Index KV count exceeded, should be no more than 100."
	noSuchFile    = "*error.OpError : ResourceNotFound | File does not exist."
)

// fileUpdate is a file of an update. Everything else that an inputFile may hold is
// read and changes nothing. Nil leaves what is there.
type fileUpdate struct {
	inputFile

	CustomID *string `json:"CustomId"`
	Figures  []imm.InputFileFigure
}

type fileUpdatesAnswer struct {
	RequestID string `json:"RequestId"`
	Files     []fileUpdateBody
}

type fileUpdateBody struct {
	URI     string
	Success bool
	Message string
}

// updateFileMeta refuses a file that is not in the dataset (inferred: the
// documentation has an answer for that only where it is one of a batch).
func (s *Server) updateFileMeta(c *call) (any, *failure) {
	var file fileUpdate
	if !c.json("File", &file) {
		c.refuse(missing("File"))
	}
	c.checkFile("File", &file.inputFile)
	if len(file.CustomLabels) > maxLabels {
		c.refuse(invalidArgument("File.CustomLabels", "Index KV count exceeded, should be no more than 100"))
	}
	d, unlock, f := s.lockDataset(c)
	if f != nil {
		return nil, f
	}
	defer unlock()
	if message := d.update(&file, c.now); message != "" {
		return nil, notFound("File", file.URI)
	}
	return emptyAnswer{c.requestID}, nil
}

// batchUpdateFileMeta says of each file, in the order of the request, whether it
// was updated. For the number of files there is no documented limit; it is taken
// to be that of the other batches.
func (s *Server) batchUpdateFileMeta(c *call) (any, *failure) {
	var files []fileUpdate
	if !c.json("Files", &files) {
		c.refuse(missing("Files"))
	}
	if len(files) == 0 || len(files) > maxBatch {
		c.refuse(invalidArgument("Files", fmt.Sprintf("a batch has 1 to %d files, not %d", maxBatch, len(files))))
	}
	for i := range files {
		c.checkFile(fmt.Sprintf("Files[%d]", i), &files[i].inputFile)
	}
	d, unlock, f := s.lockDataset(c)
	if f != nil {
		return nil, f
	}
	defer unlock()
	out := fileUpdatesAnswer{RequestID: c.requestID, Files: make([]fileUpdateBody, 0, len(files))}
	for i := range files {
		message := d.update(&files[i], c.now)
		out.Files = append(out.Files, fileUpdateBody{URI: files[i].URI, Success: message == "", Message: message})
	}
	return out, nil
}

// lockDataset finds the dataset of a call whose other arguments were read, and
// keeps it from changing until unlock is called, which is nil where it fails.
func (s *Server) lockDataset(c *call) (d *dataset, unlock func(), f *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	if c.failed != nil {
		return nil, nil, c.failed
	}
	s.mu.Lock()
	if d, f = s.dataset(projectName, datasetName); f != nil {
		s.mu.Unlock()
		return nil, nil, f
	}
	return d, s.mu.Unlock, nil
}

// update changes a file that is in the dataset, and returns the message of one
// that it does not change. The caller holds Server.mu.
func (d *dataset) update(in *fileUpdate, now time.Time) (message string) {
	if len(in.CustomLabels) > maxLabels {
		return tooManyLabels
	}
	before := d.files[in.URI]
	if before == nil {
		return noSuchFile
	}
	d.files[before.uri] = before.changed(in, now)
	return ""
}

// changed is the record that follows r after an update. Labels take the place of
// all that were there.
func (r *record) changed(in *fileUpdate, now time.Time) *record {
	n := *r
	n.updated = now.UnixNano()
	if in.CustomID != nil {
		n.customID = *in.CustomID
	}
	if len(in.CustomLabels) > 0 {
		n.labels = in.CustomLabels
	} else if in.CustomLabels != nil {
		n.labels = nil
	}
	if in.Figures == nil {
		return &n
	}
	var rare rareFields
	if r.rare != nil {
		rare = *r.rare
	}
	before := rare.figures
	if before == nil && r.more != nil {
		before = r.more.Figures
	}
	rare.figures = changedFigures(before, in.Figures)
	n.rare = &rare
	return &n
}

// changedFigures are the figures that an update names. Of one that was there what
// the update does not speak of stays. That figures which the update does not name
// go, as labels do, is inferred.
func changedFigures(before []imm.Figure, in []imm.InputFileFigure) []imm.Figure {
	after := make([]imm.Figure, 0, len(in))
	for _, change := range in {
		figure := imm.Figure{FigureID: change.FigureID}
		for _, known := range before {
			if known.FigureID == change.FigureID && change.FigureID != "" {
				figure = known
			}
		}
		replace(&figure.FigureClusterID, change.FigureClusterID)
		replace(&figure.FigureType, change.FigureType)
		after = append(after, figure)
	}
	return after
}
