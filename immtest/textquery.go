package immtest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// fuzzyQuery finds the files in one of whose texts the text occurs, in whatever
// case. That the whole text must occur in one of them is documented; which texts
// these are only in part: see texts.
func (s *Server) fuzzyQuery(c *call) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	text := strings.ToLower(c.required("Query"))
	run := search{
		meets:  func(f *File, _ reflect.Value) bool { return occurs(f, text) },
		fields: c.sortFields(),
		chosen: c.fields(),
		pager:  s.pager(c, 200, "FuzzyQuery", projectName, datasetName, text, c.text("Sort"), c.text("Order")),
	}
	if c.failed != nil {
		return nil, c.failed
	}
	d, records, f := s.snapshot(projectName, datasetName)
	if f != nil {
		return nil, f
	}
	answer := run.page(d, records)
	answer.RequestID = c.requestID
	return answer, nil
}

// occurs reports whether a text in lower case is in one of those of a file.
func occurs(f *File, text string) bool {
	for _, of := range texts(f) {
		if strings.Contains(strings.ToLower(of), text) {
			return true
		}
	}
	return false
}

// texts are what is searched of a file. Documented are the name, the path, labels
// and custom labels; the others are inferred, as what a person would search.
func texts(f *File) []string {
	all := []string{
		f.Filename, f.CustomID, f.Title, f.Artist, f.AlbumArtist, f.Album, f.Composer, f.Performer,
		f.OCRTexts, f.Insights.Image.Caption, f.Insights.Image.Description, f.Insights.Video.Caption, f.Insights.Video.Description,
	}
	for key, value := range f.CustomLabels {
		all = append(all, key, value)
	}
	for i := range f.Labels {
		all = append(all, f.Labels[i].LabelName, f.Labels[i].LabelAlias, f.Labels[i].ParentLabelName)
	}
	for i := range f.OCRContents {
		all = append(all, f.OCRContents[i].Contents)
	}
	for i := range f.Subtitles {
		all = append(all, f.Subtitles[i].Content)
	}
	for _, a := range f.Addresses {
		all = append(all, a.AddressLine, a.Country, a.Province, a.City, a.District, a.Township)
	}
	return all
}

// maxSemantic is how many files SemanticQuery returns at most, whatever MaxResults
// says. There is one page.
const maxSemantic = 100

// semanticAnswer is the answer of SemanticQuery.
type semanticAnswer struct {
	RequestID string `json:"RequestId"`
	Files     []File
}

// semanticQuery is not what the service does, which understands images: it ranks
// files by how many different words of the query are in their texts, and leaves out
// those that share none. SourceURI stands for the words of that file's texts, or
// of its name where it is not indexed.
func (s *Server) semanticQuery(c *call) (any, *failure) {
	projectName, datasetName := c.name("ProjectName"), c.name("DatasetName")
	query, source := c.text("Query"), c.text("SourceURI")
	if query == "" && source == "" {
		c.refuse(missing("Query"))
	}
	if source != "" {
		c.fileURI("SourceURI", source)
	}
	mediaTypes := c.mediaTypes()
	chosen := c.fields()
	most, _ := c.integer("MaxResults", 0, 1000)
	if most == 0 || most > maxSemantic {
		most = maxSemantic
	}
	if c.failed != nil {
		return nil, c.failed
	}
	d, records, f := s.snapshot(projectName, datasetName)
	if f != nil {
		return nil, f
	}
	wanted := wordSet(query)
	if source != "" {
		wanted = addWords(wanted, sourceTexts(d, records, source)...)
	}
	answer := semanticAnswer{RequestID: c.requestID, Files: []File{}}
	found := rank(d, records, wanted, mediaTypes)
	for _, r := range found[:min(int(most), len(found))] {
		file := r.file(d)
		answer.Files = append(answer.Files, chooseFields(&file, chosen))
	}
	return answer, nil
}

// mediaTypes are those that are wanted; none where all are.
func (a *arguments) mediaTypes() []string {
	var wanted []string
	a.json("MediaTypes", &wanted)
	for i, mediaType := range wanted {
		if !slices.Contains(mediaTypes[:], mediaType) {
			a.refuse(invalidArgument(fmt.Sprintf("MediaTypes[%d]", i), "it is one of "+strings.Join(mediaTypes[:], ", ")))
		}
	}
	return wanted
}

// mediaTypes are those that the service documents.
var mediaTypes = [...]string{"image", "other", "document", "archive", "video", "audio"}

func sourceTexts(d *dataset, records []*record, uri string) []string {
	for _, r := range records {
		if r.uri == uri {
			f := r.file(d)
			return texts(&f)
		}
	}
	return []string{uri[strings.LastIndexByte(uri, '/')+1:]}
}

// rank orders files by how many of the words they share, most first, equal ones by
// URI.
func rank(d *dataset, records []*record, wanted map[string]bool, mediaTypes []string) []*record {
	type ranked struct {
		record *record
		shared int
	}
	var found []ranked
	run := search{meets: func(f *File, _ reflect.Value) bool {
		return len(mediaTypes) == 0 || slices.Contains(mediaTypes, string(f.MediaType))
	}}
	run.each(d, records, func(r *record, v reflect.Value) {
		shared := 0
		for word := range wordSet(texts(v.Addr().Interface().(*File))...) {
			if wanted[word] {
				shared++
			}
		}
		if shared > 0 {
			found = append(found, ranked{r, shared})
		}
	})
	slices.SortFunc(found, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.shared, a.shared), cmp.Compare(a.record.uri, b.record.uri))
	})
	all := make([]*record, 0, len(found))
	for _, f := range found {
		all = append(all, f.record)
	}
	return all
}

func wordSet(texts ...string) map[string]bool { return addWords(make(map[string]bool), texts...) }

func addWords(words map[string]bool, texts ...string) map[string]bool {
	for _, text := range texts {
		for _, word := range wordsOf(text) {
			words[word] = true
		}
	}
	return words
}
