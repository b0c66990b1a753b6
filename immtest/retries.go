package immtest

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// pauses say how long to wait before the repeat that follows so many attempts,
// and false where none follows.
type pauses func(random *rand.Rand, attempts int) (time.Duration, bool)

const (
	backoffRepeats          = 3
	shortestBackoff         = 10 * time.Second
	longestBackoff          = 20 * time.Second
	exponentialDecayRepeats = 176
	exponentialDecayMax     = 512 * time.Second
)

func (r RetryStrategy) pauses() pauses {
	if r == ExponentialDecayRetry {
		return func(_ *rand.Rand, attempts int) (time.Duration, bool) {
			pause := exponentialDecayMax
			if doublings := attempts - 1; doublings < 9 {
				pause = time.Second << doublings
			}
			return pause, attempts <= exponentialDecayRepeats
		}
	}
	return func(random *rand.Rand, attempts int) (time.Duration, bool) {
		return shortestBackoff + time.Duration(random.Int64N(int64(longestBackoff-shortestBackoff)+1)), attempts <= backoffRepeats
	}
}

func fixedPauses(all []time.Duration) pauses {
	return func(_ *rand.Rand, attempts int) (time.Duration, bool) {
		if attempts > len(all) {
			return 0, false
		}
		return all[attempts-1], true
	}
}

func checkPauses(all []time.Duration) error {
	for i, pause := range all {
		if pause < 0 {
			return fmt.Errorf("immtest: Retries[%d] is %v; a pause is zero or more", i, pause)
		}
	}
	return nil
}
