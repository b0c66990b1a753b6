package notify_test

import (
	"slices"
	"strconv"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// plainTracker is what a tracker promises, in the plainest way: lists that are gone
// through from the beginning, and nothing is ever taken out of them.
type plainTracker struct {
	batches []*plainBatch
	ids     map[string]plainID
	kept    []*plainKept
	stats   notify.TrackerStats
}

type plainBatch struct {
	real      *notify.Batch
	number    int
	project   string
	files     []plainFile
	returned  bool
	forgotten bool
}

type plainFile struct{ uri, id, status string } // status is as of batchStatus

type plainID struct {
	batch *plainBatch
	sure  bool
}

type plainKept struct {
	message *imm.IndexMessage
	before  int
	waits   *plainBatch
}

func (b *plainBatch) open() int {
	n := 0
	for _, f := range b.files {
		if f.status == "?" {
			n++
		}
	}
	return n
}

func (b *plainBatch) over() bool { return b.forgotten || b.open() == 0 }

func (b *plainBatch) agrees(m *imm.IndexMessage) bool {
	return m.ProjectName == "" || m.ProjectName == b.project
}

func (b *plainBatch) places(files []imm.IndexedFile, sure bool) []int {
	places, taken := make([]int, len(files)), make(map[int]bool)
	for i, f := range files {
		places[i] = -1
		var same []int
		for j := range b.files {
			if f.URI != "" && b.files[j].uri == f.URI {
				same = append(same, j)
			}
		}
		if len(same) > 1 {
			same = slices.DeleteFunc(same, func(j int) bool { return b.files[j].id != f.CustomID })
		} else if !sure {
			same = slices.DeleteFunc(same, func(j int) bool {
				return b.files[j].id != "" && f.CustomID != "" && b.files[j].id != f.CustomID
			})
		}
		free := slices.DeleteFunc(slices.Clone(same), func(j int) bool { return taken[j] })
		switch {
		case len(free) > 0:
			places[i] = free[0]
			taken[free[0]] = true
		case len(same) > 0 && sure:
			places[i] = same[0]
		}
	}
	for i, f := range files {
		var same []int
		for j := range b.files {
			if f.CustomID != "" && b.files[j].id == f.CustomID {
				same = append(same, j)
			}
		}
		if places[i] < 0 && len(same) == 1 && !taken[same[0]] && (sure || f.URI == "") {
			places[i] = same[0]
			taken[same[0]] = true
		}
	}
	return places
}

func (p *plainTracker) handle(m *imm.IndexMessage, before int) {
	if i := slices.IndexFunc(p.batches, func(b *plainBatch) bool { return b.real.UserData() == m.UserData }); i >= 0 {
		if b := p.batches[i]; !p.apply(b, m, true) {
			p.stats.UnknownFiles += int64(len(m.Files))
		}
		return
	}
	for _, id := range []string{"request " + m.RequestID, "event " + m.EventID} {
		if known, found := p.ids[id]; found && (known.batch.over() || known.batch.agrees(m)) && p.apply(known.batch, m, known.sure) {
			return
		}
	}
	var best []*plainBatch
	if m.UserData == "" {
		best = p.best(m, before)
	}
	if len(best) > 1 {
		for _, b := range best {
			if !b.returned {
				p.kept = append(p.kept, &plainKept{m, before, b})
				return
			}
		}
		if slices.ContainsFunc(m.Files, func(f imm.IndexedFile) bool { return f.URI == "" }) {
			best = nil
		}
	}
	if len(best) == 0 {
		p.stats.UnknownMessages++
		p.stats.UnknownFiles += int64(len(m.Files))
		return
	}
	p.learn("request ", m.RequestID, plainID{best[0], false})
	p.learn("event ", m.EventID, plainID{best[0], false})
	p.apply(best[0], m, false)
}

func (p *plainTracker) learn(kind, id string, is plainID) {
	if before, found := p.ids[kind+id]; id != "" && (!found || !before.sure && is.sure) {
		p.ids[kind+id] = is
	}
}

func (p *plainTracker) best(m *imm.IndexMessage, before int) []*plainBatch {
	var best []*plainBatch
	most := 1
	for _, b := range p.batches {
		if b.number >= before || b.over() || len(m.Files) == 0 || !b.agrees(m) {
			continue
		}
		places := b.places(m.Files, false)
		fit := 0
		if !slices.Contains(places, -1) && slices.ContainsFunc(places, func(j int) bool { return b.files[j].status == "?" }) {
			fit = 1
			if len(m.Files) == len(b.files) {
				fit++
			}
			if !slices.ContainsFunc(m.Files, func(f imm.IndexedFile) bool {
				return b.files[places[slices.IndexFunc(m.Files, func(g imm.IndexedFile) bool { return g.URI == f.URI && g.CustomID == f.CustomID })]].id != f.CustomID
			}) {
				fit += 2
			}
		}
		if fit > most {
			most, best = fit, nil
		}
		if fit == most {
			best = append(best, b)
		}
	}
	return best
}

func (p *plainTracker) apply(b *plainBatch, m *imm.IndexMessage, sure bool) bool {
	if b.over() {
		p.stats.Duplicates += int64(max(1, len(m.Files)))
		return true
	}
	places := b.places(m.Files, sure)
	if len(m.Files) > 0 && !slices.ContainsFunc(places, func(j int) bool { return j >= 0 }) {
		return false
	}
	if len(m.Files) == 0 && !m.Success && sure {
		for j := range b.files {
			p.decide(b, j, m.Message)
		}
	}
	for i, j := range places {
		status := m.Files[i].Error
		if status == "" && !m.Success {
			status = m.Message
		}
		if j < 0 {
			p.stats.UnknownFiles++
		} else {
			p.decide(b, j, status)
		}
	}
	if b.over() {
		p.released(b)
	}
	return true
}

func (p *plainTracker) decide(b *plainBatch, j int, reason string) {
	switch {
	case b.files[j].status != "?":
		p.stats.Duplicates++
	case reason == "":
		b.files[j].status = "+"
	default:
		b.files[j].status = reason
	}
}

// released hands the messages that wait for a batch in again.
func (p *plainTracker) released(b *plainBatch) {
	var again []*plainKept
	p.kept = slices.DeleteFunc(p.kept, func(k *plainKept) bool {
		if k.waits == b {
			again = append(again, k)
		}
		return k.waits == b
	})
	for _, k := range again {
		p.handle(k.message, k.before)
	}
}

func (p *plainTracker) accepted(b *plainBatch, requestID, eventID string) {
	b.returned = true
	p.learn("request ", requestID, plainID{b, true})
	p.learn("event ", eventID, plainID{b, true})
	p.released(b)
}

func (p *plainTracker) forget(b *plainBatch) {
	if !b.over() {
		b.forgotten = true
		p.released(b)
	}
}

// resolve is for batches whose UserData is their number.
func (p *plainTracker) resolve(o notify.Outcome) {
	number, _ := strconv.Atoi(o.UserData)
	b := p.batches[number]
	j := slices.IndexFunc(b.files, func(f plainFile) bool { return f.uri == o.URI && f.id == o.CustomID && f.status == "?" })
	p.decide(b, j, o.Reason)
	if b.over() {
		p.released(b)
	}
}

// count fills in the counts of files.
func (p *plainTracker) count() notify.TrackerStats {
	s := p.stats
	s.Kept = int64(len(p.kept))
	for _, b := range p.batches {
		for _, f := range b.files {
			s.Tracked++
			switch {
			case f.status == "+":
				s.Indexed++
			case f.status != "?":
				s.Failed++
			case b.forgotten:
				s.Forgotten++
			default:
				s.Open++
			}
		}
	}
	return s
}
