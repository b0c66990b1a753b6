package bulk

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
)

// Inventory is a Source of the objects in an inventory report of OSS. The manifest
// is the path of its manifest.json in fsys, a folder with the report as it was
// downloaded: the list files are looked for under their keys, then in ../data from
// the manifest, as OSS lays them out, then beside the manifest.
//
// Delete markers, versions that are not the latest, and keys that end in a slash,
// which stand for folders, are left out. Each list file is read twice, first to
// compare it with the MD5 in the manifest; one that is missing or differs ends the
// list with an error before any of its objects comes. A line that is no object
// comes as a *LineError, and the loop can go on. A position is in one of the list
// files, which is decompressed up to there. The fingerprint is that of the
// manifest, which has at most 16 MiB.
//
// https://www.alibabacloud.com/help/en/oss/user-guide/bucket-inventory
func Inventory(fsys fs.FS, manifest string) Source { return &inventory{fsys, manifest} }

type inventory struct {
	fsys fs.FS
	path string
}

const maxManifest = 16 << 20

// inventoryManifest is what a manifest.json says.
type inventoryManifest struct {
	SourceBucket string          `json:"sourceBucket"`
	FileFormat   string          `json:"fileFormat"`
	FileSchema   string          `json:"fileSchema"` // names of columns, as "Bucket, Key, Size"
	Files        []inventoryFile `json:"files"`

	sum [sha256.Size]byte
}

type inventoryFile struct {
	Key string `json:"key"`
	MD5 string `json:"MD5checksum"` // hexadecimal
}

func (v *inventory) manifest() (*inventoryManifest, error) {
	file, err := v.fsys.Open(v.path)
	if err != nil {
		return nil, fmt.Errorf("open the manifest of the inventory: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxManifest+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("read the manifest of the inventory: %w", err)
	}
	m := &inventoryManifest{sum: sha256.Sum256(data)}
	fail := func(format string, args ...any) (*inventoryManifest, error) {
		return nil, fmt.Errorf("%s is no manifest of an OSS inventory: %w", v.path, fmt.Errorf(format, args...))
	}
	if len(data) > maxManifest {
		return fail("it has more than %d bytes", maxManifest)
	}
	switch err := json.Unmarshal(data, m); {
	case err != nil:
		return fail("%w", err)
	case m.SourceBucket == "":
		return fail("there is no sourceBucket")
	case !strings.EqualFold(m.FileFormat, "CSV"):
		return fail("the fileFormat is %q; want CSV", m.FileFormat)
	}
	if _, err := m.columns(); err != nil {
		return fail("%w", err)
	}
	return m, nil
}

// Fingerprint tells reports apart, and has the bucket in it for those who read it.
func (v *inventory) Fingerprint(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	m, err := v.manifest()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("OSS inventory of %s, SHA-256 of the manifest %x", m.SourceBucket, m.sum[:16]), nil
}

// Items yields the objects behind the position after.
func (v *inventory) Items(ctx context.Context, after string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		goOn := true
		report := func(item Item, err error) bool {
			goOn = yield(item, err) && item.Position != ""
			return goOn
		}
		m, err := v.manifest()
		if err != nil {
			report(Item{}, err)
			return
		}
		place := linePosition{file: 1}
		if after != "" {
			var ok bool
			if place, ok = parseLinePosition(after); !ok || place.file == 0 || place.file > len(m.Files) {
				report(Item{}, fmt.Errorf("%q is no position in the inventory %s: want one that it has told, such as 2:12:834", after, v.path))
				return
			}
		}
		for ; goOn && place.file <= len(m.Files); place = (linePosition{file: place.file + 1}) {
			if err := v.read(ctx, m, place, report); err != nil {
				report(Item{}, err)
			}
		}
	}
}

// read yields what one list file has behind the place.
func (v *inventory) read(ctx context.Context, m *inventoryManifest, place linePosition, yield func(Item, error) bool) (err error) {
	listed := m.Files[place.file-1]
	file, err := v.open(listed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines, err := newLineReader(listed.Key, bufio.NewReaderSize(file, readSize))
	if err != nil {
		return err
	}
	if place.line > 0 {
		if err := lines.skipTo(place); err != nil {
			return err
		}
	}
	columns, err := m.columns()
	if err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		_, ofLine := errors.AsType[*LineError](err)
		if err != nil && !ofLine {
			return err
		}
		if err == nil && blank(line) {
			continue
		}
		item := Item{Position: linePosition{place.file, lines.number, lines.offset}.String()}
		if err == nil {
			uri, bad := columns.uri(string(line), m.SourceBucket)
			if bad != nil {
				err = lines.fail(bad.Column, bad.Reason)
			} else if uri == "" {
				continue
			}
			item.File.URI = uri
		}
		if !yield(item, err) {
			return nil
		}
	}
}

// open finds a list file, compares it with the manifest, and opens it again.
func (v *inventory) open(listed inventoryFile) (fs.File, error) {
	folder, name := path.Dir(v.path), path.Base(listed.Key)
	notThere := fs.ErrNotExist
	for _, candidate := range [...]string{listed.Key, path.Join(folder, "../data", name), path.Join(folder, name)} {
		if !fs.ValidPath(candidate) {
			continue
		}
		err := v.check(candidate, listed)
		if err == nil {
			return v.fsys.Open(candidate)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		notThere = err
	}
	return nil, fmt.Errorf("the list file %s of the inventory was not found, neither under its key nor in ../data from the manifest: %w",
		listed.Key, notThere)
}

// check wants the file that the manifest means.
func (v *inventory) check(name string, listed inventoryFile) (err error) {
	if listed.MD5 == "" {
		_, err := fs.Stat(v.fsys, name)
		return err
	}
	file, err := v.fsys.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := md5.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, listed.MD5) {
		return fmt.Errorf("%s has the MD5 %s, and the manifest names %s: download the list file again", name, got, strings.ToLower(listed.MD5))
	}
	return nil
}
