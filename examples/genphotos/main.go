// Command genphotos draws the sample images of examples/photos: some dozens of
// small scenes as PNG and JPEG, in several sizes and folders, with names that
// hold a space or letters beyond ASCII, beside one text file and one JPEG whose
// upload was cut short. The examples index that folder.
//
// Every scene starts from a fixed seed and is drawn with whole numbers, so a
// second run draws the same pixels on any machine. The bytes may still differ
// between Go versions, because the encoders of the standard library do.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . -out ../photos

const (
	// cutAt is where the damaged JPEG ends: inside its first table and before
	// the header that holds the size, so that neither image.Decode nor
	// image.DecodeConfig can read it.
	cutAt = 100

	notes = `Sample images for the examples of this SDK. They are drawn by the program in
examples/genphotos; none of them is a photograph of anything. This text file
and animals/cut-short.jpg are here on purpose: a folder of real files holds
things that are not images, and images that cannot be read.
`
)

func main() {
	out := flag.String("out", "", "folder to write the images to; existing files are replaced")
	flag.Parse()
	if err := run(*out, flag.NArg()); err != nil {
		fmt.Fprintln(os.Stderr, "genphotos:", err)
		os.Exit(1)
	}
}

func run(out string, extra int) error {
	if out == "" || extra > 0 {
		return errors.New("name the folder to write to: go run ./examples/genphotos -out examples/photos")
	}
	files, err := generate()
	if err != nil {
		return err
	}
	if err := write(out, files); err != nil {
		return err
	}
	fmt.Printf("wrote %d files to %s\n", len(files), out)
	return nil
}

func write(out string, files map[string][]byte) error {
	for name, data := range files {
		target := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the content of every file, by its name below the folder.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{"notes.txt": []byte(notes)}
	for _, p := range append([]picture{cutShort}, catalogue...) {
		data, err := p.file()
		if err != nil {
			return nil, err
		}
		files[p.name] = data
	}
	files[cutShort.name] = files[cutShort.name][:cutAt]
	return files, nil
}
