package immtest

import "github.com/imm-go/imm"

// objectID names an object among all of a server.
type objectID struct {
	bucket, key string
}

// FailBinding lets the bindings of a bucket fail: those that are Ready or Running
// become Failed at once, also in the middle of a scan, which stops, and those
// made later once they have been Ready. Their Reason is the one given here. A
// binding that failed follows its bucket no more, and keeps in its dataset what
// it had indexed. An empty reason lets bindings that are made from then on work
// again; none comes back to life.
func (s *Server) FailBinding(bucketName, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason == "" {
		delete(s.failingBuckets, bucketName)
		return
	}
	s.failingBuckets[bucketName] = reason
	if b := s.buckets[bucketName]; b != nil {
		for _, bound := range b.bindings {
			s.failBinding(bound, reason)
		}
	}
}

// failBinding ends a binding, unless it has ended. The caller holds s.mu.
func (s *Server) failBinding(b *binding, reason string) {
	if b.State == imm.StateFailed {
		return
	}
	s.move(b, imm.StateFailed, b.Phase)
	b.Reason = reason
	close(b.stopped)
}

// FailObject lets the extraction of an object's metadata fail each time that the
// object is indexed from then on, by a call or by a binding: the file enters the
// dataset with this Reason and without what its content would tell, and the
// message of a call has an error for it. An object that does not exist stays one
// that does not exist. An empty reason lets it be read again.
func (s *Server) FailObject(bucketName, key, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason == "" {
		delete(s.failingObjects, objectID{bucketName, key})
		return
	}
	s.failingObjects[objectID{bucketName, key}] = reason
}
