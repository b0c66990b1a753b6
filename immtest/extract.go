package immtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/imm-go/imm"
)

// Object is one object of a bucket, for a function of WithExtractor.
type Object struct {
	Bucket, Key string
	ContentType string // as it was found by name and content
	Size        int64
	// Content is the content from its beginning, for as long as the function runs.
	// Of an object that PutObject put and of a file of os.DirFS it is an
	// io.ReaderAt and an io.Seeker, too.
	Content io.Reader
}

type extractor func(ctx context.Context, object Object) (imm.File, error)

// WithExtractor makes indexing call extract for each object that it has read, to
// add what the emulator cannot find itself: the duration of a video, the artist of
// a song, labels of a model of one's own. Every field that is not zero in what
// extract returns is in the file from then on, as if the service had found it;
// what the caller of the index operation says of a file comes before it. Where the
// file is, its CustomID and CustomLabels, its size and hashes, and what the server
// notes of the indexing itself are not extract's to say, and are ignored. The
// server keeps what is returned, so extract must not change it afterwards.
//
// An error becomes the Reason of the file, and so does a panic; what was read
// before stays. Calls come from several goroutines at a time, without a lock of
// the server. ctx ends when the server is closed, and Close and Reset wait for
// extract. The option may be repeated: of fields that several return the later
// one's counts. A nil function is none.
func WithExtractor(extract func(ctx context.Context, object Object) (imm.File, error)) Option {
	return func(c *config) {
		if extract != nil {
			c.extractors = append(c.extractors, extract)
		}
	}
}

// extract lets the extractors add to what was found in an object. It runs without
// the lock.
func (s *Server) extract(o *object, bucketName, key string, found *metadata) {
	if len(s.config.extractors) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	object := Object{Bucket: bucketName, Key: key, ContentType: found.contentType, Size: found.size}
	for _, extract := range s.config.extractors {
		file, err := extract.from(ctx, o, object)
		if err != nil {
			found.reason = err.Error()
			return
		}
		found.add(&file)
	}
}

// from opens an object once more and runs an extractor on it.
func (extract extractor) from(ctx context.Context, o *object, object Object) (file imm.File, err error) {
	content, _, err := o.open()
	if err != nil {
		return file, err
	}
	defer func() {
		_ = content.Close()
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("the extractor panicked: %v", panicked)
		}
	}()
	object.Content = content
	file, err = extract(ctx, object)
	if err != nil {
		return file, err
	}
	if err := ctx.Err(); err != nil {
		return file, err
	}
	// Not every number and time has a form in JSON, and an answer must have one.
	if _, err := json.Marshal(file); err != nil {
		return file, fmt.Errorf("the extractor returned what cannot be sent: %w", err)
	}
	return file, nil
}

// add merges what an extractor returned with what those before it did.
func (m *metadata) add(file *imm.File) {
	file.URI, file.OSSURI, file.ProjectName, file.DatasetName = "", "", "", ""
	file.ObjectType, file.ObjectStatus, file.Reason = "", "", ""
	file.CreateTime, file.UpdateTime = imm.File{}.CreateTime, imm.File{}.UpdateTime
	file.CustomID, file.CustomLabels = "", nil
	file.Size, file.ETag, file.OSSCRC64, file.FileModifiedTime = 0, "", "", imm.File{}.FileModifiedTime
	added := reflect.ValueOf(file).Elem()
	if added.IsZero() {
		return
	}
	if m.more == nil {
		m.more = file
		return
	}
	all := reflect.ValueOf(m.more).Elem()
	for i := range added.NumField() {
		if field := added.Field(i); !field.IsZero() {
			all.Field(i).Set(field)
		}
	}
}

// cloneFile is a copy that shares nothing that its owner could change.
func cloneFile(f *File) File {
	c := *f
	unshare(reflect.ValueOf(&c).Elem())
	return c
}

// unshare copies the lists and maps in a value. Maps here are text to text.
func unshare(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for _, field := range v.Fields() {
			unshare(field)
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		for i := range c.Len() {
			unshare(c.Index(i))
		}
		v.Set(c)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, value := range v.Seq2() {
			c.SetMapIndex(key, value)
		}
		v.Set(c)
	}
}
