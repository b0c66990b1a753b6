package imm

import (
	"crypto/sha256"
	"fmt"
	"iter"
)

// page is what one request of a list brings.
type page[Item any] struct {
	items []Item
	next  string // the token of the next page; empty: there is none
}

// pages goes through a list from the given token on, and asks for a page only
// when the one before is used up. An error ends it, and so does a token that came
// before, because it would have no end. What a loop keeps is of its own, so that
// several may run at once.
func pages[Item any](action, token string, fetch func(token string) (page[Item], error)) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var none Item
		token := token
		seen := map[tokenHash]struct{}{hashToken(token): {}}
		for {
			p, err := fetch(token)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range p.items {
				if !yield(item, nil) {
					return
				}
			}
			if p.next == "" {
				return
			}
			token = p.next
			hash := hashToken(token)
			if _, repeated := seen[hash]; repeated {
				yield(none, fmt.Errorf("imm: %s: the service gave the page token %s a second time, so the list would have no end", action, quote(token)))
				return
			}
			seen[hash] = struct{}{}
		}
	}
}

// tokenHash stands for a token that came before. A token may be long and a list
// may have a million pages, so what is kept of each page is small; it is too
// much for two tokens to share it.
type tokenHash [16]byte

func hashToken(token string) tokenHash {
	sum := sha256.Sum256([]byte(token))
	return tokenHash(sum[:])
}

// noPages is the list of a request that is nil: nothing but the error.
func noPages[Item any](action string) iter.Seq2[Item, error] {
	v := validator{action: action}
	v.notNil(false)
	return onlyError[Item](v.failed)
}

// onlyError is the iterator of a request that is not sent.
func onlyError[Item any](err error) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var none Item
		yield(none, err)
	}
}
