// Package boltjournal keeps the journal of package bulk in one file, so that a run
// that was killed goes on where it was, and the files that failed can be listed
// and sent again.
//
// The file is a bbolt database. What was recorded survives the end of the process
// and, as far as the disk keeps what it has confirmed, that of the machine. Its
// size is that of the window between the first file that is not done and the last
// that is, and of the files that failed, whatever the length of the list.
package boltjournal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/imm-go/imm/bulk"
)

// lockTime is how long Open waits for another process. A program that just ended
// may still be closing its file.
const lockTime = time.Second

// Journal is a bulk.Journal in a file. Its methods are safe for concurrent use,
// and each change is one transaction: calls of Record at the same time wait for
// each other.
type Journal struct {
	path string
	db   *bbolt.DB
}

// Open opens the journal at path, or makes one. The folder must exist. The file is
// locked until Close; where another process has it, Open waits a second and then
// returns an error that matches ErrInUse. A file that is damaged, or no journal at
// all, is left as it is, and the error matches ErrDamaged. Open reads the whole
// file to find out.
func Open(path string) (*Journal, error) {
	j := &Journal{path: path}
	info, err := os.Stat(path)
	isNew := errors.Is(err, os.ErrNotExist)
	if err == nil && info.IsDir() {
		return nil, fmt.Errorf("boltjournal: %s is a folder; want the name of a file in it", path)
	}
	if err == nil && info.Size() > 0 {
		if err := j.inspect(); err != nil {
			return nil, err
		}
	}
	if err := j.open(false); err != nil {
		return nil, err
	}
	if err := j.guard(j.prepare); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	if isNew {
		syncFolder(filepath.Dir(path))
	}
	return j, nil
}

func (j *Journal) open(readOnly bool) error {
	return j.guard(func() (err error) {
		j.db, err = bbolt.Open(j.path, 0o600, &bbolt.Options{
			Timeout:  lockTime,
			ReadOnly: readOnly,
			// Free pages are found when the file is opened, which reads all of it
			// anyway: a list of them that is wrong would have pages in use written over.
			NoFreelistSync: true,
			FreelistType:   bbolt.FreelistMapType,
		})
		return err
	})
}

// syncFolder keeps a new file across a crash of the machine, where the system can
// do that for folders.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}

// Close gives the file back. Nothing is lost without it. A second Close does
// nothing.
func (j *Journal) Close() error { return j.guard(j.db.Close) }

// Resume binds a new journal to the fingerprint, or wants the one that it is bound
// to: the error for another one names both and matches ErrOtherWork.
func (j *Journal) Resume(ctx context.Context, fingerprint string) (after string, done []string, err error) {
	read := func(l *ledger) error {
		if l.state.Fingerprint != exact(fingerprint) {
			return fmt.Errorf("boltjournal: %s %w: it is for %q, not for %q; use another file, or remove this one to start over",
				j.path, ErrOtherWork, l.state.Fingerprint, fingerprint)
		}
		after, done = string(l.state.After), make([]string, 0, l.state.Done)
		return l.done.ForEach(func(position, _ []byte) error {
			done = append(done, string(position))
			return nil
		})
	}
	var isBound bool
	err = j.view(ctx, func(l *ledger) error {
		if isBound = l.state.Fingerprint != ""; !isBound {
			return nil
		}
		return read(l)
	})
	if err == nil && !isBound {
		err = j.update(ctx, func(l *ledger) error {
			if l.state.Fingerprint == "" {
				l.state.Fingerprint = exact(fingerprint)
			}
			return read(l)
		})
	}
	if err != nil {
		return "", nil, err
	}
	return after, done, nil
}

// Record stores progress in one transaction. On an error nothing of it is stored,
// and what was recorded before stays; a full disk matches ErrFull.
func (j *Journal) Record(ctx context.Context, progress bulk.Progress) error {
	covered := make(map[string]bool, len(progress.Covered))
	for _, position := range progress.Covered {
		covered[position] = true
	}
	return j.update(ctx, func(l *ledger) error {
		for i := range progress.Results {
			result := &progress.Results[i]
			if result.Position == "" {
				return fmt.Errorf("boltjournal: the result of %q has no position, so a later run could not find it", result.File.URI)
			}
			if result.Status == bulk.Failed {
				if err := l.addFailed(result); err != nil {
					return err
				}
			}
			if !covered[result.Position] {
				if err := l.addDone(result.Position); err != nil {
					return err
				}
			}
		}
		for position := range covered {
			if err := l.dropDone(position); err != nil {
				return err
			}
		}
		if progress.After != "" {
			l.state.After = exact(progress.After)
		}
		return nil
	})
}
