// Command imm-emulator serves the emulator of package immtest, for tests in any
// language and for trying a program without an account.
//
//	imm-emulator -bucket test-bucket=./photos
//
// It prints its address as one line on the standard output and a record of each
// request on the standard error. -h lists the flags; docs/testing.md shows
// clients in several languages and the control endpoints below /_emulator/.
//
// The exit code is 0 after SIGINT or SIGTERM, 1 if serving failed, and 2 if the
// flags make no sense, a folder cannot be read, or the address is in use. A second
// signal ends the program at once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/imm-go/imm/immtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program the hard way
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It ends when ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stdout)
	switch {
	case errors.Is(err, errShown):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "imm-emulator:", err)
		return 2
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		fmt.Fprintf(stderr, "imm-emulator: %v; -addr chooses another address, with port 0 any that is free\n", err)
		return 2
	}
	logger := slog.New(s.logHandler(stderr))
	if !isLoopback(listener.Addr()) {
		logger.Warn("others on the network can reach this address, and the default keys are published", "addr", listener.Addr().String())
	}
	fmt.Fprintln(stdout, "listening on "+address(listener.Addr()))

	emulator := immtest.NewServer(s.options...)
	defer emulator.Close()
	if err := serve(ctx, listener, emulator, logger); err != nil {
		fmt.Fprintln(stderr, "imm-emulator:", err)
		return 1
	}
	return 0
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// address is the URL of a listener. One on all addresses is shown by a name that
// a client on this machine can use.
func address(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return "http://" + net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return "http://" + addr.String()
}
