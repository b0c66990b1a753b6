package notify

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// The UserData of a tracked call is a mark, the id of the tracker, the number of
// the batch, a point, and the caller's own text:
//
//	imm1.q83vEjRWeJCrze8S.AAAAAAAB.the caller's own text
//
// The id is random, so other trackers on the same topic have other ones, and the
// number grows, so an old batch is told from one that never was without a list.
const (
	trackerMark     = "imm1."
	trackerIDBytes  = 12 // random
	batchNumberSize = 6  // bytes
	maxUserData     = 2048

	// Both sizes are multiples of 3, so base64 has no bits to spare and there is
	// one spelling only.
	userDataOverhead = len(trackerMark) + trackerIDBytes/3*4 + 1 + batchNumberSize/3*4 + 1
)

// userDataOwner says whose call the UserData of a message is of.
type userDataOwner int

const (
	ownerNone  userDataOwner = iota // not a tracked one
	ownerOther                      // of another tracker, or damaged
	ownerSelf
)

// trackerPrefix is what the UserData of all calls of one tracker begins with.
type trackerPrefix string

func newTrackerPrefix() trackerPrefix {
	var id [trackerIDBytes]byte
	_, _ = rand.Read(id[:]) // never fails
	return trackerPrefix(trackerMark + base64.RawURLEncoding.EncodeToString(id[:]) + ".")
}

// userData is what a call sends.
func (p trackerPrefix) userData(number uint64, text string) string {
	var bytes [batchNumberSize]byte
	for i := range bytes {
		bytes[i] = byte(number >> (8 * (batchNumberSize - 1 - i)))
	}
	return string(p) + base64.RawURLEncoding.EncodeToString(bytes[:]) + "." + text
}

// OwnUserData returns the caller's own text of the UserData that a message has, if
// a Tracker made it, whichever tracker that was. Any other text is returned as it
// is. A callback needs it that looks at messages before it hands them to a Tracker;
// an Outcome has the caller's own text already.
//
// It is safe for concurrent use.
func OwnUserData(userData string) string {
	rest, isMarked := strings.CutPrefix(userData, trackerMark)
	id, rest, _ := strings.Cut(rest, ".")
	number, own, isWhole := strings.Cut(rest, ".")
	if !isMarked || !isWhole || !isBase64Of(trackerIDBytes, id) || !isBase64Of(batchNumberSize, number) {
		return userData
	}
	return own
}

// isBase64Of reports whether a text is the base64 of so many bytes, a multiple of 3.
func isBase64Of(size int, text string) bool {
	if len(text) != size/3*4 {
		return false
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(decoded) == size // a line end inside would be passed over
}

// parse reads the UserData of a message. Only the number counts: the caller's
// text is known here, so it does not matter if less of it comes back.
func (p trackerPrefix) parse(userData string) (number uint64, owner userDataOwner) {
	const digits = batchNumberSize / 3 * 4
	if !strings.HasPrefix(userData, trackerMark) {
		return 0, ownerNone
	}
	rest, found := strings.CutPrefix(userData, string(p))
	if !found || len(rest) <= digits || rest[digits] != '.' {
		return 0, ownerOther
	}
	var bytes [batchNumberSize]byte
	// A line end inside would be passed over, so the length is checked, too.
	if n, err := base64.RawURLEncoding.Decode(bytes[:], []byte(rest[:digits])); err != nil || n != batchNumberSize {
		return 0, ownerOther
	}
	for _, b := range bytes {
		number = number<<8 | uint64(b)
	}
	return number, ownerSelf
}
