package main

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASignalThatComesTwiceAtOnceIsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signals, stopped, ended := make(chan os.Signal), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			interrupts(signals, func() { close(stopped) })
		}()
		signals <- os.Interrupt
		<-stopped
		for range 3 {
			signals <- os.Interrupt
			<-time.After(sameSignal / 4)
		}
		select {
		case <-ended:
			t.Fatal("it was the first one")
		default:
		}
		<-time.After(sameSignal / 4)
		begun := time.Now()
		signals <- os.Interrupt
		<-ended
		require.Zero(t, time.Since(begun))
	})
}
