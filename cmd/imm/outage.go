package main

import (
	"cmp"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

const (
	// retryFor is how long a run tries to send a batch that the service cannot take.
	retryFor = 15 * time.Minute
	// outageTime is how long nothing gets through until that is shown.
	outageTime = 10 * time.Second
)

// outage is a time in which no call gets through.
type outage struct {
	lasts time.Duration // zero: there is none
	err   error         // of the last call; nil: none has ended yet
	until time.Time     // when the run gives up; zero: not known
}

func (o outage) goesOn() bool { return o.lasts > 0 }

// silence finds out whether there is an outage. A call that hangs has no error for
// minutes. The caller holds m.mu.
func (m *meter) silence(s bulk.Stats, now time.Time) outage {
	if s.Batches != m.batches || s.InFlight == 0 || m.heard.IsZero() {
		m.batches, m.heard = s.Batches, now
	}
	o := outage{err: s.LastError}
	switch {
	case s.LastError != nil:
		o.lasts, o.until = now.Sub(s.FailingSince), s.FailingSince.Add(retryFor)
	case s.InFlight > 0:
		o.lasts = now.Sub(m.heard)
		if s.RateAllowed > 0 { // calls wait for their time, too
			o.lasts -= time.Duration(float64(time.Second) / s.RateAllowed)
		}
	}
	if o.lasts < outageTime {
		return outage{}
	}
	return o
}

// sentence says it in one line. So much of the reason is shown, in characters.
func (o outage) sentence(most int) string {
	text := "no answer for "
	answer, isAnswer := errors.AsType[*imm.APIError](o.err)
	if isAnswer {
		text = "nothing accepted for "
	}
	text += o.lasts.Round(time.Second).String()
	if o.err == nil {
		return text
	}
	why := reason(o.err)
	if op, ok := errors.AsType[*net.OpError](o.err); ok {
		why = op.Err.Error() // the address is known
	}
	if isAnswer {
		why = cmp.Or(answer.Code, "HTTP "+strconv.Itoa(answer.StatusCode))
	}
	if runes := []rune(printable(why)); len(runes) > most {
		why = string(runes[:most-1]) + "…"
	}
	return text + ": " + why + "; trying until " + o.until.Format("15:04")
}
