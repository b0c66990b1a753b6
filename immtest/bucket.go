package immtest

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// bucket holds objects in memory over the files of an fs.FS. Server.mu guards it.
type bucket struct {
	fsys  fs.FS              // may be nil
	inMem map[string]*object // by key; they hide the files of fsys
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

func newBucket(fsys fs.FS) *bucket {
	return &bucket{fsys: fsys, inMem: make(map[string]*object)}
}

// snapshot is the bucket as it is now, for a look at it without the lock.
func (b *bucket) snapshot() *bucket { return &bucket{fsys: b.fsys, inMem: maps.Clone(b.inMem)} }

// keys are those of all objects, sorted. Folders that cannot be read are left
// out, because a scan does not stop for them.
func (b *bucket) keys() []string {
	keys := make(map[string]struct{})
	if b.fsys != nil {
		_ = fs.WalkDir(b.fsys, ".", func(key string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				keys[key] = struct{}{}
			}
			return nil
		})
	}
	for key, o := range b.inMem {
		if o.deleted {
			delete(keys, key)
		} else {
			keys[key] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(keys))
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

// open returns the content and its time of change. A folder is not an object.
func (o *object) open() (io.ReadCloser, time.Time, error) {
	if o.fsys == nil {
		return io.NopCloser(bytes.NewReader(o.data)), o.modified, nil
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
	s.mu.Lock()
	b := s.buckets[bucketName]
	if b == nil {
		b = newBucket(nil)
		s.buckets[bucketName] = b
	}
	b.inMem[key] = &object{data: bytes.Clone(data), modified: s.now()}
	bound := s.boundDatasets(bucketName)
	s.mu.Unlock()
	for _, d := range bound {
		s.index(d, &inputFile{URI: "oss://" + bucketName + "/" + key})
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
	b.inMem[key] = &object{deleted: true}
	for _, d := range s.boundDatasets(bucketName) {
		delete(d.files, "oss://"+bucketName+"/"+key)
	}
}
