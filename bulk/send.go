package bulk

import (
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

const (
	// sameRefusals is how many files in a row may be refused for one and the same
	// reason while none is accepted. Then it is not the files that are wrong.
	sameRefusals = 100
	// outageFor is how long after a call failed repeats are put down to that.
	outageFor = 10 * time.Second
)

// send makes the calls that a batch needs, until each of its files is accepted or
// refused, or the service cannot take one now.
func (x *Indexer) send(b *batch) {
	x.ceiling.Do(x.findCeiling)
	for goOn := true; goOn && len(b.pieces) > 0; {
		last := len(b.pieces) - 1
		p := b.pieces[last]
		switch {
		case p.guilty && p.files() > 1:
			b.pieces = b.pieces[:last]
			b.split(p)
		case x.mayCall() && x.asks.Err() == nil: // a Pacer may let a call go after the end
			b.pieces = b.pieces[:last]
			goOn = x.sendPiece(b, p)
		default:
			goOn = false
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.working--
	x.takeBack(b)
	x.dispatch()
}

// sendPiece makes one call, and reports whether the next piece can be sent.
func (x *Indexer) sendPiece(b *batch, p piece) bool {
	answer := x.call(b, p)
	verdict := judge(answer.err)
	switch {
	case answer.err == nil:
		x.accepted(b, p, &answer)
		return true
	case x.calls.Err() != nil: // the grace period is over
		b.pieces = append(b.pieces, p)
		return false
	case verdict == verdictAgain && outOfReach(answer.err) && !x.proven():
		verdict = verdictStop
	}
	switch verdict {
	case verdictAgain:
		return x.again(b, p, &answer)
	case verdictWithout:
		x.without(b, p, answer.err)
		return true
	case verdictStop:
		b.pieces = append(b.pieces, p)
		x.halt(answer.err)
		return false
	}
	if p.files() > 1 {
		b.split(p)
		return true
	}
	b.settle(p, Failed, answer.err, requestIDOf(answer.err), "")
	return x.refused(answer.err)
}

// answer is how a call ended.
type answer struct {
	err                error
	requestID, eventID string
	messages           *notify.Batch // of the tracker
	begun              time.Time
	sent               int // requests
}

// call makes the call for a piece, and lets all learn from it.
func (x *Indexer) call(b *batch, p piece) answer {
	a := answer{begun: time.Now()}
	req := imm.BatchIndexFileMetaRequest{
		ProjectName: x.config.ProjectName, DatasetName: x.config.DatasetName, Files: b.files[p.lo:p.hi],
		Notification: x.config.Notification, UserData: x.config.UserData,
	}
	if x.config.Confirm == ByMessages {
		a.messages, a.err = x.config.Tracker.Track(req.ProjectName, req.DatasetName, req.UserData, req.Files)
		if a.err != nil {
			return a
		}
		req.UserData = a.messages.UserData()
	}
	// The client does not tell how often it repeated a call that succeeded.
	var sent atomic.Int32
	observed := x.observeBatchStart(x.calls, req.Files)
	ctx := httptrace.WithClientTrace(observed, &httptrace.ClientTrace{WroteHeaders: func() { sent.Add(1) }})
	resp, err := x.client.BatchIndexFileMeta(ctx, &req)
	a.err, a.sent = err, int(sent.Load())
	switch {
	case err == nil:
		a.requestID, a.eventID = resp.RequestID, resp.EventID
		if a.messages != nil {
			a.messages.Accepted(resp.RequestID, resp.EventID)
		}
	case a.messages != nil:
		a.messages.Forget()
	}
	if _, unsent := errors.AsType[*imm.ValidationError](err); !unsent {
		for i := p.lo; i < p.hi; i++ {
			b.marks[i].attempts++
		}
		x.learn(&a)
	}
	x.observeBatchDone(observed, len(req.Files), &a)
	return a
}

// learn draws from a call what it says of the service as a whole.
func (x *Indexer) learn(a *answer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	x.summary.Batches++
	x.summary.Requests += int64(max(a.sent, 1))
	if a.err == nil {
		x.width.accepted(now, x.full())
		x.pace.accept()
	}
	switch {
	case errors.Is(a.err, imm.ErrThrottled):
		x.summary.Throttled++
		x.throttled(a.begun)
	case a.err == nil && a.sent > 1 && len(x.queue) > 0 && now.Sub(x.outage) > outageFor:
		// Where nothing waits to be sent, the rate is not the service's limit.
		x.pace.repeated(a.begun)
	}
	switch {
	case judge(a.err) != verdictAgain:
		x.breaker.answered()
	default:
		x.breaker.failed(a.begun, now, a.err)
		if !errors.Is(a.err, imm.ErrThrottled) {
			x.outage = now
		}
	}
}

// accepted takes down that a piece is accepted.
func (x *Indexer) accepted(b *batch, p piece, a *answer) {
	b.accused(p)
	if x.config.Confirm == NoConfirmation {
		b.settle(p, Accepted, nil, a.requestID, a.eventID)
		return
	}
	for i := p.lo; i < p.hi; i++ {
		m := &b.marks[i]
		m.status, m.requestID, m.eventID = Accepted, a.requestID, a.eventID
	}
	b.tracked = append(b.tracked, tracked{piece: p, messages: a.messages, time: a.begun})
}

// without takes the file out of a piece that the client refused to send.
func (x *Indexer) without(b *batch, p piece, err error) {
	refused, _ := errors.AsType[*imm.ValidationError](err)
	index, _ := guiltyFile(refused)
	last := piece{lo: p.hi - 1, hi: p.hi}
	b.swap(p.lo+index, last.lo)
	b.settle(last, Failed, alone(refused), "", "")
	if p.hi--; p.hi > p.lo {
		b.pieces = append(b.pieces, p)
	}
}

// proven reports whether a call was ever accepted.
func (x *Indexer) proven() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.width.proven
}

// refused notes a file that was refused when it was sent alone, and reports
// whether the run goes on.
func (x *Indexer) refused(err error) bool {
	if x.proven() {
		return true
	}
	x.mu.Lock()
	if why := reason(err); why != x.refusal {
		x.refusal, x.refusals = why, 0
	}
	x.refusals++
	refusals := x.refusals
	x.mu.Unlock()
	if refusals < sameRefusals {
		return true
	}
	x.halt(fmt.Errorf("the first %d files were refused one by one for one and the same reason, and none was accepted, so it is not the files that are wrong: %w", refusals, err))
	return false
}
