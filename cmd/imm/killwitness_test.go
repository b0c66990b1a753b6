//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// event is something in a run that can be seen from outside.
type event int

const (
	started  event = iota // the process
	asked                 // for the project, which comes before the list is read
	called                // with a batch, which is not accepted yet
	answered              // that it is accepted, so that it can be recorded
	allTaken              // every file of the list was accepted by now
)

func (e event) String() string {
	return [...]string{"start", "reading", "sending", "recording", "end"}[e]
}

// tally counts how often each file of a list was accepted, over many runs. Files
// are known by the numbers of their lines, with which their URIs end.
type tally struct {
	mu    sync.Mutex
	times []int
	left  int // files that were never accepted
}

// take notes the files of a call that was accepted, and reports whether no file is
// left.
func (y *tally) take(lines []int) (all bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, line := range lines {
		if y.times[line]++; y.times[line] == 1 {
			y.left--
		}
	}
	return y.left == 0
}

func (y *tally) isComplete() bool { return y.take(nil) }

// witness stands before the emulator in one run, and sees what is accepted even if
// nobody is left to hear of it.
type witness struct {
	emulator *immtest.Server
	all      *tally
	latency  time.Duration // of a call, at most
	most     int           // how many calls are answered; 0: any number

	at  event // the one to wait for, and the how many-th
	nth int
	due chan struct{} // closed by it

	mu     sync.Mutex
	counts [allTaken + 1]int
	first  time.Time   // the first request came
	taken  map[int]int // how often a line was accepted in this run
}

// saw notes an event, and returns how often it was there.
func (w *witness) saw(e event) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first.IsZero() && (e == asked || e == called) {
		w.first = time.Now()
	}
	w.counts[e]++
	if e == w.at && w.counts[e] == w.nth {
		close(w.due)
	}
	return w.counts[e]
}

// ServeHTTP takes the whole request before anything else, because only then
// net/http notices that the client is gone.
func (w *witness) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // it was killed in the middle of the request
	}
	isBatch := req.Header.Get("X-Acs-Action") == "BatchIndexFileMeta"
	if !isBatch {
		w.saw(asked)
	} else if n := w.saw(called); w.most > 0 && n > w.most {
		<-req.Context().Done()
		return
	}
	again := func() *http.Request {
		r := req.Clone(context.WithoutCancel(req.Context()))
		r.Body = io.NopCloser(bytes.NewReader(body))
		return r
	}
	w.work(req.Context())
	answer := httptest.NewRecorder()
	w.emulator.ServeHTTP(answer, again())
	if isBatch && answer.Code == http.StatusOK {
		w.take(again())
	}
	w.work(req.Context())
	maps.Copy(rw.Header(), answer.Header())
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes())
	if isBatch {
		_ = http.NewResponseController(rw).Flush()
		w.saw(answered)
	}
}

// work is a part of the time that the service takes, or until the client is gone.
func (w *witness) work(ctx context.Context) {
	timer := time.NewTimer(rand.N(w.latency / 2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// take notes the files of a call that was accepted.
func (w *witness) take(req *http.Request) {
	var files []imm.InputFile
	if req.ParseForm() != nil || json.Unmarshal([]byte(req.Form.Get("Files")), &files) != nil {
		return // then these files are missing in the end
	}
	lines := make([]int, 0, len(files))
	w.mu.Lock()
	for _, file := range files {
		line, _ := strconv.Atoi(file.URI[strings.LastIndexByte(file.URI, '/')+1:])
		lines = append(lines, line)
		w.taken[line]++
	}
	w.mu.Unlock()
	if w.all.take(lines) {
		w.saw(allTaken)
	}
}
