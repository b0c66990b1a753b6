package immtest

import (
	"io/fs"
	"maps"
	"slices"
	"time"
)

// fileStamp is what tells whether a file changed. It never changes itself, and
// while a file stays as it is its stamp is the same one.
type fileStamp struct {
	size     int64
	modified int64 // nanoseconds since 1970
}

// fileStamps are the files of a folder, by key.
type fileStamps map[string]*fileStamp

// WithRescanInterval makes the server look for changes in the folders of buckets,
// the first time d after a binding of the bucket started to scan it and then each
// d, for as long as one of its bindings is Running. Files that are new, or have
// another size or time than before, are indexed, and those that are gone leave
// the datasets. One look serves all bindings of a bucket. Zero or less, the
// default, never looks: then files are those that the scan found.
func WithRescanInterval(d time.Duration) Option {
	return func(c *config) { c.rescanInterval = d }
}

// rescans reports whether somebody looks for changes in the files of a bucket.
func (s *Server) rescans(b *bucket) bool { return s.config.rescanInterval > 0 && b.fsys != nil }

// walkFiles finds the files of a folder, with their stamps if these are wanted.
// What cannot be read is left out, because a scan does not stop for it; then the
// result is not whole.
func walkFiles(fsys fs.FS, withStamps bool) (files fileStamps, whole bool) {
	files, whole = make(fileStamps), true
	if fsys == nil {
		return files, whole
	}
	_ = fs.WalkDir(fsys, ".", func(key string, entry fs.DirEntry, err error) error {
		if err != nil {
			whole = false
			return nil //nolint:nilerr // the rest is walked all the same
		}
		if entry.IsDir() {
			return nil
		}
		files[key] = nil
		if withStamps {
			stamp := &fileStamp{size: -1} // of a file that went away meanwhile: the next look finds out
			if info, err := entry.Info(); err == nil {
				stamp.size, stamp.modified = info.Size(), info.ModTime().UnixNano()
			}
			files[key] = stamp
		}
		return nil
	})
	return files, whole
}

// walk finds the files of a bucket for a scan. Files that the last look for
// changes did not find are noted as changed, so that the next look indexes them
// again or takes them out, and nothing that happens in between is missed.
func (s *Server) walk(b *bucket) fileStamps {
	if !s.rescans(b) {
		files, _ := walkFiles(b.fsys, false)
		return files
	}
	b.walking.Lock()
	defer b.walking.Unlock()
	files, _ := walkFiles(b.fsys, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.files == nil {
		b.files = maps.Clone(files)
		return files
	}
	for key := range files {
		if b.files[key] == nil {
			b.files[key] = &fileStamp{size: -1}
		}
	}
	return files
}

// watch starts to look for changes, unless that is under way. The caller holds
// s.mu.
func (s *Server) watch(b *bucket) {
	if s.rescans(b) && !b.watching {
		b.watching = true
		s.after(s.config.rescanInterval, func() { s.rescan(b) })
	}
}

// rescan looks for changes once, and then again after the interval.
func (s *Server) rescan(b *bucket) {
	changed, running := s.findChanges(b)
	for _, key := range changed {
		for _, bound := range running {
			select {
			case <-s.done:
				return
			default:
			}
			s.index(bound.dataset, &inputFile{URI: bound.URI + "/" + key}, bound)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.watching = false
	if len(b.running()) > 0 {
		s.watch(b)
	} else {
		b.files = nil
	}
}

// findChanges compares the files of a bucket with those of the last look, and
// takes out of the datasets what is gone.
func (s *Server) findChanges(b *bucket) (changed []string, running []*binding) {
	b.walking.Lock()
	defer b.walking.Unlock()
	files, whole := walkFiles(b.fsys, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, now := range files {
		before := b.files[key]
		if before != nil && *before == *now {
			files[key] = before
		} else if b.inMem[key] == nil {
			changed = append(changed, key)
		}
	}
	for key, before := range b.files {
		if _, stays := files[key]; stays {
			continue
		}
		if !whole {
			files[key] = before // it may be in a folder that could not be read
		} else if b.inMem[key] == nil {
			b.forget(key)
		}
	}
	b.files = files
	slices.Sort(changed)
	return changed, b.running()
}
