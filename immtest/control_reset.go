package immtest

import "net/http"

// controlReset answers once everything is as it was after the start.
func (s *Server) controlReset(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	s.Reset()
	return controlOK(struct{}{})
}

// Reset puts everything back to as it was when NewServer returned: it forgets
// faults, recorded requests, messages, nonces, and what was made or changed since
// in projects, datasets, bindings, buckets, queues, subscriptions and targets. Work
// that is pending is dropped, a push that is under way ends, and Reset waits for work
// that is being done, such as a scan, so that nothing from before arrives after it.
// The address, the transports and the certificates of the server stay. A
// call that is under way meanwhile counts as before or as after the reset.
func (s *Server) Reset() {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return
		}
		s.deliveries.cancel()
		for timer := range s.timers {
			if timer.Stop() {
				s.running.Done()
				delete(s.timers, timer)
			}
		}
		// A timer that is left has fired, and its work begins as soon as it gets the
		// lock.
		if len(s.timers) == 0 && s.working == 0 {
			s.restart()
			s.mu.Unlock()
			return
		}
		if s.settled == nil {
			s.settled = make(chan struct{})
		}
		settled := s.settled
		s.mu.Unlock()
		select {
		case <-settled:
		case <-s.done:
			return
		}
	}
}

// restart takes what a new server with the same options would hold. The caller
// holds s.mu.
func (s *Server) restart() {
	fresh := NewServer(func(c *config) { *c = s.config })
	for _, t := range s.topics {
		close(t.arrived) // whoever waits looks for the new topic of that name
	}
	s.buckets, s.projects, s.topics = fresh.buckets, fresh.projects, fresh.topics
	for _, q := range s.queues {
		q.signal()
	}
	if s.deliveries.idle != nil {
		close(s.deliveries.idle)
	}
	s.queues, s.deliveries = fresh.queues, fresh.deliveries
	s.attachments = fresh.attachments
	s.failingBuckets, s.failingObjects, s.faults = fresh.failingBuckets, fresh.failingObjects, fresh.faults
	s.nonces, s.limit, s.requests, s.recorded = fresh.nonces, fresh.limit, fresh.requests, fresh.recorded
}

// work runs what a timer was for, and counts it, so that Reset can wait for it.
func (s *Server) work(do func()) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.working--
		if s.working == 0 && s.settled != nil {
			close(s.settled)
			s.settled = nil
		}
	}()
	do()
}
