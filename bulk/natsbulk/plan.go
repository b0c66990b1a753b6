package natsbulk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

const (
	maxItems      = 100      // files of a batch, as in one call
	maxBatchBytes = 64 << 10 // of a batch with more than one file
	besideFiles   = 16 << 10 // what a message may have beside files: the plan, or why one failed
	// chunkBatches is how many batches are noted in the plan before they are
	// published, so that the plan is not written once for each of them.
	chunkBatches = 8
)

// ErrOtherWork is for errors.Is: the streams hold the plan of another list, or of
// another target.
var ErrOtherWork = errors.New("is at work on another list")

// Target is where the files of a list go, and how fast.
type Target struct {
	ProjectName string // required
	DatasetName string // required
	// Rate is how many requests a second all workers send together, at most. Required;
	// ProjectQueriesPerSecond of the project says how many the service takes.
	Rate float64
	// Notification and UserData go with each call, as in bulk.Config.
	Notification imm.Notification
	UserData     string
}

func (t *Target) check() error {
	switch {
	case t.ProjectName == "":
		return refusal("Plan", "Target.ProjectName", "it is empty; want the name of the project")
	case t.DatasetName == "":
		return refusal("Plan", "Target.DatasetName", "it is empty; want the name of the dataset")
	case !(t.Rate > 0) || math.IsInf(t.Rate, 0):
		return refusal("Plan", "Target.Rate", "%v is not a rate; want a number of requests a second above zero", t.Rate)
	}
	return nil
}

// plan is the key of the bucket that says how far the list is planned.
type plan struct {
	Target

	Fingerprint string
	After       exact  // position of the last item of Pending
	Files       int64  // planned, with those of Pending
	Bad         int64  // items of them that could not be read
	Batches     uint64 // likewise; the number of the last one
	Complete    bool   // the list has no more
	// Pending are the last batches. They are published after the plan is stored, so
	// whoever goes on publishes those that the stream does not have.
	Pending []json.RawMessage `json:",omitempty"`
}

const planKey = "plan"

// planner is one call of Plan.
type planner struct {
	cluster *Cluster
	entry   entry[plan]
	skipBad bool
	room    int64 // bytes of a message that files may take
	batch   workBatch
	bytes   int
	next    plan // with what was read and is not stored yet
}

// Plan reads the source to its end and publishes its files in batches. It goes on
// where an earlier Plan of the same source and target ended, wherever that ran, and
// publishes no file twice, however often it is killed; a second Plan at the same time does no
// harm. It waits while the stream of work is full, and while the servers are away.
//
// An item that cannot be read ends the planning, and what was before it is planned;
// with skipBad it becomes a file that fails. A source or a target that is not the one
// of the streams is an error that matches ErrOtherWork. Of the target only the names
// must stay: workers follow a new Rate within seconds, and take the rest when they
// start. Otherwise the error is that of the source, of ctx or of
// JetStream, or a *imm.ValidationError.
func (c *Cluster) Plan(ctx context.Context, source bulk.Source, target Target, skipBad bool) error {
	if source == nil {
		return refusal("Plan", "source", "it is nil; give a source of files")
	}
	if err := target.check(); err != nil {
		return err
	}
	fingerprint, err := Fingerprint(ctx, source, target)
	if err != nil {
		return err
	}
	for {
		p := &planner{cluster: c, skipBad: skipBad, room: c.js.Conn().MaxPayload() - besideFiles}
		err := p.begin(ctx, plan{Target: target, Fingerprint: fingerprint})
		if err == nil && p.entry.revision > 0 {
			err = c.limitTo(ctx, target.Rate)
		}
		if err == nil {
			err = p.run(ctx, source)
		}
		if !errors.Is(err, errConflict) {
			return err
		}
		rest(ctx, awayPause) // another Plan is ahead, and this one goes on from there
	}
}

// Fingerprint tells a source and a target from others. It is the one that a journal of
// package bulk is bound to, so that a journal can be asked whether Export will be for
// it. The error is that of the source.
func Fingerprint(ctx context.Context, source bulk.Source, target Target) (string, error) {
	of, err := source.Fingerprint(ctx)
	if err != nil {
		return "", fmt.Errorf("natsbulk: the source cannot be told from others: %w", err)
	}
	return fmt.Sprintf("project %s, dataset %s, source %s", target.ProjectName, target.DatasetName, of), nil
}

// begin finds the plan, or makes it.
func (p *planner) begin(ctx context.Context, fresh plan) error {
	var err error
	p.entry, err = load(ctx, p.cluster, planKey, fresh)
	if err != nil {
		return err
	}
	if p.entry.revision == 0 {
		if err := p.beginNew(ctx, fresh); err != nil {
			return err
		}
	}
	found := &p.entry.value
	if found.Fingerprint != fresh.Fingerprint {
		return fmt.Errorf("natsbulk: the work %q %w: it is for %q, not for %q; use another name, or remove it to start over",
			p.cluster.name, ErrOtherWork, found.Fingerprint, fresh.Fingerprint)
	}
	if p.entry.revision == 0 || found.Target == fresh.Target {
		return nil // a plan is stored with its first files, so that a list nobody agreed to leaves nothing
	}
	found.Target = fresh.Target
	return p.entry.save(ctx)
}

// beginNew refuses to plan for a stream of work that has the batches of another plan,
// which was deleted: those of this one would be taken for them.
func (p *planner) beginNew(ctx context.Context, fresh plan) error {
	var info *jetstream.StreamInfo
	err := persist(ctx, func(ctx context.Context) (err error) {
		info, err = p.cluster.work.Info(ctx)
		return err
	})
	if err != nil || info.State.LastSeq == 0 {
		return err
	}
	// A plan is stored before its batches, so if it is of another Plan it is there now.
	p.entry, err = load(ctx, p.cluster, planKey, fresh)
	if err == nil && p.entry.revision == 0 {
		err = fmt.Errorf("natsbulk: the streams of %q had %d batches, and the plan of them is gone; use another name, or remove it to start over",
			p.cluster.name, info.State.LastSeq)
	}
	return err
}

func (p *planner) run(ctx context.Context, source bulk.Source) error {
	if err := p.publish(ctx); err != nil || p.entry.value.Complete {
		return err
	}
	p.next = p.entry.value
	p.next.Pending = nil
	for item, err := range source.Items(ctx, string(p.next.After)) {
		if ctx.Err() != nil {
			return fmt.Errorf("natsbulk: the planning was stopped: %w", ctx.Err())
		}
		if err != nil && (item.Position == "" || !p.skipBad) {
			return errors.Join(fmt.Errorf("natsbulk: reading the source: %w", err), p.flush(ctx))
		}
		if item.Position == "" {
			return fmt.Errorf("natsbulk: the source gave the file %.200q without a position; a source names the place of each item", item.File.URI)
		}
		if err := p.add(ctx, item, err); err != nil {
			return err
		}
	}
	if ctx.Err() != nil { // a source may just end then
		return fmt.Errorf("natsbulk: the planning was stopped: %w", ctx.Err())
	}
	p.next.Complete = true
	return p.flush(ctx)
}

// add takes in an item, and publishes when there is enough.
func (p *planner) add(ctx context.Context, item bulk.Item, bad error) error {
	w, size, err := p.take(item, bad)
	if err != nil {
		return err
	}
	if n := len(p.batch.Items); n == maxItems || n > 0 && p.bytes+size > maxBatchBytes {
		if err := p.seal(ctx); err != nil {
			return err
		}
		if size > maxBatchBytes && len(p.next.Pending) > 0 { // the plan has room for a usual batch only
			if err := p.store(ctx); err != nil {
				return err
			}
		}
	}
	if w.Error != "" {
		p.next.Bad++
	}
	p.batch.Items = append(p.batch.Items, w)
	p.bytes += size
	p.next.After = exact(item.Position)
	p.next.Files++
	return nil
}

// take makes of an item what a message holds, and says how many bytes it takes. A file
// that a message cannot hold becomes one that fails.
func (p *planner) take(item bulk.Item, bad error) (w workItem, size int, err error) {
	w = workItem{File: item.File, Position: exact(item.Position)}
	if bad != nil {
		w.Error = bad.Error()
	}
	data, err := json.Marshal(&w)
	switch {
	case err != nil:
		w.Error = fmt.Sprintf("natsbulk: the file %.200q cannot be put into a message: %v", item.File.URI, err)
		w.File = imm.InputFile{}
	case int64(len(data)) > p.room:
		w.Error = fmt.Sprintf("natsbulk: the file %.200q takes %d bytes, and a message of the servers at most %d; raise their max_payload, or shorten its labels",
			item.File.URI, len(data), p.room)
		if w.File = (imm.InputFile{}); len(item.File.URI) < maxBatchBytes && fitsJSON(data) {
			w.File.URI = item.File.URI
		}
	case bad == nil && !fitsJSON(data):
		// It would come back as another file.
		w.Error = fmt.Sprintf("natsbulk: the file %.200q has text that is not valid UTF-8; encode the text first", item.File.URI)
		w.File = imm.InputFile{}
	default:
		return w, len(data), nil
	}
	data, err = json.Marshal(&w)
	return w, len(data), err
}

// seal ends the batch, and publishes the chunk if it is full.
func (p *planner) seal(ctx context.Context) error {
	if len(p.batch.Items) == 0 {
		return nil
	}
	data, err := json.Marshal(&p.batch)
	if err != nil {
		return err
	}
	p.next.Batches++
	p.next.Pending = append(p.next.Pending, data)
	p.batch.Items, p.bytes = p.batch.Items[:0], 0
	pending := 0
	for _, data := range p.next.Pending {
		pending += len(data)
	}
	// One more batch must fit the message that the plan is.
	if len(p.next.Pending) < chunkBatches && int64(pending)+maxBatchBytes < p.room {
		return nil
	}
	return p.store(ctx)
}

// flush publishes what is left.
func (p *planner) flush(ctx context.Context) error {
	if err := p.seal(ctx); err != nil {
		return err
	}
	return p.store(ctx)
}

// store stores the plan, and then publishes what it has noted.
func (p *planner) store(ctx context.Context) error {
	p.entry.value = p.next
	if err := p.entry.save(ctx); err != nil {
		return fmt.Errorf("natsbulk: the plan cannot be stored: %w", err)
	}
	p.next.Pending = nil
	return p.publish(ctx)
}

// publish publishes the batches of the plan that the stream of work does not have.
// The stream takes a message only as the sequence that it is to have, so each is
// there once, whoever publishes how often.
func (p *planner) publish(ctx context.Context) error {
	stored := &p.entry.value
	sum := sha256.Sum256([]byte(stored.Fingerprint))
	for i, data := range stored.Pending {
		number := stored.Batches - uint64(len(stored.Pending)-1-i)
		m := &nats.Msg{Subject: p.cluster.subject(workSubject), Data: data}
		err := persist(ctx, func(ctx context.Context) error {
			_, err := p.cluster.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequence(number-1),
				jetstream.WithMsgID(fmt.Sprintf("%x:%d", sum[:8], number)))
			if isWrongSequence(err) {
				return p.has(ctx, number, data)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("natsbulk: batch %d cannot be published: %w", number, err)
		}
	}
	return nil
}

// has is an error if the stream of work never had a batch, or has another one in its
// place.
func (p *planner) has(ctx context.Context, number uint64, data []byte) error {
	info, err := p.cluster.work.Info(ctx)
	if err != nil {
		return err
	}
	switch last := info.State.LastSeq; {
	case last+1 == number:
		return errUnderWay
	case last < number:
		return fmt.Errorf("the stream of work ends with batch %d, and more were planned; messages of it were lost", last)
	}
	found, err := p.cluster.work.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil // a worker has done it
	}
	if err == nil && !bytes.Equal(found.Data, data) {
		err = errors.New("the stream of work has another message in its place; only Plan may publish there")
	}
	return err
}

func isWrongSequence(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
