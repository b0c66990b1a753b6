// Command imm indexes the metadata of files in Alibaba Cloud IMM from the command
// line, and looks after the projects, datasets and bindings that this needs.
//
//	imm doctor --region cn-hangzhou
//	imm index --project photos --dataset all --from uris.txt
//	imm query --project photos --dataset all 'ContentType = image/jpeg and Size >= 1048576'
//
// imm help lists the commands, and imm help COMMAND shows examples. Keys come from
// wherever Alibaba Cloud's tools keep them, see package credentials.
//
// The exit code is 0 if all was done, 1 if something failed, 2 if nothing was done
// because the command line or its input is wrong, or because --yes is missing where
// nobody can be asked, and 3 if the command was stopped before its end, or the
// answer was not yes. The first SIGINT or SIGTERM stops it cleanly, the second at
// once.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/imm-go/imm/credentials"
)

//go:generate go run ./internal/recording -to ../../docs/recordings/imm-index.txt

func main() {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Ignore(syscall.SIGPIPE) // who reads the output may leave; the work goes on
	go func() {
		interrupts(signals, stop)
		fmt.Fprintln(os.Stderr, "\nimm: stopped at once")
		os.Exit(exitStopped)
	}()
	p := &program{
		console: console{
			in: os.Stdin, out: os.Stdout, err: os.Stderr,
			inTerminal: term.IsTerminal(int(os.Stdin.Fd())), errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		},
		getenv:      os.Getenv,
		credentials: credentials.Default,
		sources:     credentialSources(),
	}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// sameSignal is how long a signal may come twice and be one: an interrupt of a
// whole group of processes reaches this one from the terminal, and again from what
// started it.
const sameSignal = time.Second

// interrupts calls stop at the first signal, and returns at the second.
func interrupts(signals <-chan os.Signal, stop func()) {
	<-signals
	first := time.Now()
	stop()
	for range signals {
		if time.Since(first) >= sameSignal {
			return
		}
	}
}
