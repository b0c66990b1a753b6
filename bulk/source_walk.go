package bulk

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"strings"
)

// Walk is a Source of the files below the root of fsys: those of a local folder
// that was copied to a bucket, or of the emulator's buckets. The place is
// oss://bucket or oss://bucket/prefix, and a file at the path a/b.jpg becomes
// oss://bucket/prefix/a/b.jpg.
//
// Files come in the order of fs.WalkDir; it holds the names of one folder at each
// level. Symbolic links to files are files, those to folders are not followed, and
// devices and sockets are left out. A folder or a link that cannot be read comes
// as an error with its path as Position, and the loop can go on. The fingerprint
// is the place: what fsys holds is not a part of it, and a file that is new behind
// the position is found.
func Walk(fsys fs.FS, place string) Source {
	return &walk{fsys, strings.TrimSuffix(place, "/")}
}

type walk struct {
	fsys  fs.FS
	place string
}

func (w *walk) check() error {
	bucket, isOSS := strings.CutPrefix(w.place, "oss://")
	if bucket, _, _ = strings.Cut(bucket, "/"); !isOSS || bucket == "" {
		return fmt.Errorf("%q is no place for files; want oss://bucket or oss://bucket/prefix", w.place)
	}
	return nil
}

func (w *walk) Fingerprint(context.Context) (string, error) {
	if err := w.check(); err != nil {
		return "", err
	}
	return "walk of " + w.place, nil
}

func (w *walk) Items(ctx context.Context, after string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if err := w.check(); err != nil {
			yield(Item{}, err)
			return
		}
		err := fs.WalkDir(w.fsys, ".", func(path string, entry fs.DirEntry, err error) error {
			if ended := ctx.Err(); ended != nil {
				return ended
			}
			if err == nil && path != "." {
				if !walkedBehind(path, after) {
					return passedBefore(path, after, entry)
				}
				var isFile bool
				if isFile, err = w.isFile(path, entry); err == nil && !isFile {
					return nil
				}
			}
			if err != nil && !walkedBehind(path, after) || path == "." {
				return err // there is no way to what comes next
			}
			item := Item{Position: path}
			if err != nil {
				err = fmt.Errorf("walk the files of %s: %w", w.place, err)
				if entry.IsDir() {
					item.Position += "/"
				}
			} else {
				item.File.URI = w.place + "/" + path
			}
			switch {
			case !yield(item, err):
				return fs.SkipAll
			case err != nil && entry.IsDir():
				return fs.SkipDir // not the half of it
			}
			return nil
		})
		if err != nil {
			yield(Item{}, fmt.Errorf("walk the files of %s: %w", w.place, err))
		}
	}
}

func (w *walk) isFile(path string, entry fs.DirEntry) (bool, error) {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular(), nil
	}
	info, err := fs.Stat(w.fsys, path)
	return err == nil && info.Mode().IsRegular(), err
}

// passedBefore leaves out a path that was yielded before, and with a folder what
// is in it, unless the position after is there. A file may have become a folder.
func passedBefore(path, after string, entry fs.DirEntry) error {
	if entry.IsDir() && after != path && (after == path+"/" || !strings.HasPrefix(after, path+"/")) {
		return fs.SkipDir
	}
	return nil
}

// walkedBehind reports whether a walk comes to path later than to after. It goes
// by the parts of a path: all of a comes before a.b, so a slash is the least byte.
func walkedBehind(path, after string) bool {
	for i := range min(len(path), len(after)) {
		switch {
		case path[i] == after[i]:
		case path[i] == '/':
			return false
		case after[i] == '/':
			return true
		default:
			return path[i] > after[i]
		}
	}
	return len(path) > len(after)
}
