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
	"os"
	"os/signal"
	"syscall"

	"github.com/imm-go/imm/internal/emulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program the hard way
	program := emulator.Program{Name: "imm-emulator", Version: versionText()}
	os.Exit(program.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
