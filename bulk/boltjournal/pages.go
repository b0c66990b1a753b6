package boltjournal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// pageReader goes through the pages of a bbolt file without mapping it. bbolt takes
// for granted that pages are sound: what is not makes it panic, read what is not
// there, count without end, or take a page in use for a free one.
//
// A page starts with its number (8 bytes), flags (2), a count of elements (2) and
// how many pages belong to it besides itself (4). An element of a branch is the
// distance to its key (4), the length of the key (4) and a page (8); one of a leaf
// flags (4), the distance to its key (4) and the lengths of the key (4) and the
// value behind it (4). The value of a bucket starts with its first page (8), which
// is zero where the page itself follows, behind a number (8). All this is in the
// byte order of the machine.
type pageReader struct {
	file  io.ReaderAt
	size  int64 // of a page
	limit uint64
	used  map[uint64]bool
}

const (
	pageHeader   = 16
	pageElement  = 16
	branchFlag   = 0x01
	leafFlag     = 0x02
	bucketFlag   = 0x01 // of an element of a leaf
	bucketHeader = 16
)

var native = binary.NativeEndian

// readPages wants every page that the transaction can reach to be sound, and none
// to be reached twice.
func readPages(tx *bbolt.Tx, file io.ReaderAt) error {
	size := int64(tx.DB().Info().PageSize)
	r := &pageReader{file: file, size: size, limit: uint64(tx.Size() / size), used: make(map[uint64]bool)}
	return r.read(uint64(tx.Cursor().Bucket().Root()), nil, nil)
}

// read wants the keys of a page, and of those below it, from low on and before
// high; nil is no limit.
func (r *pageReader) read(number uint64, low, high []byte) error {
	var header [pageHeader]byte
	if number < 2 || number >= r.limit {
		return damage(fmt.Sprintf("page %d is not there", number))
	}
	if _, err := r.file.ReadAt(header[:], int64(number)*r.size); err != nil {
		return err
	}
	more := uint64(native.Uint32(header[12:]))
	if native.Uint64(header[:]) != number || number+more >= r.limit {
		return damage(fmt.Sprintf("page %d is another", number))
	}
	for i := number; i <= number+more; i++ {
		if r.used[i] {
			return damage(fmt.Sprintf("page %d is used twice", i))
		}
		r.used[i] = true
	}
	page := make([]byte, int64(1+more)*r.size)
	if _, err := r.file.ReadAt(page, int64(number)*r.size); err != nil {
		return err
	}
	if err := r.elements(page, low, high); err != nil {
		return fmt.Errorf("page %d: %w", number, err)
	}
	return nil
}

func (r *pageReader) elements(page, low, high []byte) error {
	flags, count := native.Uint16(page[8:]), int(native.Uint16(page[10:]))
	if flags != branchFlag && flags != leafFlag || pageHeader+count*pageElement > len(page) || flags == branchFlag && count == 0 {
		return damage("it is neither a branch nor a leaf")
	}
	var before []byte
	for i := range count {
		at := pageHeader + i*pageElement
		element := page[at:][:pageElement]
		var key, value []byte
		var sound bool
		if flags == branchFlag {
			key, sound = cut(page, at, native.Uint32(element), native.Uint32(element[4:]))
		} else if key, sound = cut(page, at, native.Uint32(element[4:]), native.Uint32(element[8:])); sound {
			value, sound = cut(page, at, native.Uint32(element[4:])+uint32(len(key)), native.Uint32(element[12:]))
		}
		if !sound || i > 0 && bytes.Compare(key, before) <= 0 {
			return damage("its keys are not readable")
		}
		before = key
		if flags == leafFlag {
			if low != nil && bytes.Compare(key, low) < 0 || high != nil && bytes.Compare(key, high) >= 0 {
				return damage("a key is in the wrong place")
			}
			if err := r.bucket(native.Uint32(element), value); err != nil {
				return err
			}
			continue
		}
		from, to := key, high
		if i == 0 {
			from = low
		}
		if i+1 < count {
			next := page[at+pageElement:][:pageElement]
			if to, sound = cut(page, at+pageElement, native.Uint32(next), native.Uint32(next[4:])); !sound {
				return damage("its keys are not readable")
			}
		}
		if err := r.read(native.Uint64(element[8:]), from, to); err != nil {
			return err
		}
	}
	return nil
}

// bucket reads the pages of a bucket, if the value of a leaf is one.
func (r *pageReader) bucket(flags uint32, value []byte) error {
	switch {
	case flags == 0:
		return nil
	case flags != bucketFlag || len(value) < bucketHeader:
		return damage("an element is neither a value nor a bucket")
	}
	if first := native.Uint64(value); first != 0 {
		return r.read(first, nil, nil)
	}
	if len(value) < bucketHeader+pageHeader {
		return damage("a bucket is too short")
	}
	return r.elements(value[bucketHeader:], nil, nil)
}

// cut is the part of a page at a distance from the element at at.
func cut(page []byte, at int, distance, length uint32) ([]byte, bool) {
	from := int64(at) + int64(distance)
	to := from + int64(length)
	if to > int64(len(page)) {
		return nil, false
	}
	return page[from:to], true
}
