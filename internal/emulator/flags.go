package emulator

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/imm-go/imm/immtest"
)

const (
	defaultAddr           = "127.0.0.1:8787"
	defaultReadyTime      = 200 * time.Millisecond
	defaultFullScanTime   = 300 * time.Millisecond
	defaultIndexDelay     = 100 * time.Millisecond
	defaultIdleTimeout    = 10 * time.Second // as the gateway of the service
	defaultRescanInterval = time.Second
)

// errShown is not a failure: help or the version was asked for and printed.
var errShown = errors.New("what was asked for is printed")

// settings are what the flags say.
type settings struct {
	addr      string
	logFormat string
	options   []immtest.Option
}

// flagValues are the flags as they are given.
type flagValues struct {
	settings

	version              bool
	keyID, secret, token string
	messageFormat        string
	buckets              list
	projects, datasets   list
	queues               list
	subscriptions        list
	eventBridges         list
	qps                  float64
	strict               bool

	readyTime, fullScanTime, indexDelay time.Duration
	clockOffset, rescanInterval         time.Duration
	idleTimeout                         time.Duration
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func (p Program) parse(args []string, out io.Writer) (settings, error) {
	var v flagValues
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // one sentence is enough for a mistake
	v.define(flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, p.Name+" emulates Alibaba Cloud IMM for tests, and prints the address to send calls to.\nThe flags:")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return v.settings, errShown
	case err != nil:
		return v.settings, fmt.Errorf("%w; -h lists the flags", err)
	case flags.NArg() > 0:
		return v.settings, fmt.Errorf("%q is not a flag; -h lists the flags", flags.Arg(0))
	case v.version:
		fmt.Fprintln(out, p.Name+" "+p.Version)
		return v.settings, errShown
	}
	return v.settings, v.apply()
}

func (v *flagValues) define(flags *flag.FlagSet) {
	flags.StringVar(&v.addr, "addr", defaultAddr, "`address` to listen on; with port 0 any port that is free")
	flags.StringVar(&v.keyID, "access-key-id", "", "`id` of the key that signs; by default "+immtest.AccessKeyID)
	flags.StringVar(&v.secret, "access-key-secret", "", "`secret` of that key; by default "+immtest.AccessKeySecret)
	flags.StringVar(&v.token, "security-token", "", "`token` that requests must carry: the key is a temporary one")
	flags.Var(&v.buckets, "bucket", "`name=folder`: a bucket with the files of a folder; the name alone: an empty bucket (repeatable)")
	flags.Var(&v.projects, "project", "`name[:template]`: a project that exists, and its workflow template (repeatable)")
	flags.Var(&v.datasets, "dataset", "`project/dataset[:template]`: a dataset that exists, and its workflow template (repeatable)")
	flags.BoolVar(&v.strict, "strict", false, "projects and datasets that were not created are not found")
	flags.Float64Var(&v.qps, "qps", 0, "throttle above this many `calls` a second; 0: never")
	flags.DurationVar(&v.readyTime, "ready-time", defaultReadyTime, "`time` that a binding is Ready before its scan")
	flags.DurationVar(&v.fullScanTime, "full-scan-time", defaultFullScanTime, "`time` that a binding stays FullScanning after its scan")
	flags.DurationVar(&v.indexDelay, "index-delay", defaultIndexDelay, "`time` from the answer of an indexing call to its outcome")
	flags.DurationVar(&v.rescanInterval, "rescan-interval", defaultRescanInterval, "`time` between looks at the folders of bound buckets for changes; 0: never")
	flags.DurationVar(&v.clockOffset, "clock-offset", 0, "`time` that the clock of the emulator is ahead, or behind where it is negative")
	flags.StringVar(&v.messageFormat, "message-format", "bare", "`form` of messages: bare or wrapped")
	flags.Var(&v.subscriptions, "subscription", "`topic=URL[,format=xml|json|simplified][,strategy=backoff|exponential]`: push the messages of a topic as MNS does; topic=queue:name puts them into a queue (repeatable)")
	flags.Var(&v.queues, "queue", "`name[=visibility]`: a queue with the API of MNS, and its visibility timeout, by default 30s (repeatable)")
	flags.Var(&v.eventBridges, "eventbridge", "`URL[,token=T][,region=R]`: push every index call that finishes as EventBridge does (repeatable)")
	flags.DurationVar(&v.idleTimeout, "idle-timeout", defaultIdleTimeout, "`time` after which an idle connection is dropped; 0: never")
	flags.StringVar(&v.logFormat, "log", "text", "`form` of the log: text or json")
	flags.BoolVar(&v.version, "version", false, "print the version and end")
}

// apply checks the flags and makes options of them.
func (v *flagValues) apply() error {
	if err := v.check(); err != nil {
		return err
	}
	v.options = append(v.options,
		immtest.WithReadyTime(v.readyTime),
		immtest.WithFullScanTime(v.fullScanTime),
		immtest.WithIndexDelay(v.indexDelay),
		immtest.WithClockOffset(v.clockOffset),
		immtest.WithIdleTimeout(v.idleTimeout),
		immtest.WithRescanInterval(v.rescanInterval),
	)
	if v.keyID != "" {
		v.options = append(v.options, immtest.WithCredentials(v.keyID, v.secret, v.token))
	}
	if v.messageFormat == "wrapped" {
		v.options = append(v.options, immtest.WithMessageFormat(immtest.MessageWrapped))
	}
	if v.qps > 0 {
		v.options = append(v.options, immtest.WithQPS(v.qps))
	}
	if v.strict {
		v.options = append(v.options, immtest.WithStrict())
	}
	if err := v.addBuckets(); err != nil {
		return err
	}
	if err := v.addDatasets(); err != nil {
		return err
	}
	return v.addDestinations()
}

// check refuses values of which the emulator would make something else than what
// was meant.
func (v *flagValues) check() error {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"ready-time", v.readyTime}, {"full-scan-time", v.fullScanTime}, {"index-delay", v.indexDelay},
		{"rescan-interval", v.rescanInterval}, {"idle-timeout", v.idleTimeout},
	} {
		if d.value < 0 {
			return fmt.Errorf("-%s cannot be negative", d.name)
		}
	}
	switch {
	case (v.keyID == "") != (v.secret == ""):
		return errors.New("-access-key-id and -access-key-secret go together")
	case v.token != "" && v.keyID == "":
		return errors.New("-security-token needs -access-key-id and -access-key-secret")
	case !(v.qps >= 0) || v.qps > 1e6: // not a number is refused as well
		return errors.New("-qps is from 0 to 1000000")
	case v.messageFormat != "bare" && v.messageFormat != "wrapped":
		return fmt.Errorf("-message-format is bare or wrapped, not %q", v.messageFormat)
	case v.logFormat != "text" && v.logFormat != "json":
		return fmt.Errorf("-log is text or json, not %q", v.logFormat)
	}
	return nil
}

func (v *flagValues) addBuckets() error {
	seen := make(map[string]bool)
	for _, text := range v.buckets {
		name, folder, _ := strings.Cut(text, "=")
		switch {
		case name == "" || strings.ContainsAny(name, `/\: `):
			return fmt.Errorf("-bucket %q: it is name=folder", text)
		case seen[name]:
			return fmt.Errorf("-bucket %q: there are two buckets of the name %s", text, name)
		}
		seen[name] = true
		if folder == "" {
			v.options = append(v.options, immtest.WithBucket(name, nil))
			continue
		}
		info, err := os.Stat(folder)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("-bucket %q: %s is a file, not a folder", text, folder)
		}
		if err == nil {
			_, err = os.ReadDir(folder)
		}
		if err != nil {
			return fmt.Errorf("-bucket %q: the folder cannot be read: %w", text, err)
		}
		v.options = append(v.options, immtest.WithBucket(name, os.DirFS(folder)))
	}
	return nil
}

func (v *flagValues) addDatasets() error {
	seen := make(map[string]bool)
	for _, text := range v.projects {
		name, template, _ := strings.Cut(text, ":")
		if !validName(name) || seen[name] {
			return fmt.Errorf("-project %q: it is name[:template], each name once, of 1 to 128 letters, digits, - and _, beginning with a letter or _", text)
		}
		seen[name] = true
		v.options = append(v.options, immtest.WithProject(name, template))
	}
	for _, text := range v.datasets {
		id, template, _ := strings.Cut(text, ":")
		projectName, datasetName, _ := strings.Cut(id, "/")
		if !validName(projectName) || !validName(datasetName) || seen[id] {
			return fmt.Errorf("-dataset %q: it is project/dataset[:template], each dataset once, both names of 1 to 128 letters, digits, - and _, beginning with a letter or _", text)
		}
		seen[id] = true
		v.options = append(v.options, immtest.WithDataset(projectName, datasetName, template))
	}
	return nil
}

// validName reports whether the service would take a name: a flag with another
// one would make what no call can reach.
func validName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	if name == "" || len(name) > 128 || !strings.Contains(letters, name[:1]) {
		return false
	}
	return strings.Trim(name, letters+"0123456789-") == ""
}

// logHandler writes records in the form that -log names.
func (s *settings) logHandler(to io.Writer) slog.Handler {
	if s.logFormat == "json" {
		return slog.NewJSONHandler(to, nil)
	}
	return slog.NewTextHandler(to, nil)
}
