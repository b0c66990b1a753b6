// Package emulator is the emulator of package immtest as a program, with its flags
// and its log, for the programs that serve it.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"

	"github.com/imm-go/imm/immtest"
)

// Program is what a program that serves the emulator calls itself.
type Program struct {
	Name    string // as errors and the help begin
	Version string // as -version prints it behind the name
}

// Run serves until ctx ends and returns the exit code: 0 then, and where help or
// the version was asked for; 1 if serving failed; 2 if the flags make no sense, a
// folder cannot be read, or the address is in use. It prints the address as one line
// on stdout, and a record of each request on stderr.
func (p Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := p.parse(args, stdout)
	switch {
	case errors.Is(err, errShown):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, p.Name+":", err)
		return 2
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v; -addr chooses another address, with port 0 any that is free\n", p.Name, err)
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
		fmt.Fprintln(stderr, p.Name+":", err)
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
