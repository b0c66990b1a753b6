package boltjournal

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// pageSize is how many failures are read at once. A transaction that stayed open
// while the caller works would keep the file from using its space again.
const pageSize = 100

// FailedFile is a file that was refused or could not be indexed.
type FailedFile struct {
	File      imm.InputFile // without a URI if the source could not read the item
	Position  string        // in the source
	Reason    string        // the text of the error
	RequestID string        `json:",omitzero"` // of the answer, if there was one
}

// storedFailure is a failure in the file, with a position that JSON does not change.
type storedFailure struct {
	FailedFile
	Position exact
}

func failureOf(result *bulk.Result) FailedFile {
	failure := FailedFile{File: result.File, Position: result.Position, RequestID: result.RequestID}
	if result.Err != nil {
		failure.Reason = result.Err.Error()
	}
	return failure
}

// Failed lists the files that failed, in the order in which they did. The loop
// ends at the first error. A Record meanwhile is allowed, and is seen or not.
func (j *Journal) Failed() iter.Seq2[FailedFile, error] {
	return func(yield func(FailedFile, error) bool) {
		for failure, err := range j.failures(context.Background(), 0) {
			if !yield(failure.FailedFile, err) {
				return
			}
		}
	}
}

// numberedFailure is a failure and its number in the file.
type numberedFailure struct {
	FailedFile
	number uint64
}

// failures are those behind the number after.
func (j *Journal) failures(ctx context.Context, after uint64) iter.Seq2[numberedFailure, error] {
	return func(yield func(numberedFailure, error) bool) {
		for {
			page, err := j.failuresPage(ctx, after)
			if err != nil {
				yield(numberedFailure{}, err)
				return
			}
			for _, failure := range page {
				if !yield(failure, nil) {
					return
				}
				after = failure.number
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

func (j *Journal) failuresPage(ctx context.Context, after uint64) (page []numberedFailure, err error) {
	err = j.view(ctx, func(l *ledger) error {
		cursor := l.failed.Cursor()
		for key, sealed := cursor.Seek(failedKey(after + 1)); key != nil && len(page) < pageSize; key, sealed = cursor.Next() {
			failure, err := readFailure(key, sealed)
			if err != nil {
				return err
			}
			page = append(page, failure)
		}
		return nil
	})
	return page, err
}

func readFailure(key, sealed []byte) (failure numberedFailure, err error) {
	text, ok := unseal(key, sealed)
	if !ok || len(key) != 8 {
		return failure, damage("a failed file is not readable")
	}
	failure.number = binary.BigEndian.Uint64(key)
	var stored storedFailure
	if err := json.Unmarshal(text, &stored); err != nil {
		return failure, damage(fmt.Sprintf("failed file %d is not readable: %s", failure.number, err))
	}
	failure.FailedFile = stored.FailedFile
	failure.Position = string(stored.Position)
	return failure, nil
}
