package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// settings are the flags. Without any of them the emulator is used.
type settings struct {
	region, project, dataset, bucket string
	topic                            string
	yes                              bool
	real                             bool // the service is meant, because some flag was given
}

// usageError is a wrong use of the program, in one sentence.
type usageError string

func (e usageError) Error() string { return string(e) }

// errHelp is not a failure: the flags were asked for and printed.
var errHelp = errors.New("help was asked for")

func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // one sentence is enough for a mistake
	flags.StringVar(&s.region, "region", "", "region of the service, such as cn-hangzhou")
	flags.StringVar(&s.project, "project", "", "an IMM project that exists there")
	flags.StringVar(&s.dataset, "dataset", "", "a dataset that exists in the project")
	flags.StringVar(&s.bucket, "bucket", "", "the OSS bucket to bind, in the same region")
	flags.StringVar(&s.topic, "topic", "", "the MNS topic that the message goes to; none: no message")
	flags.BoolVar(&s.yes, "yes", false, "go ahead although it costs money")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, "quickstart indexes sample files against the emulator. To use the service, which costs\nmoney, give -region, -project, -dataset and -bucket. The flags:")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return s, errHelp
	case err != nil:
		return s, usageError(err.Error() + "; -h lists the flags")
	case flags.NArg() > 0:
		return s, usageError(fmt.Sprintf("%q is not a flag; -h lists the flags", flags.Arg(0)))
	}
	s.bucket = strings.TrimSuffix(strings.TrimPrefix(s.bucket, "oss://"), "/")
	s.real = flags.NFlag() > 0
	return s, s.check()
}

// check refuses half of what the service needs, because the emulator would then
// be used by accident.
func (s settings) check() error {
	var missing []string
	for _, f := range []struct{ name, value string }{
		{"-region", s.region}, {"-project", s.project}, {"-dataset", s.dataset}, {"-bucket", s.bucket},
	} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if s.real && len(missing) > 0 {
		return usageError("the service needs -region, -project, -dataset and -bucket together, and these are missing: " + strings.Join(missing, ", "))
	}
	return nil
}

func warning(bucket string) string {
	return "binding oss://" + bucket + " has every object in it indexed, now and whenever one is added, " +
		"and costs money in proportion to their number"
}
