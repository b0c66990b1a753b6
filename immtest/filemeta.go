package immtest

import (
	"encoding/json"
	"fmt"
	"slices"
)

// filesAnswer holds File values, or maps of their fields where the call chose
// some.
type filesAnswer struct {
	RequestID string `json:"RequestId"`
	Files     []any
}

func (s *Server) getFileMeta(c *call) (any, *failure) {
	uri := c.required("URI")
	c.fileURI("URI", uri)
	return s.readFiles(c, []string{uri})
}

func (s *Server) batchGetFileMeta(c *call) (any, *failure) {
	var uris []string
	if !c.json("URIs", &uris) {
		c.refuse(missing("URIs"))
	}
	if len(uris) == 0 || len(uris) > maxBatch {
		c.refuse(invalidArgument("URIs", fmt.Sprintf("a batch has 1 to %d URIs, not %d", maxBatch, len(uris))))
	}
	for i, uri := range uris {
		c.fileURI(fmt.Sprintf("URIs[%d]", i), uri)
	}
	return s.readFiles(c, uris)
}

// readFiles answers with the files that are in the dataset and leaves out the
// others, without an error; nobody documents one.
func (s *Server) readFiles(c *call, uris []string) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	var fields []string
	c.json("WithFields", &fields)
	if c.failed != nil {
		return nil, c.failed
	}
	d, records, f := s.records(projectName, datasetName, uris)
	if f != nil {
		return nil, f
	}
	out := filesAnswer{RequestID: c.requestID, Files: make([]any, 0, len(records))}
	for _, r := range records {
		out.Files = append(out.Files, chooseFields(r.file(d), fields))
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

// chooseFields leaves of a file the fields that a call asked for; URI is always
// among them, or the caller could not tell the files apart.
func chooseFields(file File, fields []string) any {
	if len(fields) == 0 {
		return file
	}
	all := make(map[string]json.RawMessage)
	// It is this package's own JSON, which decodes.
	_ = json.Unmarshal(encodeJSON(file), &all)
	for name := range all {
		if name != "URI" && !slices.Contains(fields, name) {
			delete(all, name)
		}
	}
	return all
}
