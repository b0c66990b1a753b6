// Command api compares what users of the project's modules can import and call with
// the descriptions of it in a folder, one file for each package, and says what has
// changed and whether that breaks their programs. With -write it writes the
// descriptions anew.
//
//	api [-write] [-to FOLDER] MODULE...
//
// A MODULE is the folder of one. The exit code is 1 if something differs and was not
// written.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "api:", err)
		}
		os.Exit(1)
	}
}

// root is the module whose name descriptions leave out.
const root = "github.com/imm-go/imm"

var errDiffers = errors.New("the public API is not as described")

func run(args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	flags.SetOutput(errs)
	write := flags.Bool("write", false, "write the descriptions anew")
	folder := flags.String("to", ".", "folder of the descriptions")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no module is named; want the folders of one or more")
	}
	check := &check{folder: *folder, write: *write, out: out, seen: make(map[string]bool)}
	for _, dir := range flags.Args() {
		if err := check.module(dir); err != nil {
			return err
		}
	}
	if err := check.rest(); err != nil {
		return err
	}
	if check.differs && !check.write {
		return errDiffers
	}
	return nil
}

type check struct {
	folder  string
	write   bool
	out     io.Writer
	seen    map[string]bool // files of packages that there are
	differs bool
}

// fileOf is the description of a package: imm.txt for the root, and
// bulk-boltjournal.txt for bulk/boltjournal.
func fileOf(path string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(path, root), "/")
	if name == "" {
		name = "imm"
	}
	return strings.ReplaceAll(name, "/", "-") + ".txt"
}

func (c *check) module(dir string) error {
	texts, others, err := c.descriptions()
	if err != nil {
		return err
	}
	public, all, err := load(dir, nil)
	if err != nil {
		return err
	}
	// Once more with what the descriptions of these packages import, which the
	// packages themselves may have ceased to do.
	var wanted []string
	for _, pkg := range public {
		wanted = append(wanted, others[fileOf(pkg.Path())]...)
	}
	slices.Sort(wanted)
	wanted = slices.DeleteFunc(slices.Compact(wanted), func(path string) bool { return all[path] != nil })
	if len(wanted) > 0 {
		if public, all, err = load(dir, wanted); err != nil {
			return err
		}
	}
	for _, pkg := range public {
		name := fileOf(pkg.Path())
		c.seen[name] = true
		text, err := describe(pkg)
		if err != nil {
			return err
		}
		before, known := texts[name]
		if known && bytes.Equal(before, text) {
			continue
		}
		c.differs = true
		if !known {
			fmt.Fprintf(c.out, "%s: compatible: the package is new\n", pkg.Path())
		} else {
			changes, err := compare(before, pkg, all)
			if err != nil {
				return fmt.Errorf("%s: %w", filepath.Join(c.folder, name), err)
			}
			for _, change := range changes {
				kind := "BREAKS PROGRAMS"
				if change.Compatible {
					kind = "compatible"
				}
				fmt.Fprintf(c.out, "%s: %s: %s\n", pkg.Path(), kind, change.Message)
			}
			if len(changes) == 0 {
				fmt.Fprintf(c.out, "%s: compatible: names of parameters, or the order\n", pkg.Path())
			}
		}
		if c.write {
			if err := os.WriteFile(filepath.Join(c.folder, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// descriptions are those that there are, and what each of them imports.
func (c *check) descriptions() (texts map[string][]byte, others map[string][]string, err error) {
	texts, others = make(map[string][]byte), make(map[string][]string)
	paths, err := filepath.Glob(filepath.Join(c.folder, "*.txt"))
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		name := filepath.Base(path)
		texts[name] = text
		if others[name], err = imported(text); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return texts, others, nil
}

// rest is for the descriptions of packages that are gone.
func (c *check) rest() error {
	texts, _, err := c.descriptions()
	if err != nil {
		return err
	}
	for name := range texts {
		if c.seen[name] {
			continue
		}
		c.differs = true
		fmt.Fprintf(c.out, "%s: BREAKS PROGRAMS: the package is gone\n", strings.TrimSuffix(name, ".txt"))
		if c.write {
			if err := os.Remove(filepath.Join(c.folder, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
