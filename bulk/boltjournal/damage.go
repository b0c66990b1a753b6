package boltjournal

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors for errors.Is.
var (
	// ErrInUse: another process has the file.
	ErrInUse = errors.New("is in use by another process")
	// ErrOtherWork: the journal is bound to another list, project or dataset.
	ErrOtherWork = errors.New("is the journal of other work")
	// ErrDamaged: the file is no journal, or not whole. It was not changed.
	ErrDamaged = errors.New("is damaged or no journal")
	// ErrFull: there was no space to write. What was recorded before is kept.
	ErrFull = errors.New("cannot grow")
)

// damage is an error of what the file says. guard adds the rest.
type damage string

func (d damage) Error() string { return string(d) }

func (d damage) Is(target error) bool { return target == ErrDamaged }

// guard does work on the file, and makes errors of what bbolt does not: it panics
// on a page that makes no sense, and faults on one that is not there, because the
// file is mapped into memory.
func (j *Journal) guard(work func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if broken := recover(); broken != nil {
			err = j.explain(damage(fmt.Sprint(broken)))
		}
	}()
	return j.explain(work())
}

// explain says what an error of the file means, and what to do.
func (j *Journal) explain(err error) error {
	switch {
	case err == nil, strings.HasPrefix(err.Error(), "boltjournal: "):
		return err
	case errors.Is(err, ErrDamaged), errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch),
		errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrBucketNotFound), strings.HasPrefix(err.Error(), "file size too small"):
		return fmt.Errorf("boltjournal: %s %w (%w): if it was one, keep a copy, remove it and run again, which sends the files that were done once more",
			j.path, ErrDamaged, err)
	case isFull(err):
		return fmt.Errorf("boltjournal: %s %w (%w): free space on its disk and run again; nothing that was recorded is lost", j.path, ErrFull, err)
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("boltjournal: %s %w: wait for it to end, or use another file", j.path, ErrInUse)
	}
	return fmt.Errorf("boltjournal: %s: %w", j.path, err)
}

// isFull goes by the text, too: bbolt keeps only that of the system's error where
// it makes the file longer.
func isFull(err error) bool {
	for _, full := range [...]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) || strings.Contains(err.Error(), full.Error()) {
			return true
		}
	}
	return false
}

// inspect reads a file that is there from end to end. It opens it for reading
// only, because for writing bbolt would look for its free pages at once, and a panic
// there leaves the file locked until the process ends.
func (j *Journal) inspect() error {
	if err := j.open(true); err != nil {
		return err
	}
	err := j.guard(func() error { return j.db.View(j.inspectPages) })
	return errors.Join(err, j.Close())
}

func (j *Journal) inspectPages(tx *bbolt.Tx) (err error) {
	file, err := os.Open(j.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return damage(fmt.Sprintf("it has %d bytes of %d", info.Size(), tx.Size()))
	}
	if err := readPages(tx, file); err != nil || isEmpty(tx) {
		return err
	}
	return readAll(tx)
}

// readAll wants every value to be the one that was written, and all of them.
func readAll(tx *bbolt.Tx) error {
	l, err := openLedger(tx)
	if err != nil {
		return err
	}
	counted := state{Fingerprint: l.state.Fingerprint, After: l.state.After}
	err = l.done.ForEach(func(key, sealed []byte) error {
		counted.Done++
		if _, ok := unseal(key, sealed); !ok {
			return damage("a position is not readable")
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = l.failed.ForEach(func(key, sealed []byte) error {
		counted.Failed++
		_, err := readFailure(key, sealed)
		return err
	})
	if err != nil {
		return err
	}
	if counted != l.state {
		return damage(fmt.Sprintf("it has %d positions of %d, and %d failed files of %d", counted.Done, l.state.Done, counted.Failed, l.state.Failed))
	}
	return nil
}
