package main

import (
	"bytes"
	"image"
	"image/draw"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// photos is the folder that the generator fills, as it is committed.
const photos = "../photos"

// drawnAgain is how many pixels a picture may have for its content to be
// compared too. Larger ones show the same scenes and would take the race detector
// many seconds.
const drawnAgain = 100_000

func committed(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	folder := os.DirFS(photos)
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(folder, name)
		return err
	})
	require.NoError(t, err)
	return files
}

func TestTheCommittedFilesAreTheOnesThatAreGenerated(t *testing.T) {
	t.Parallel()
	found := committed(t)
	require.Len(t, found, len(catalogue)+2, "remove files that the catalogue does not name")
	require.Equal(t, notes, string(found["notes.txt"]))
	cut, err := cutShort.file()
	require.NoError(t, err)
	// The part that is left has no image data, so every encoder writes it alike.
	require.Equal(t, cut[:cutAt], found[cutShort.name])
	for _, p := range catalogue {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			config, _, err := image.DecodeConfig(bytes.NewReader(found[p.name]))
			require.NoError(t, err)
			require.Equal(t, image.Pt(p.width, p.height), image.Pt(config.Width, config.Height))
			if p.width*p.height > drawnAgain {
				return
			}
			data, err := p.file()
			require.NoError(t, err)
			wanted, _, err := image.Decode(bytes.NewReader(data))
			require.NoError(t, err)
			found, _, err := image.Decode(bytes.NewReader(found[p.name]))
			require.NoError(t, err)
			// Versions of the JPEG encoder round differently; a drawing that is
			// another one differs by far more than this.
			tolerance := 0
			if path.Ext(p.name) != ".png" {
				tolerance = 3
			}
			require.LessOrEqual(t, meanDifference(wanted, found), tolerance, "run 'make photos'")
		})
	}
}

func TestTheFolderHasWhatTheExamplesRelyOn(t *testing.T) {
	t.Parallel()
	files := committed(t)
	formats, shapes, sizes := map[string]int{}, map[string]int{}, map[image.Point]bool{}
	unreadable, total := []string{}, 0
	for name, data := range files {
		total += len(data)
		config, format, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			unreadable = append(unreadable, name)
			continue
		}
		formats[format]++
		sizes[image.Pt(config.Width, config.Height)] = true
		switch {
		case config.Width > config.Height:
			shapes["landscape"]++
		case config.Width < config.Height:
			shapes["portrait"]++
		}
	}
	require.ElementsMatch(t, []string{"notes.txt", "animals/cut-short.jpg"}, unreadable)
	require.Len(t, files, 38)
	require.Less(t, total, 600_000)
	require.Greater(t, formats["png"], 5)
	require.Greater(t, formats["jpeg"], 20)
	require.Greater(t, shapes["landscape"], 5)
	require.Greater(t, shapes["portrait"], 5)
	require.True(t, sizes[image.Pt(64, 48)], "the smallest size")
	require.True(t, sizes[image.Pt(640, 480)], "the largest size")
}

func TestDrawingAPictureTwiceGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, p := range []picture{{"a.png", 64, 48, fireworks, 1}, {"a.jpg", 48, 64, cat, 2}, {"a.jpeg", 60, 60, city, 3}} {
		first, err := p.file()
		require.NoError(t, err)
		second, err := p.file()
		require.NoError(t, err)
		require.Equal(t, first, second, p.name)
	}
}

func TestFilesAreWrittenBelowTheFolderInTheirSubfolders(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	files := map[string][]byte{"a.txt": []byte("a"), "deep/er/é b.txt": []byte("b")}
	require.NoError(t, write(out, files))
	require.NoError(t, write(out, files), "a second run replaces the files")
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name)))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestAnUnknownEndingIsRefused(t *testing.T) {
	t.Parallel()
	_, err := picture{"a.gif", 8, 8, cat, 1}.file()
	require.ErrorContains(t, err, ".png, .jpg or .jpeg")
}

func TestRunAsksForAFolder(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run("", 0), "-out examples/photos")
	require.ErrorContains(t, run(t.TempDir(), 1), "-out examples/photos")
}

// meanDifference is how far two images of one size are apart, from 0 to 255, on
// average over all pixels and channels, rounded up.
func meanDifference(a, b image.Image) int {
	first, second := image.NewRGBA(a.Bounds()), image.NewRGBA(b.Bounds())
	draw.Draw(first, first.Bounds(), a, a.Bounds().Min, draw.Src)
	draw.Draw(second, second.Bounds(), b, b.Bounds().Min, draw.Src)
	sum := 0
	for i := range first.Pix {
		d := int(first.Pix[i]) - int(second.Pix[i])
		sum += max(d, -d)
	}
	return (sum + len(first.Pix) - 1) / len(first.Pix)
}
