package boltjournal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"go.etcd.io/bbolt"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// The layout of the file. Values start with a checksum of themselves and their
// key, because bbolt has none for what it keeps, and a position that changed on
// the disk would have files left out.
var (
	journalBucket = []byte("journal")
	doneBucket    = []byte("done")   // positions behind After; no values
	failedBucket  = []byte("failed") // number of the failure -> failure as JSON
	versionKey    = []byte("version")
	stateKey      = []byte("state")
)

// version is that of the layout.
const version = 1

// state is what the journal says of itself. The counts show that nothing is
// missing from the buckets.
type state struct {
	Fingerprint exact
	After       exact
	Done        int
	Failed      int
}

// exact is text that comes back byte by byte: a string of JSON would lose what is
// not UTF-8, and names of files need not be.
type exact string

// MarshalText is the text in base64.
func (e exact) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(e)), nil
}

// UnmarshalText reads what MarshalText wrote.
func (e *exact) UnmarshalText(text []byte) error {
	data, err := base64.StdEncoding.AppendDecode(nil, text)
	*e = exact(data)
	return err
}

// ledger is the content of the file within a transaction.
type ledger struct {
	state        state
	journal      *bbolt.Bucket
	done, failed *bbolt.Bucket
}

// update makes a change durable, or nothing of it.
func (j *Journal) update(ctx context.Context, change func(*ledger) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return j.guard(func() error {
		return j.db.Update(func(tx *bbolt.Tx) error {
			l, err := openLedger(tx)
			if err != nil {
				return err
			}
			before := l.state
			if err := change(l); err != nil {
				return err
			}
			if l.state == before {
				return nil
			}
			return l.writeState()
		})
	})
}

// view reads.
func (j *Journal) view(ctx context.Context, read func(*ledger) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return j.guard(func() error {
		return j.db.View(func(tx *bbolt.Tx) error {
			l, err := openLedger(tx)
			if err != nil {
				return err
			}
			return read(l)
		})
	})
}

func openLedger(tx *bbolt.Tx) (*ledger, error) {
	l := &ledger{journal: tx.Bucket(journalBucket), done: tx.Bucket(doneBucket), failed: tx.Bucket(failedBucket)}
	if l.journal == nil {
		return nil, damage("it is no journal")
	}
	// The version comes first: whatever else there is may be new.
	found := l.journal.Get(versionKey)
	if len(found) != 1 {
		return nil, damage("it has no version")
	}
	if found[0] > version {
		return nil, fmt.Errorf("it was written by a later version of this package (%d, and this one knows %d): update the program", found[0], version)
	}
	text, ok := unseal(stateKey, l.journal.Get(stateKey))
	if found[0] != version || l.done == nil || l.failed == nil || !ok {
		return nil, damage("its state is not readable")
	}
	if err := json.Unmarshal(text, &l.state); err != nil {
		return nil, damage("its state is not readable: " + err.Error())
	}
	return l, nil
}

// prepare makes the buckets of a file that has none.
func (j *Journal) prepare() error {
	var isNew bool
	err := j.db.View(func(tx *bbolt.Tx) error {
		isNew = isEmpty(tx)
		return nil
	})
	if err != nil || !isNew {
		return err
	}
	return j.db.Update(newLedger)
}

func newLedger(tx *bbolt.Tx) error {
	var l ledger
	var errs [4]error
	l.journal, errs[0] = tx.CreateBucket(journalBucket)
	l.done, errs[1] = tx.CreateBucket(doneBucket)
	l.failed, errs[2] = tx.CreateBucket(failedBucket)
	if err := errors.Join(errs[:3]...); err != nil {
		return err
	}
	if err := l.journal.Put(versionKey, []byte{version}); err != nil {
		return err
	}
	return l.writeState()
}

// isEmpty reports whether the process that made the file ended right after that.
func isEmpty(tx *bbolt.Tx) bool {
	key, _ := tx.Cursor().First()
	return key == nil
}

func (l *ledger) writeState() error {
	text, err := json.Marshal(l.state)
	if err != nil {
		return err
	}
	return l.journal.Put(stateKey, seal(stateKey, text))
}

func (l *ledger) addDone(position string) error {
	key := []byte(position)
	if l.done.Get(key) == nil {
		l.state.Done++
	}
	return l.done.Put(key, seal(key, nil))
}

func (l *ledger) dropDone(position string) error {
	key := []byte(position)
	if l.done.Get(key) != nil {
		l.state.Done--
	}
	return l.done.Delete(key)
}

// addFailed keeps a failure under the next number, so that they are listed in the
// order in which they came.
func (l *ledger) addFailed(result *bulk.Result) error {
	number, err := l.failed.NextSequence()
	if err != nil {
		return err
	}
	l.state.Failed++
	return l.putFailed(number, failureOf(result))
}

func (l *ledger) putFailed(number uint64, failure FailedFile) error {
	if !fitsJSON(failure.File) {
		// It was refused for that, and would come back as another file.
		failure.Reason = fmt.Sprintf("%s (the file %q cannot be kept)", failure.Reason, failure.File.URI)
		failure.File = imm.InputFile{}
	}
	text, err := json.Marshal(storedFailure{failure, exact(failure.Position)})
	if err != nil {
		return err
	}
	key := failedKey(number)
	return l.failed.Put(key, seal(key, text))
}

// fitsJSON reports whether JSON holds a file as it is. What is not UTF-8 becomes
// \ufffd there. The sign itself is written as it is, and a backslash as two.
func fitsJSON(file imm.InputFile) bool {
	text, err := json.Marshal(file)
	return err == nil && !bytes.Contains(bytes.ReplaceAll(text, []byte(`\\`), nil), []byte(`\ufffd`))
}

func (l *ledger) dropFailed(number uint64) error {
	key := failedKey(number)
	if l.failed.Get(key) != nil {
		l.state.Failed--
	}
	return l.failed.Delete(key)
}

func failedKey(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// seal is the value with its checksum before it.
func seal(key, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(value)), checksum(key, value)), value...)
}

// unseal is the value without its checksum, if that is right.
func unseal(key, sealed []byte) (value []byte, ok bool) {
	if len(sealed) < 4 {
		return nil, false
	}
	value = sealed[4:]
	return value, binary.BigEndian.Uint32(sealed) == checksum(key, value)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}
