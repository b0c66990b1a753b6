package immtest

import (
	"fmt"
)

// filesAnswer holds files, with all of their fields or those that the call chose.
type filesAnswer struct {
	RequestID string `json:"RequestId"`
	Files     []File
}

func (s *Server) getFileMeta(c *call) (any, *failure) {
	uri := c.required("URI")
	c.fileURI("URI", uri)
	return s.readFiles(c, []string{uri})
}

func (s *Server) batchGetFileMeta(c *call) (any, *failure) {
	return s.readFiles(c, c.fileURIs())
}

// fileURIs is the value of URIs.
func (a *arguments) fileURIs() []string {
	var uris []string
	if !a.json("URIs", &uris) {
		a.refuse(missing("URIs"))
	}
	if len(uris) == 0 || len(uris) > maxBatch {
		a.refuse(invalidArgument("URIs", fmt.Sprintf("a batch has 1 to %d URIs, not %d", maxBatch, len(uris))))
	}
	for i, uri := range uris {
		a.fileURI(fmt.Sprintf("URIs[%d]", i), uri)
	}
	return uris
}

func (s *Server) deleteFileMeta(c *call) (any, *failure) {
	uri := c.required("URI")
	c.fileURI("URI", uri)
	return s.removeFiles(c, []string{uri})
}

func (s *Server) batchDeleteFileMeta(c *call) (any, *failure) {
	return s.removeFiles(c, c.fileURIs())
}

// removeFiles takes files out of a dataset. Those that are not in it are no error,
// as documented. The objects stay, and a binding indexes one again once it
// changes.
func (s *Server) removeFiles(c *call, uris []string) (any, *failure) {
	d, unlock, f := s.lockDataset(c)
	if f != nil {
		return nil, f
	}
	defer unlock()
	for _, uri := range uris {
		delete(d.files, uri)
	}
	return emptyAnswer{c.requestID}, nil
}

// readFiles answers with the files that are in the dataset and leaves out the
// others, without an error; nobody documents one.
func (s *Server) readFiles(c *call, uris []string) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	chosen := c.fields()
	if c.failed != nil {
		return nil, c.failed
	}
	d, records, f := s.records(projectName, datasetName, uris)
	if f != nil {
		return nil, f
	}
	out := filesAnswer{RequestID: c.requestID, Files: make([]File, 0, len(records))}
	for _, r := range records {
		file := r.file(d)
		out.Files = append(out.Files, chooseFields(&file, chosen))
	}
	return out, nil
}

// records are those of the files that are in a dataset.
func (s *Server) records(projectName, datasetName string, uris []string) (*dataset, []*record, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, datasetName)
	if f != nil {
		return nil, nil, f
	}
	records := make([]*record, 0, len(uris))
	for _, uri := range uris {
		if r := d.files[uri]; r != nil {
			records = append(records, r)
		}
	}
	return d, records, nil
}
