package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"path"
)

// jpegQuality keeps the whole folder well below 600 KB.
const jpegQuality = 80

// A picture is one image of the folder: where it goes, how large it is, what it
// shows, and the seed that makes it differ from others of the same scene.
type picture struct {
	name          string
	width, height int
	scene         func(*painter)
	seed          uint64
}

// file draws the picture and returns it in the format that its name ends in.
func (p picture) file() ([]byte, error) {
	brush := newPainter(p.width, p.height, p.seed)
	p.scene(brush)
	var buf bytes.Buffer
	var err error
	switch path.Ext(p.name) {
	case ".png":
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		err = encoder.Encode(&buf, brush.finish())
	case ".jpg", ".jpeg":
		err = jpeg.Encode(&buf, brush.finish(), &jpeg.Options{Quality: jpegQuality})
	default:
		err = errors.New("the name must end in .png, .jpg or .jpeg")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return buf.Bytes(), nil
}

// catalogue lists the images that can be decoded. PNG is kept for flat scenes
// and small sizes, where it is not much larger than JPEG.
var catalogue = []picture{
	{"2024/IMG_0001.jpg", 640, 480, mountains, 1},
	{"2024/IMG_0002.jpg", 480, 640, sea, 2},
	{"2024/IMG_0003.jpg", 320, 240, city, 3},
	{"2024/IMG_0004.jpg", 240, 320, balloons, 4},
	{"2024/IMG_0005.png", 160, 120, chart, 5},
	{"2024/birthday cake.jpg", 400, 300, cake, 6},
	{"2024/fireworks.jpg", 360, 540, fireworks, 7},
	{"2024/scan 0001.png", 210, 297, letter, 8},
	{"2024/summer/beach day.jpg", 600, 400, sea, 9},
	{"2024/summer/dunes.jpg", 512, 384, dunes, 10},
	{"2025/IMG_0101.jpg", 640, 360, city, 11},
	{"2025/IMG_0102.jpg", 300, 400, meadow, 12},
	{"2025/IMG_0103.jpeg", 320, 320, balloons, 13},
	{"2025/IMG_0104.png", 128, 128, chart, 14},
	{"2025/IMG_0105.png", 64, 48, mountains, 15},
	{"2025/café.jpg", 320, 200, cake, 16},
	{"2025/new year.jpg", 480, 360, fireworks, 17},
	{"2025/scan 0002.png", 297, 210, letter, 18},
	{"2025/winter/première neige.jpg", 500, 375, forest, 19},
	{"2025/winter/stars.jpg", 426, 640, night, 20},
	{"animals/butterfly.png", 200, 160, butterfly, 21},
	{"animals/cat.jpg", 400, 400, cat, 22},
	{"animals/cat at home.jpg", 480, 320, cat, 23},
	{"animals/fish.png", 240, 160, fish, 24},
	{"animals/fish school.jpg", 640, 427, fish, 25},
	{"animals/ladybird.png", 180, 180, ladybird, 26},
	{"animals/owl.jpg", 300, 450, owl, 27},
	{"animals/猫.jpg", 256, 256, cat, 28},
	{"animals/Käuzchen.png", 96, 128, owl, 29},
	{"landscapes/desert.jpg", 640, 320, dunes, 30},
	{"landscapes/forest.jpg", 360, 480, forest, 31},
	{"landscapes/lake at dusk.jpg", 640, 427, sea, 32},
	{"landscapes/meadow.jpg", 480, 300, meadow, 33},
	{"landscapes/night.jpg", 384, 512, night, 34},
	{"landscapes/thumbnail.png", 80, 60, sea, 35},
	{"landscapes/西湖.jpg", 560, 420, mountains, 36},
}

// cutShort is drawn like the others and then loses all but its first bytes.
var cutShort = picture{"animals/cut-short.jpg", 320, 240, cat, 37}
