package bulk

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// The defaults of Config, and the limits of the service.
const (
	maxBatchFiles      = 100
	defaultBatchBytes  = 64 << 10
	defaultBatchAge    = time.Second
	defaultConcurrency = 128
	defaultRetryFor    = 15 * time.Minute
	defaultGrace       = 10 * time.Second
	defaultConfirmTime = time.Hour

	// maxMessageBytes is where MNS discards a message less what may come around it:
	// an envelope that escapes it, base64, and the errors of the files.
	maxMessageBytes = 40 << 10
	// window is how many files may be under way, whether they are being sent, wait
	// to be confirmed, or wait for an earlier one that the journal waits for.
	window = 100_000
)

// Confirmation is the way to learn whether files that were accepted are indexed.
type Confirmation uint8

// The ways.
const (
	// NoConfirmation: a file ends as Accepted.
	NoConfirmation Confirmation = iota
	// ByMessages: the messages that the service sends about each batch tell. They
	// must get to Handle of Config.Tracker.
	ByMessages
	// ByPolling: the dataset is asked, with imm.WaitIndexed. The requests for it
	// come from the same quota as the others, one or more for each batch.
	ByPolling
)

// Config says what to index into, and how. Only the two names are required; every
// other field has a default.
type Config struct {
	ProjectName string // required
	DatasetName string // required
	// Notification is where the service reports the outcome of each batch; zero:
	// nowhere. Where it does, batches are kept so small that MNS does not discard
	// their message for its size.
	Notification imm.Notification
	// UserData goes with every batch and comes back in its message on MNS; at most
	// 2048 bytes, with ByMessages a few less.
	UserData string

	// OnResult is called with the outcome of each file: once for each, by one
	// goroutine at a time, and in no particular order. A slow one slows the run
	// down. It may call Add with the context that it gets; with any other context
	// Add may wait for room that only the end of OnResult makes. It must not call
	// Flush or Close, which would wait for it. Nil: nobody is told.
	OnResult func(ctx context.Context, r Result)
	// Journal remembers what RunSource has done, so that it can go on after a
	// crash. Nil: nothing is remembered. Run and Add refuse to work with one,
	// because their files have no positions.
	Journal Journal
	// SkipBad says what to do about an item that comes with an error: false stops
	// reading there, and what was read before is still done; true makes it a
	// Failed result and goes on.
	SkipBad bool

	// Observer is told how the run goes on, for spans and metrics. Its zero value
	// costs nothing.
	Observer Observer

	// Rate is how many requests a second there may be at most, those of ByPolling
	// included, repeats of the client not. Zero: as many as the project allows,
	// which is asked once with GetProject; if that does not tell, the limit is found
	// by throttling alone.
	Rate float64
	// Pacer spaces the calls together with those of other processes. Rate is then
	// zero, because the limit is the pacer's. Nil: this run has the quota to itself.
	Pacer Pacer
	// Concurrency is how many calls there may be at once, at most; how many there
	// are is found by what helps. Zero: 128; at most 100,000. At most Concurrency + 2
	// batches are in memory, those that wait for a confirmation not counted.
	Concurrency int
	// BatchFiles is how many files a batch has at most: 1 to 100, which is also the
	// default.
	BatchFiles int
	// BatchBytes is how large the files of a batch are at most, as they are
	// encoded for the request. A file that is larger is a batch of its own. Zero:
	// 64 KiB.
	BatchBytes int
	// BatchAge is how long a file waits for others to fill its batch. Zero: a second.
	BatchAge time.Duration

	// RetryFor is how long a file is sent again that the service cannot take now,
	// because it throttles, fails or is out of reach. If it takes others meanwhile,
	// the file then is Failed; batches are halved until it is alone. If nothing at
	// all was accepted for that long, the run is stopped. Zero: 15 minutes.
	RetryFor time.Duration
	// Grace is how long calls that are under way may go on when the run is stopped.
	// Zero: 10 seconds.
	Grace time.Duration

	// Confirm says how to learn whether the files are indexed.
	Confirm Confirmation
	// Tracker gets the messages, for ByMessages: Tracker.Handle is the callback of
	// the handlers and receivers of package notify. One that is full holds calls
	// back until messages make room in it, however long they take.
	Tracker *notify.Tracker
	// ConfirmWithin is how long the answer about a batch may take, from its
	// acceptance. With ByMessages the dataset is then asked once for the files that
	// no message told of. Zero: an hour.
	ConfirmWithin time.Duration
	// Resend is how often a file is sent again that stays without an answer. In the
	// end it is Accepted with ErrUnconfirmed, also if it cannot be sent again, or if
	// ByPolling may not ask. Zero: not at all.
	Resend int
}

// complete fills in the defaults. The error is a *imm.ValidationError.
func (c Config) complete() (Config, error) {
	refuse := func(field, format string, args ...any) (Config, error) {
		return c, &imm.ValidationError{Action: "bulk.New", Field: "Config." + field, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case c.ProjectName == "":
		return refuse("ProjectName", "it is empty; want the name of the project")
	case c.DatasetName == "":
		return refuse("DatasetName", "it is empty; want the name of the dataset")
	case !(c.Rate >= 0) || math.IsInf(c.Rate, 0):
		return refuse("Rate", "%v is not a rate; want a number of requests a second above zero, or 0 for what the project allows", c.Rate)
	case c.Rate > 0 && c.Pacer != nil:
		return refuse("Rate", "it is %v, and there is a Pacer, which has a limit of its own; leave one of the two out", c.Rate)
	case c.Concurrency < 0 || c.Concurrency > window:
		return refuse("Concurrency", "it is %d; want 1 to %d calls, or 0 for %d", c.Concurrency, window, defaultConcurrency)
	case c.BatchFiles < 0 || c.BatchFiles > maxBatchFiles:
		return refuse("BatchFiles", "it is %d; want 1 to %d, or 0 for %[2]d", c.BatchFiles, maxBatchFiles)
	case c.BatchBytes < 0:
		return refuse("BatchBytes", "it is %d; want a number of bytes above zero, or 0 for %d", c.BatchBytes, defaultBatchBytes)
	case c.Confirm > ByPolling:
		return refuse("Confirm", "%d is not known; want NoConfirmation, ByMessages or ByPolling", c.Confirm)
	case c.Confirm == ByMessages && c.Tracker == nil:
		return refuse("Tracker", "it is nil, and ByMessages needs one; make it with notify.NewTracker and give its Handle to what receives the messages")
	case c.Confirm == ByMessages && c.Notification == (imm.Notification{}):
		return refuse("Notification", "it is empty, so no message would come, and ByMessages waits for them; say where they go")
	case c.Confirm != ByMessages && c.Tracker != nil:
		return refuse("Tracker", "it is for ByMessages only; set Confirm to that, or leave the tracker out")
	case c.Resend < 0:
		return refuse("Resend", "it is %d; want how often to send again, or 0 for not at all", c.Resend)
	case c.Resend > 0 && c.Confirm == NoConfirmation:
		return refuse("Resend", "nothing is sent again without a confirmation that does not come; set Confirm, or leave it out")
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{
		{"BatchAge", &c.BatchAge, defaultBatchAge},
		{"RetryFor", &c.RetryFor, defaultRetryFor},
		{"Grace", &c.Grace, defaultGrace},
		{"ConfirmWithin", &c.ConfirmWithin, defaultConfirmTime},
	} {
		if *d.value < 0 {
			return refuse(d.name, "%v is negative; want a time above zero, or 0 for %v", *d.value, d.usual)
		}
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.BatchFiles == 0 {
		c.BatchFiles = maxBatchFiles
	}
	if c.BatchBytes == 0 {
		c.BatchBytes = defaultBatchBytes
	}
	return c, nil
}
