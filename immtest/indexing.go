package immtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/imm-go/imm"
)

type indexAnswer struct {
	RequestID string `json:"RequestId"`
	EventID   string `json:"EventId"`
}

func (s *Server) indexFileMeta(c *call) (any, *failure) {
	var file inputFile
	if !c.json("File", &file) {
		c.refuse(missing("File"))
	}
	c.checkFile("File", &file)
	c.checkHash("File", &file)
	return s.acceptBatch(c, []inputFile{file}, false)
}

func (s *Server) batchIndexFileMeta(c *call) (any, *failure) {
	var files []inputFile
	if !c.json("Files", &files) {
		c.refuse(missing("Files"))
	}
	if len(files) == 0 || len(files) > maxBatch {
		c.refuse(invalidArgument("Files", fmt.Sprintf("a batch has 1 to %d files, not %d", maxBatch, len(files))))
	}
	for i := range files {
		c.checkFile(fmt.Sprintf("Files[%d]", i), &files[i])
		c.checkHash(fmt.Sprintf("Files[%d]", i), &files[i])
	}
	return s.acceptBatch(c, files, true)
}

// checkFile checks one file of a request.
func (a *arguments) checkFile(where string, file *inputFile) {
	a.fileURI(where+".URI", file.URI)
	if file.OSSURI != "" {
		if _, _, ok := ossObject(file.OSSURI); !ok {
			a.refuse(invalidArgument(where+".OSSURI", "it is oss://bucket/object"))
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, file.ProduceTime); file.ProduceTime != "" && err != nil {
		a.refuse(invalidArgument(where+".ProduceTime", "it is a time such as 2021-06-29T14:50:13.011643661+08:00"))
	}
	kinds := []string{"", "image", "other", "document", "archive", "video", "audio"}
	if !slices.Contains(kinds, file.MediaType) {
		a.refuse(invalidArgument(where+".MediaType", "it is one of image, other, document, archive, video and audio"))
	}
}

// checkHash checks one file that is to be indexed. An update, of a file that has
// a hash, need not give it again (inferred).
func (a *arguments) checkHash(where string, file *inputFile) {
	if isPDS(file.URI) && file.FileHash == "" {
		a.refuse(invalidArgument(where+".FileHash", "a file with a pds URI needs one"))
	}
}

// batch is accepted work: the files of one call.
type batch struct {
	dataset *dataset
	isBatch bool // the call was BatchIndexFileMeta
	files   []inputFile
	topics  notification
	message indexMessage
}

// acceptBatch answers at once and lets the work be done later. Each batch has a
// timer of its own, so batches are done in parallel.
func (s *Server) acceptBatch(c *call, files []inputFile, isBatch bool) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	userData := c.userData()
	topics := c.notification()
	if c.failed != nil {
		return nil, c.failed
	}
	if isBatch && topics.MNS.TopicName == "" {
		// Documented: a batch gives UserData back only where MNS is told.
		userData = ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.useDataset(projectName, datasetName)
	if f != nil {
		return nil, f
	}
	work := &batch{
		dataset: d,
		isBatch: isBatch,
		files:   files,
		topics:  topics,
		message: indexMessage{
			ProjectName: projectName,
			DatasetName: datasetName,
			// The documented message has another id than the answer to its call.
			RequestID: newRequestID(),
			StartTime: c.now,
			Success:   true, // the work was done; each file's Error says how it ended
			UserData:  userData,
		},
	}
	s.deliveries.pending++ // until report
	s.after(s.config.indexDelay, func() { s.run(work) })
	return indexAnswer{RequestID: c.requestID, EventID: newEventID()}, nil
}

// run does the work of a batch and sends the message.
func (s *Server) run(b *batch) {
	b.message.Files = make([]indexedFile, 0, len(b.files))
	for i := range b.files {
		file := &b.files[i]
		b.message.Files = append(b.message.Files, indexedFile{
			URI:          file.URI,
			CustomID:     file.CustomID,
			CustomLabels: file.CustomLabels,
			Error:        s.index(b.dataset, file, nil),
		})
	}
	b.message.EndTime = s.now()
	s.report(b)
}

// index reads one file and puts it into the dataset. It returns the error that
// the message has for that file, and empty text for one that is indexed. Objects
// are read without the lock, so the file goes in only where its object is still
// the one that was read; otherwise the newer one is read. Where a binding asks
// for it, it must still be Running.
func (s *Server) index(d *dataset, in *inputFile, by *binding) string {
	const (
		missing = "[InvalidArgument] File does not exist."
		gone    = "[ResourceNotFound] Dataset does not exist."
	)
	bucketName, key, ok := in.source()
	if !ok {
		return missing
	}
	for {
		s.mu.Lock()
		b := s.buckets[bucketName]
		if b == nil || by != nil && by.State != imm.StateRunning {
			s.mu.Unlock()
			return missing
		}
		o, read := b.object(key), b.version(key)
		reason := s.failingObjects[objectID{bucketName, key}]
		collect := d.collects()
		s.mu.Unlock()
		found, exists := o.find(key, reason, collect)
		if exists && collect && found.reason == "" {
			s.extract(o, bucketName, key, &found)
		}
		s.mu.Lock()
		if b.version(key) != read {
			s.mu.Unlock()
			continue
		}
		defer s.mu.Unlock()
		if d.deleted {
			return gone
		}
		if !exists || by != nil && by.State != imm.StateRunning {
			return missing
		}
		before := d.files[in.URI]
		record := before.next(in, &found, s.now(), collect)
		d.files[record.uri] = record
		if found.reason != "" {
			return "[InternalError] " + found.reason
		}
		return ""
	}
}
