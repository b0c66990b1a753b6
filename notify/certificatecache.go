package notify

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	maxCertificates = 16               // certificates; each sender has one
	maxFailures     = 64               // URLs
	maxFetches      = 4                // at once
	maxFlights      = 64               // that are under way or wait for their turn
	certificateAge  = 24 * time.Hour   // from which a certificate is fetched again
	renewPause      = time.Minute      // between two fetches of a certificate that is there
	failurePause    = 10 * time.Second // after a fetch that failed, of a certificate that is not there
)

var errManyFetches = errors.New("too many certificates are being fetched at once")

// certificates keeps the public keys of those who sign pushes, by the URL of their
// certificate. Only URLs that passed certificateURL come here. It is safe for
// concurrent use, and has no goroutine but while a fetch is under way.
//
// Whoever sends pushes chooses the URL, and need not be able to sign. So failures
// are kept apart from certificates: no number of bad URLs displaces a good one.
type certificates struct {
	fetch      func(ctx context.Context, url string) ([]byte, error)
	minKeyBits int
	turns      chan struct{} // has a place for each fetch at once

	mu       sync.Mutex
	kept     map[string]*keptKey
	failures map[string]failure
	flights  map[string]*flight
}

// keptKey is the public key of a certificate. The lock guards used and tried.
type keptKey struct {
	*rsa.PublicKey
	fetched time.Time
	tried   time.Time // the last attempt to fetch it again
	used    time.Time
}

type failure struct {
	err   error
	until time.Time
}

// flight is one fetch. Its key and err are set before done is closed.
type flight struct {
	done chan struct{}
	key  *rsa.PublicKey
	err  error
}

func newCertificates(fetch func(context.Context, string) ([]byte, error), minKeyBits int) *certificates {
	return &certificates{
		fetch: fetch, minKeyBits: minKeyBits, turns: make(chan struct{}, maxFetches),
		kept: make(map[string]*keptKey), failures: make(map[string]failure), flights: make(map[string]*flight),
	}
}

// get returns the key. It waits only if there is none, and no longer than the
// context allows. The end of one caller's context does not end the fetch, because
// others may wait for it.
func (c *certificates) get(ctx context.Context, url string) (*rsa.PublicKey, error) {
	c.mu.Lock()
	now := time.Now()
	if k := c.kept[url]; k != nil {
		k.used = now
		if now.Sub(k.fetched) >= certificateAge {
			c.renewal(url, k, now) // in the background; meanwhile this one is good enough
		}
		c.mu.Unlock()
		return k.PublicKey, nil
	}
	if failed, is := c.failures[url]; is && now.Before(failed.until) {
		c.mu.Unlock()
		return nil, fmt.Errorf("remembered from a moment ago: %w", failed.err)
	}
	f, err := c.start(url)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.wait(ctx)
}

// another returns the key of a certificate that has come to the URL since used was
// fetched, because a signature did not match that. It is nil if nobody may look for
// one so soon: forged signatures must not make this program send requests all the
// time.
func (c *certificates) another(ctx context.Context, url string, used *rsa.PublicKey) (*rsa.PublicKey, error) {
	c.mu.Lock()
	k := c.kept[url]
	if k != nil && k.PublicKey != used {
		c.mu.Unlock()
		return k.PublicKey, nil
	}
	f := c.flights[url]
	if f == nil && k != nil {
		f = c.renewal(url, k, time.Now())
	}
	c.mu.Unlock()
	if f == nil {
		return nil, nil //nolint:nilnil // no other key is no failure
	}
	return f.wait(ctx)
}

// renewal fetches a certificate again, unless that was tried a moment ago. The lock
// is held.
func (c *certificates) renewal(url string, k *keptKey, now time.Time) *flight {
	if now.Sub(k.tried) < renewPause {
		return nil
	}
	f, err := c.start(url)
	if err != nil {
		return nil
	}
	k.tried = now
	return f
}

// start begins a fetch, or returns the one that is under way. The lock is held.
func (c *certificates) start(url string) (*flight, error) {
	if f := c.flights[url]; f != nil {
		return f, nil
	}
	if len(c.flights) >= maxFlights {
		return nil, errManyFetches
	}
	f := &flight{done: make(chan struct{}), err: errors.New("the function of WithCertificates ended its goroutine")}
	c.flights[url] = f
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		defer c.finish(url, f)
		// On a goroutine of ours a panic would end the whole program.
		defer func() {
			if value := recover(); value != nil {
				f.err = fmt.Errorf("the function of WithCertificates panicked: %v", value)
			}
		}()
		select {
		case c.turns <- struct{}{}:
			defer func() { <-c.turns }()
		case <-ctx.Done():
			f.err = errManyFetches
			return
		}
		pem, err := c.fetch(ctx, url)
		if err == nil {
			f.key, err = c.parse(pem)
		}
		f.err = err
	}()
	return f, nil
}

// finish keeps what a fetch brought. A certificate that is there stays if it cannot
// be fetched again.
func (c *certificates) finish(url string, f *flight) {
	c.mu.Lock()
	now := time.Now()
	delete(c.flights, url)
	old := c.kept[url]
	switch {
	case f.err == nil:
		used := now
		if old != nil {
			used = old.used
		}
		c.kept[url] = &keptKey{PublicKey: f.key, fetched: now, tried: now, used: used}
		delete(c.failures, url)
		trim(c.kept, maxCertificates, func(k *keptKey) time.Time { return k.used })
	case old == nil:
		c.failures[url] = failure{f.err, now.Add(failurePause)}
		trim(c.failures, maxFailures, func(f failure) time.Time { return f.until })
	}
	c.mu.Unlock()
	close(f.done)
}

// trim forgets the oldest of too many. They are few, so it looks at all of them.
func trim[V any](all map[string]V, limit int, age func(V) time.Time) {
	if len(all) <= limit {
		return
	}
	oldest := ""
	for url, v := range all {
		if oldest == "" || age(v).Before(age(all[oldest])) {
			oldest = url
		}
	}
	delete(all, oldest)
}

func (f *flight) wait(ctx context.Context) (*rsa.PublicKey, error) {
	select {
	case <-f.done:
		return f.key, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the certificate did not come in time: %w", ctx.Err())
	}
}
