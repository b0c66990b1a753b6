package natsbulk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm"
)

// The defaults of Config.
const (
	defaultName        = "imm"
	defaultWorkBatches = 10_000
	defaultWorkBytes   = 256 << 20
	defaultResultBytes = 1 << 30
	defaultAckWait     = 30 * time.Second
	maxReplicas        = 5
)

// Config names the streams of one list of files, and bounds them. Its zero value is
// usable. Whoever opens a cluster first makes the streams; after that the limits are
// those of the streams, and only Name counts.
type Config struct {
	// Name tells this work from other work on the same servers: letters, digits, - and
	// _, at most 32 of them. Empty: imm.
	Name string
	// Replicas is on how many servers the streams are: 1 to 5. Zero: 1.
	Replicas int
	// WorkBatches and WorkBytes are how much may wait to be sent. The planner stops
	// there, and goes on when workers have made room. Zero: 10,000 batches and 256 MiB.
	// Servers keep three times WorkBytes free, and once ResultBytes.
	WorkBatches, WorkBytes int64
	// ResultBytes is how much the stream of results may hold: what no collector has
	// counted yet, and the files that failed, which take about 300 bytes each. Workers
	// stop there. Zero: 1 GiB.
	ResultBytes int64
	// AckWait is how long after the last sign of life of a worker its batches go to
	// others. Zero: 30 seconds; at least a second.
	AckWait time.Duration
}

// complete fills in the defaults. The error is a *imm.ValidationError.
func (c Config) complete() (Config, error) {
	refuse := func(field, format string, args ...any) (Config, error) {
		return c, refusal("Open", "Config."+field, format, args...)
	}
	for _, n := range []struct {
		name  string
		value *int64
		usual int64
	}{
		{"WorkBatches", &c.WorkBatches, defaultWorkBatches},
		{"WorkBytes", &c.WorkBytes, defaultWorkBytes},
		{"ResultBytes", &c.ResultBytes, defaultResultBytes},
	} {
		if *n.value < 0 {
			return refuse(n.name, "it is %d; want a limit above zero, or 0 for %d", *n.value, n.usual)
		}
		if *n.value == 0 {
			*n.value = n.usual
		}
	}
	if c.Name == "" {
		c.Name = defaultName
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.AckWait == 0 {
		c.AckWait = defaultAckWait
	}
	switch {
	case !isName(c.Name):
		return refuse("Name", "%q is no name of work; want 1 to 32 letters, digits, - and _", c.Name)
	case c.Replicas < 0 || c.Replicas > maxReplicas:
		return refuse("Replicas", "it is %d; want 1 to %d, or 0 for 1", c.Replicas, maxReplicas)
	case c.AckWait < time.Second:
		return refuse("AckWait", "it is %v; want at least a second, or 0 for %v", c.AckWait, defaultAckWait)
	}
	return c, nil
}

func refusal(call, field, format string, args ...any) error {
	return &imm.ValidationError{Action: "natsbulk." + call, Field: field, Reason: fmt.Sprintf(format, args...)}
}

func isName(s string) bool {
	strange := func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return s != "" && len(s) <= 32 && strings.IndexFunc(s, strange) < 0
}

// Cluster is the streams of one list of files. It is safe for concurrent use.
type Cluster struct {
	js      jetstream.JetStream
	name    string
	ackWait time.Duration

	work    jetstream.Stream // batches as they were planned: the number of one is its sequence
	again   jetstream.Stream // dead batches that are to be tried again
	results jetstream.Stream // outcomes
	dead    jetstream.Stream // batches that came back too often
	keys    jetstream.KeyValue

	mu     sync.Mutex
	quotas map[*quota]struct{} // of the workers in this process
}

// The subjects of the streams, behind that of the cluster.
const (
	workSubject    = "work"
	againSubject   = "again"
	doneSubject    = "results.done"   // many outcomes in a message; goes once it is counted
	failedSubject  = "results.failed" // one outcome in a message; stays
	deadSubject    = "dead"           // and the number of the batch, and that of its files
	workerConsumer = "workers"
)

func (c *Cluster) subject(of string) string { return "imm." + c.name + "." + of }

// ErrNoWork is for errors.Is: nobody has opened work of that name.
var ErrNoWork = errors.New("there is no such work")

// Find opens the streams that another process has made by Open. The error matches
// ErrNoWork where there are none, or not all of them, and is a *imm.ValidationError
// for what is no name. Otherwise it is as Open.
func Find(ctx context.Context, js jetstream.JetStream, name string) (*Cluster, error) {
	c, _, err := unopened("Find", js, Config{Name: name})
	if err != nil {
		return nil, err
	}
	if err := persist(ctx, c.find); err != nil {
		return nil, fmt.Errorf("natsbulk: the streams of %q cannot be opened: %w", c.name, err)
	}
	return c, nil
}

func unopened(call string, js jetstream.JetStream, config Config) (*Cluster, Config, error) {
	if js == nil {
		return nil, config, refusal(call, "js", "it is nil; make one with jetstream.New")
	}
	config, err := config.complete()
	if err != nil {
		return nil, config, err
	}
	return &Cluster{js: js, name: config.Name, quotas: make(map[*quota]struct{})}, config, nil
}

// Open makes the streams, the bucket and the consumers, or finds those that another
// process has made. It waits for servers that do not answer until ctx ends. The error
// is a *imm.ValidationError for a Config that makes no sense, and otherwise what
// JetStream says.
func Open(ctx context.Context, js jetstream.JetStream, config Config) (*Cluster, error) {
	c, config, err := unopened("Open", js, config)
	if err != nil {
		return nil, err
	}
	err = persist(ctx, func(ctx context.Context) error {
		err := c.find(ctx)
		if errors.Is(err, ErrNoWork) {
			return c.make(ctx, config)
		}
		return err
	})
	if refused, ok := errors.AsType[*jetstream.APIError](err); ok && refused.ErrorCode == noStorage {
		return nil, fmt.Errorf("natsbulk: the servers have no room for the streams of %q, which may take three times WorkBytes and once ResultBytes, "+
			"%d bytes together; remove work that is done, or lower these limits: %w", config.Name, 3*config.WorkBytes+config.ResultBytes, err)
	}
	if err != nil {
		return nil, fmt.Errorf("natsbulk: the streams of %q cannot be opened: %w", config.Name, err)
	}
	return c, nil
}

func (c *Cluster) bucketName() string { return "imm-" + c.name }

// part is a stream of the cluster, and how it is made.
type part struct {
	stream *jetstream.Stream
	config jetstream.StreamConfig
}

// parts are the streams. Where they are only looked for, the limits do not count.
func (c *Cluster) parts(limits Config) []part {
	parts := []part{
		{&c.work, jetstream.StreamConfig{
			Name: "work", Subjects: []string{c.subject(workSubject)}, Retention: jetstream.WorkQueuePolicy,
			MaxMsgs: limits.WorkBatches, MaxBytes: limits.WorkBytes,
		}},
		{&c.again, jetstream.StreamConfig{
			Name: "again", Subjects: []string{c.subject(againSubject)}, Retention: jetstream.WorkQueuePolicy,
			MaxMsgs: limits.WorkBatches, MaxBytes: limits.WorkBytes,
		}},
		{&c.results, jetstream.StreamConfig{
			Name: "results", Subjects: []string{c.subject(doneSubject), c.subject(failedSubject)},
			MaxBytes: limits.ResultBytes, AllowDirect: true,
		}},
		{&c.dead, jetstream.StreamConfig{
			Name: "dead", Subjects: []string{c.subject(deadSubject) + ".*.*"},
			MaxMsgsPerSubject: 1, MaxBytes: limits.WorkBytes, AllowDirect: true,
		}},
	}
	for i := range parts {
		s := &parts[i].config
		s.Name = "imm-" + c.name + "-" + s.Name
		s.Storage, s.Replicas, s.Discard = jetstream.FileStorage, limits.Replicas, jetstream.DiscardNew
	}
	return parts
}

// find opens what there is, if it is all there.
func (c *Cluster) find(ctx context.Context) (err error) {
	for _, p := range c.parts(Config{}) {
		if *p.stream, err = c.js.Stream(ctx, p.config.Name); err != nil {
			break
		}
	}
	if err == nil {
		c.keys, err = c.js.KeyValue(ctx, c.bucketName())
	}
	if err == nil {
		var consumer jetstream.Consumer
		if consumer, err = c.again.Consumer(ctx, workerConsumer); err == nil { // the last that is made
			c.ackWait = consumer.CachedInfo().Config.AckWait
		}
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		return ErrNoWork
	}
	return err
}

// make makes what is missing. What it made is taken back where there is no room for
// the rest: nobody could find it, and it would take the room from others.
func (c *Cluster) make(ctx context.Context, config Config) (err error) {
	var made []jetstream.Stream
	defer func() {
		refused, ok := errors.AsType[*jetstream.APIError](err)
		for _, s := range made {
			if ok && refused.ErrorCode == noStorage && s.CachedInfo().State.LastSeq == 0 {
				_ = c.js.DeleteStream(ctx, s.CachedInfo().Config.Name)
			}
		}
	}()
	for _, p := range c.parts(config) {
		*p.stream, err = c.js.CreateStream(ctx, p.config)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			*p.stream, err = c.js.Stream(ctx, p.config.Name)
		} else if err == nil {
			made = append(made, *p.stream)
		}
		if err != nil {
			return err
		}
	}
	bucket := jetstream.KeyValueConfig{Bucket: c.bucketName(), Replicas: config.Replicas, Storage: jetstream.FileStorage}
	c.keys, err = c.js.CreateKeyValue(ctx, bucket)
	if errors.Is(err, jetstream.ErrBucketExists) {
		c.keys, err = c.js.KeyValue(ctx, bucket.Bucket)
	}
	if err != nil {
		return err
	}
	for _, s := range []jetstream.Stream{c.work, c.again} {
		consumer, err := s.CreateConsumer(ctx, jetstream.ConsumerConfig{
			Durable: workerConsumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: config.AckWait, MaxAckPending: -1,
		})
		if errors.Is(err, jetstream.ErrConsumerExists) {
			consumer, err = s.Consumer(ctx, workerConsumer)
		}
		if err != nil {
			return err
		}
		c.ackWait = consumer.CachedInfo().Config.AckWait
	}
	return nil
}

// Remove deletes the work: the plan, what waits to be sent, and all outcomes. Nobody
// may be at it. One that was interrupted is to be repeated.
func (c *Cluster) Remove(ctx context.Context) error {
	err := persist(ctx, func(ctx context.Context) error {
		for _, p := range c.parts(Config{}) {
			if err := c.js.DeleteStream(ctx, p.config.Name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
				return err
			}
		}
		if err := c.js.DeleteKeyValue(ctx, c.bucketName()); err != nil && !errors.Is(err, jetstream.ErrBucketNotFound) {
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("natsbulk: the streams of %q cannot be deleted: %w", c.name, err)
	}
	return nil
}
