package immtest

import (
	"maps"
	"reflect"
	"slices"
)

// queryAnswer is the answer of SimpleQuery and FuzzyQuery.
type queryAnswer struct {
	RequestID    string `json:"RequestId"`
	NextToken    string
	Files        []File            `json:",omitzero"` // an array also when it is empty, and none beside aggregations
	Aggregations []aggregationBody `json:",omitzero"`
	TotalHits    *int64            `json:",omitzero"`
}

// search is a query in the form in which it runs.
type search struct {
	meets  func(f *File, v reflect.Value) bool // v is the structure that f points to
	fields []sortField
	pager  pager
	chosen []int // of WithFields
}

// simpleQuery finds files by conditions. With aggregations the answer has these in
// place of files and is whole, so MaxResults is how many groups each may have.
func (s *Server) simpleQuery(c *call) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	var q queryNode
	c.json("Query", &q)
	meets, failed := compile(&q)
	if failed != nil {
		c.refuse(failed)
	}
	aggregators := c.aggregations()
	most := int64(100)
	if len(aggregators) > 0 {
		most = 2000
	}
	run := search{
		meets:  func(_ *File, v reflect.Value) bool { return meets(v) },
		fields: c.sortFields(),
		chosen: c.fields(),
		pager:  s.pager(c, most, "SimpleQuery", projectName, datasetName, c.text("Query"), c.text("Sort"), c.text("Order")),
	}
	withoutTotalHits := c.boolean("WithoutTotalHits")
	if c.failed != nil {
		return nil, c.failed
	}
	d, records, failed := s.snapshot(projectName, datasetName)
	if failed != nil {
		return nil, failed
	}
	var answer queryAnswer
	if len(aggregators) > 0 {
		answer = run.aggregate(d, records, aggregators)
	} else {
		answer = run.page(d, records)
	}
	answer.RequestID = c.requestID
	if withoutTotalHits {
		answer.TotalHits = nil
	}
	return answer, nil
}

// snapshot is what a dataset holds, in no order. Records never change, so they are
// looked at without the lock.
func (s *Server) snapshot(projectName, datasetName string) (*dataset, []*record, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, f := s.dataset(projectName, datasetName)
	if f != nil {
		return nil, nil, f
	}
	return d, slices.AppendSeq(make([]*record, 0, len(d.files)), maps.Values(d.files)), nil
}

// each shows every file that meets the conditions. The File is the same one each
// time, filled anew.
func (run *search) each(d *dataset, records []*record, found func(r *record, v reflect.Value)) (hits int64) {
	var f File
	v := reflect.ValueOf(&f).Elem()
	for _, r := range records {
		r.fill(&f, d)
		if run.meets(&f, v) {
			hits++
			found(r, v)
		}
	}
	return hits
}

// page is one page of the files that were found, and the number of all.
func (run *search) page(d *dataset, records []*record) queryAnswer {
	size := run.pager.size
	selected := selection{fields: run.fields, after: run.after(), most: size + 1} // one more tells whether there are more
	var keys []sortKey
	total := run.each(d, records, func(r *record, v reflect.Value) {
		keys = appendKeys(keys[:0], run.fields, v)
		selected.offer(r, keys)
	})
	hits := selected.trim()
	answer := queryAnswer{TotalHits: &total, Files: make([]File, 0, min(size, len(hits)))}
	if len(hits) > size {
		hits = hits[:size]
		answer.NextToken = run.pager.token(placeOf(&hits[size-1]))
	}
	for i := range hits {
		file := hits[i].record.file(d)
		answer.Files = append(answer.Files, chooseFields(&file, run.chosen))
	}
	return answer
}

func (run *search) aggregate(d *dataset, records []*record, aggregators []*aggregator) queryAnswer {
	total := run.each(d, records, func(_ *record, v reflect.Value) {
		for _, a := range aggregators {
			a.add(v)
		}
	})
	answer := queryAnswer{TotalHits: &total}
	for _, a := range aggregators {
		answer.Aggregations = append(answer.Aggregations, a.result(run.pager.size))
	}
	return answer
}
