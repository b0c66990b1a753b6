// Command quickstart does the main job of the SDK: it gets the files of a bucket
// into a dataset and tells of every one of them whether it is indexed.
//
// Without flags it runs against the emulator in this process, on the sample
// files of examples/photos, and checks that what comes out is what went in. With
// -region, -project, -dataset and -bucket it does the same with the service.
//
// The exit code is 0 if all went as promised, 1 if something did not, 2 if the
// flags make no sense or -yes is missing, and 130 after an interrupt.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/credentials"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program the hard way
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return command{stdout, stderr, connect}.run(ctx, args)
}

// connect makes a client of the service, with keys from wherever Alibaba Cloud's
// tools keep them.
func connect(region string) (*imm.Client, error) {
	creds, err := credentials.Default()
	if err != nil {
		return nil, err
	}
	return imm.NewClient(region, creds, imm.WithUserAgent("imm-go-quickstart"))
}

// command is the program without what it shares with its process.
type command struct {
	out, err io.Writer
	connect  func(region string) (*imm.Client, error)
}

func (c command) run(ctx context.Context, args []string) int {
	s, err := parse(args, c.out)
	switch {
	case errors.Is(err, errHelp):
		return 0
	case err != nil:
		return c.exit(ctx, err)
	case !s.real:
		return c.exit(ctx, demo(ctx, c.out))
	case !s.yes:
		return c.exit(ctx, usageError(warning(s.bucket)+"; nothing was sent, add -yes to go ahead"))
	}
	client, err := c.connect(s.region)
	if err != nil {
		return c.exit(ctx, err)
	}
	defer client.CloseIdleConnections()
	return c.exit(ctx, service(ctx, client, s, c.out))
}

// exit says in one sentence why the program ends and returns its exit code.
func (c command) exit(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if ctx.Err() != nil {
		fmt.Fprintln(c.err, "quickstart: interrupted")
		return 130
	}
	fmt.Fprintln(c.err, "quickstart:", err)
	_, usage := errors.AsType[usageError](err)
	_, refused := errors.AsType[*imm.ValidationError](err) // a flag's value that cannot be sent
	if usage || refused {
		return 2
	}
	return 1
}
