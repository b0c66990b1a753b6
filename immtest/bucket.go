package immtest

import (
	"bytes"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/imm-go/imm"
)

// bucket holds objects in memory over the files of an fs.FS. Server.mu guards all
// but name and fsys, which do not change.
type bucket struct {
	name     string
	fsys     fs.FS              // may be nil
	inMem    map[string]*object // by key; they hide the files of fsys
	bindings []*binding         // those of this bucket, whatever their datasets

	// What follows is for the files of fsys where changes of them are looked for.
	walking  sync.Mutex // held while a walk of fsys is compared with files; taken before Server.mu
	watching bool       // a timer of the next look runs
	files    fileStamps // as the last look found them
}

// object is one object of a bucket. It never changes: a new content is a new
// object, so that whoever read one can see whether it is still the current one.
type object struct {
	deleted  bool
	data     []byte
	fsys     fs.FS // the content is in a file, not in data
	key      string
	modified time.Time
}

func newBucket(name string, fsys fs.FS) *bucket {
	return &bucket{name: name, fsys: fsys, inMem: make(map[string]*object)}
}

// version tells whether an object is still the same: it is another value once the
// object was put, deleted, or found to be changed.
type version struct {
	inMem *object
	file  *fileStamp
}

func (b *bucket) version(key string) version { return version{b.inMem[key], b.files[key]} }

// running are the bindings that follow the bucket. One that scans follows it too,
// or an object put behind the scan's back would be lost.
func (b *bucket) running() []*binding {
	var running []*binding
	for _, bound := range b.bindings {
		if bound.State == imm.StateRunning {
			running = append(running, bound)
		}
	}
	return running
}

// keys are those of all objects, where files are those of the folder. They are in
// no order: sorting a million can wait until the lock is given back.
func (b *bucket) keys(files fileStamps) []string {
	keys := make([]string, 0, len(files)+len(b.inMem))
	for key, o := range b.inMem {
		if !o.deleted {
			keys = append(keys, key)
		}
	}
	for key := range files {
		if b.inMem[key] == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// object is the current object under a key; it may turn out not to exist when it
// is opened. It is nil for a key that was deleted or cannot exist.
func (b *bucket) object(key string) *object {
	if o, ok := b.inMem[key]; ok {
		if o.deleted {
			return nil
		}
		return o
	}
	if b.fsys == nil || !fs.ValidPath(key) {
		return nil
	}
	return &object{fsys: b.fsys, key: key}
}

// inMemory is the content of an object that is not in a file. It can be read at any
// place, as files can.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// open returns the content and its time of change. A folder is not an object.
func (o *object) open() (io.ReadCloser, time.Time, error) {
	if o.fsys == nil {
		return inMemory{bytes.NewReader(o.data)}, o.modified, nil
	}
	file, err := o.fsys.Open(o.key)
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = file.Close()
		return nil, time.Time{}, err
	}
	return file, info.ModTime(), nil
}

// PutObject puts an object into a bucket, or replaces it, and makes the bucket
// where there is none. The data is copied. A binding of that bucket that is
// Running has indexed the object when PutObject returns; one that is still Ready
// finds it in its scan.
func (s *Server) PutObject(bucketName, key string, data []byte) {
	data = bytes.Clone(data)
	s.mu.Lock()
	b := s.buckets[bucketName]
	if b == nil {
		b = newBucket(bucketName, nil)
		s.buckets[bucketName] = b
	}
	b.inMem[key] = &object{data: data, modified: s.now()}
	running := b.running()
	s.mu.Unlock()
	for _, bound := range running {
		s.index(bound.dataset, &inputFile{URI: bound.URI + "/" + key}, bound)
	}
}

// DeleteObject deletes an object; nothing happens where there is none. A binding
// of that bucket that is Running takes it out of its dataset.
func (s *Server) DeleteObject(bucketName, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucketName]
	if b == nil {
		return
	}
	if b.fsys == nil {
		delete(b.inMem, key)
	} else {
		b.inMem[key] = &object{deleted: true} // it hides the file
	}
	b.forget(key)
}

// forget takes an object out of the datasets that follow the bucket.
func (b *bucket) forget(key string) {
	for _, bound := range b.running() {
		delete(bound.dataset.files, bound.URI+"/"+key)
	}
}
