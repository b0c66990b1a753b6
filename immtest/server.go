package immtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// ErrServerClosed is the error of a wait that ended because the server was
// closed.
var ErrServerClosed = errors.New("immtest: the server is closed")

// location is the zone in which the service writes its times.
var location = time.FixedZone("UTC+8", 8*60*60)

// Server is an emulator of the IMM service. NewServer makes one; the zero value
// is of no use. All methods are safe for concurrent use.
type Server struct {
	config   config
	done     chan struct{} // closed when the server is
	tokenKey [32]byte      // of the seals of page tokens
	signing  signing       // of what is pushed
	pushes   *http.Client  // for pushes over the network

	// running counts the goroutines and the timers that Close waits for. It grows
	// only under mu and only while the server is open.
	running sync.WaitGroup

	mu          sync.Mutex // guards everything below
	closed      bool
	timers      map[*time.Timer]struct{}
	working     int              // how many timers' work is being done
	settled     chan struct{}    // closed when that falls to zero; nil where no Reset waits
	listener    *httptest.Server // nil until URL is asked for
	buckets     map[string]*bucket
	projects    map[string]*project
	topics      map[string]*topic
	queues      map[string]*queue
	deliveries  deliveries
	attachments map[string]*attachment // by bucket
	nonces      nonceLog
	limit       throttle
	faults      []Fault
	requests    []*recording
	recorded    int // bytes of requests

	// What fails by FailBinding and FailObject, and the reasons.
	failingBuckets map[string]string
	failingObjects map[objectID]string
}

// NewServer makes a server. Nothing listens and no goroutine runs until
// something needs it, yet every server should be closed: a pending binding or
// batch runs on. It panics where a subscription, a queue or a target of EventBridge
// in its options makes no sense.
func NewServer(opts ...Option) *Server {
	s := &Server{
		config:      newConfig(opts),
		done:        make(chan struct{}),
		timers:      make(map[*time.Timer]struct{}),
		buckets:     make(map[string]*bucket),
		projects:    make(map[string]*project),
		topics:      make(map[string]*topic),
		queues:      make(map[string]*queue),
		deliveries:  newDeliveries(),
		pushes:      newPushClient(),
		attachments: make(map[string]*attachment),

		failingBuckets: make(map[string]string),
		failingObjects: make(map[objectID]string),
	}
	_, _ = rand.Read(s.tokenKey[:]) // never fails: the process ends where there is no randomness
	for name, fsys := range s.config.buckets {
		s.buckets[name] = newBucket(name, fsys)
	}
	s.addConfigured()
	if err := s.addDestinations(); err != nil {
		panic(err.Error())
	}
	return s
}

// URL returns the address of a listener on the loopback interface, such as
// http://127.0.0.1:41234, for programs and clients that need a network. The first
// call starts the listener, and panics where httptest.NewServer would. Once the
// server is closed nothing is started, and the address of a server that never
// listened is empty.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		if s.closed {
			return ""
		}
		s.listener = httptest.NewUnstartedServer(s)
		s.listener.Config.IdleTimeout = s.config.idleTimeout
		s.listener.Start()
	}
	return s.listener.URL
}

// IdleTimeout is what WithIdleTimeout set, for the IdleTimeout of an http.Server
// in which the server is the handler. Zero means never.
func (s *Server) IdleTimeout() time.Duration { return s.config.idleTimeout }

// Close stops the listener, the timers of bindings, batches and repeats, pushes
// that are under way, and every answer that hangs, and returns once nothing of the
// server runs any more. What the
// server recorded can still be read; a later request is refused as by a port on
// which nothing listens. Close may be called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
		s.deliveries.cancel()
		for timer := range s.timers {
			if timer.Stop() {
				s.running.Done()
			}
		}
		clear(s.timers)
	}
	listener := s.listener
	s.mu.Unlock()
	if listener != nil {
		listener.Close()
	}
	s.running.Wait()
	s.pushes.CloseIdleConnections()
}

// Format writes a short name whatever the verb. Without it fmt would walk through
// the state of a server that is in use, and print its keys.
func (s *Server) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("immtest.Server")) }

// now is the time by the server's clock.
func (s *Server) now() time.Time { return time.Now().Add(s.config.clockOffset).In(location) }

// begin counts one more goroutine in, unless the server is closed. Whoever got
// true calls s.running.Done when it ends.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

// after runs work in a goroutine of its own after d, unless the server is closed
// before. The caller holds s.mu.
func (s *Server) after(d time.Duration, work func()) {
	if s.closed {
		return
	}
	s.running.Add(1)
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		defer s.running.Done()
		s.mu.Lock()
		delete(s.timers, timer)
		closed := s.closed
		if !closed {
			s.working++
		}
		s.mu.Unlock()
		if !closed {
			s.work(work)
		}
	})
	s.timers[timer] = struct{}{}
}

// afterLocked is after for work that needs s.mu. The caller holds it, too.
func (s *Server) afterLocked(d time.Duration, work func()) {
	s.after(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		work()
	})
}

// spawn runs work in a goroutine of its own, unless the server is closed. The
// caller holds s.mu.
func (s *Server) spawn(work func()) {
	if s.closed {
		return
	}
	s.running.Add(1)
	s.working++
	go func() {
		defer s.running.Done()
		s.work(work)
	}()
}

// wait returns true after d, and false as soon as ctx or the server ends.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-ctx.Done():
		case <-s.done:
		}
		return false
	}
	return ctx.Err() == nil
}

// hang returns when ctx or the server ends.
func (s *Server) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.done:
	}
}

var _ http.Handler = (*Server)(nil)
