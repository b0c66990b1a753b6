package emulator

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/imm-go/imm/immtest"
)

const (
	// grace is how long answers that are on their way may take after a signal. It
	// is below the ten seconds after which container engines kill.
	grace = 5 * time.Second
	// maxHeader is far above the 8 KiB of a request's line at which the emulator
	// answers as the gateway does; net/http would answer in another way.
	maxHeader = 1 << 20
)

// serve answers requests until ctx ends, and then those that are under way.
// Answers that hang are cut when the time of grace is over.
func serve(ctx context.Context, listener net.Listener, emulator *immtest.Server, logger *slog.Logger) error {
	// The server forgets a connection that a fault takes from it to cut it.
	var running sync.WaitGroup
	handler := logged(emulator, logger)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running.Add(1)
			defer running.Done()
			handler.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       emulator.IdleTimeout(),
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		failed = server.Serve(listener)
	}()
	select {
	case <-ended:
		return failed
	case <-ctx.Done():
	}
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(graceful)
	if errors.Is(err, context.DeadlineExceeded) {
		emulator.Close() // ends what hangs
		err = server.Close()
	}
	<-ended
	running.Wait()
	return err
}
