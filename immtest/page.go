package immtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// tokenSeal is how many bytes of a token show that the server made it.
const tokenSeal = 16

// pager cuts a list into pages. Each item of a list has a key, and the list is in
// the order of the keys. A token holds the last key that was given, so the next
// page goes on behind it: items that are added and removed meanwhile neither move
// the others nor let one appear twice. The service documents the same of its own
// tokens: the next page begins after them in alphabetical order.
type pager struct {
	server     *Server
	list       []string // what is listed: a token of one list is none of another
	size       int
	begun      bool // there was a token
	after      string
	descending bool
}

// pager reads MaxResults, of which zero means 100, and NextToken.
func (s *Server) pager(c *call, most int64, list ...string) pager {
	const usual = 100
	p := pager{server: s, list: list, size: usual}
	if size, _ := c.integer("MaxResults", 0, most); size > 0 {
		p.size = int(size)
	}
	if token := c.text("NextToken"); token != "" {
		if p.after, p.begun = p.open(token); !p.begun {
			c.refuse(invalidArgument("NextToken", "it is not a token that the answer to such a call had"))
		}
	}
	return p
}

// page takes the keys of all items and returns those of one page, in their order,
// and the token of the next page, which is empty where there is none.
func (p *pager) page(keys []string) (page []string, next string) {
	keys = slices.DeleteFunc(keys, func(key string) bool {
		return p.begun && (key == p.after || (key < p.after) != p.descending)
	})
	slices.Sort(keys)
	if p.descending {
		slices.Reverse(keys)
	}
	if len(keys) <= p.size {
		return keys, ""
	}
	return keys[:p.size], p.token(keys[p.size-1])
}

func (p *pager) token(key string) string {
	return base64.RawURLEncoding.EncodeToString(append(p.seal(key), key...))
}

// open returns the key of a token, unless the server did not make it.
func (p *pager) open(token string) (key string, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(sealed) < tokenSeal {
		return "", false
	}
	key = string(sealed[tokenSeal:])
	return key, hmac.Equal(sealed[:tokenSeal], p.seal(key))
}

// seal writes lengths before texts, or two lists could have the same one.
func (p *pager) seal(key string) []byte {
	mac := hmac.New(sha256.New, p.server.tokenKey[:])
	for _, text := range append(slices.Clone(p.list), key) {
		_, _ = mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		_, _ = mac.Write([]byte(text))
	}
	return mac.Sum(nil)[:tokenSeal]
}
