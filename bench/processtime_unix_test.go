//go:build unix

package bench

import (
	"syscall"
	"time"
)

// processTime is how long all processors together have worked for this process.
// It counts the garbage collector, which runs beside the calls and so hardly shows
// in the time that they take.
func processTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
