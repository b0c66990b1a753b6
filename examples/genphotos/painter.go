package main

import (
	"image"
	"image/color"
	"math/rand/v2"
)

// detail is how many dots a pixel has on each side while a scene is drawn; their
// mean is the pixel, which smooths every edge.
const detail = 2

// A painter draws on a canvas whose corners are 0,0 and 1000,1000 whatever its
// size, so that one scene fits every size. Lengths are thousandths of the
// shorter side. It calculates in whole numbers only, because floating point may
// round differently on another processor.
type painter struct {
	dots   *image.RGBA
	width  int // in dots
	height int
	source *rand.PCG
}

func newPainter(width, height int, seed uint64) *painter {
	width, height = width*detail, height*detail
	return &painter{
		dots:   image.NewRGBA(image.Rect(0, 0, width, height)),
		width:  width,
		height: height,
		source: rand.NewPCG(seed, 0),
	}
}

// between returns a random number from low up to, but not including, high.
func (p *painter) between(low, high int) int {
	return low + int(p.source.Uint64()%uint64(high-low))
}

func (p *painter) oneOf(colors ...color.RGBA) color.RGBA { return colors[p.between(0, len(colors))] }

func (p *painter) x(thousandths int) int { return thousandths * p.width / 1000 }

func (p *painter) y(thousandths int) int { return thousandths * p.height / 1000 }

func (p *painter) length(thousandths int) int {
	return max(thousandths*min(p.width, p.height)/1000, 1)
}

// spread converts a length along the shorter side to thousandths of the width
// and of the height, to place shapes beside each other.
func (p *painter) spread(length int) (dx, dy int) {
	return p.length(length) * 1000 / p.width, p.length(length) * 1000 / p.height
}

// sky fills the rows from top to bottom with a change from one colour to the
// other.
func (p *painter) sky(top, bottom int, from, to color.RGBA) {
	first, last := p.y(top), p.y(bottom)
	for y := first; y < last; y++ {
		p.row(0, p.width, y, mix(from, to, y-first, last-first))
	}
}

func (p *painter) rectangle(left, top, right, bottom int, c color.RGBA) {
	for y := p.y(top); y < p.y(bottom); y++ {
		p.row(p.x(left), p.x(right), y, c)
	}
}

// row fills the dots of one line from left up to, but not including, right.
func (p *painter) row(left, right, y int, c color.RGBA) {
	left, right = max(left, 0), min(right, p.width)
	if left >= right || y < 0 || y >= p.height {
		return
	}
	dots := p.dots.Pix[p.dots.PixOffset(left, y):p.dots.PixOffset(right, y)]
	filled := copy(dots, []uint8{c.R, c.G, c.B, c.A})
	for filled < len(dots) {
		filled += copy(dots[filled:], dots[:filled])
	}
}

func (p *painter) disc(x, y, radius int, c color.RGBA) { p.ellipse(x, y, radius, radius, c) }

func (p *painter) ellipse(x, y, across, down int, c color.RGBA) {
	cx, cy, a, b := p.x(x), p.y(y), p.length(across), p.length(down)
	half := 0
	for dy := -b; dy <= b; dy++ {
		for half < a && inEllipse(half+1, dy, a, b) {
			half++
		}
		for half > 0 && !inEllipse(half, dy, a, b) {
			half--
		}
		p.row(cx-half, cx+half+1, cy+dy, c)
	}
}

func inEllipse(dx, dy, a, b int) bool { return dx*dx*b*b+dy*dy*a*a <= a*a*b*b }

// triangle fills the triangle between three points given as x, y pairs.
func (p *painter) triangle(c color.RGBA, x1, y1, x2, y2, x3, y3 int) {
	x1, y1, x2, y2, x3, y3 = p.x(x1), p.y(y1), p.x(x2), p.y(y2), p.x(x3), p.y(y3)
	for y := min(y1, y2, y3); y <= max(y1, y2, y3); y++ {
		left, right := p.width, 0
		for x := min(x1, x2, x3); x <= max(x1, x2, x3); x++ {
			a := side(x1, y1, x2, y2, x, y)
			b := side(x2, y2, x3, y3, x, y)
			d := side(x3, y3, x1, y1, x, y)
			if (a >= 0 && b >= 0 && d >= 0) || (a <= 0 && b <= 0 && d <= 0) {
				left, right = min(left, x), x+1
			}
		}
		p.row(left, right, y, c)
	}
}

// side tells on which side of the line from the first to the second point the
// third lies, by its sign.
func side(x1, y1, x2, y2, x, y int) int { return (x2-x1)*(y-y1) - (y2-y1)*(x-x1) }

// line draws a stroke as discs beside each other, which gives it round ends.
func (p *painter) line(x1, y1, x2, y2, thickness int, c color.RGBA) {
	const steps = 120
	for i := range steps + 1 {
		p.disc(x1+(x2-x1)*i/steps, y1+(y2-y1)*i/steps, thickness, c)
	}
}

// ridge fills everything below a rolling line that runs around the height base.
func (p *painter) ridge(base, swing, hills int, c color.RGBA) {
	heights := make([]int, hills+2)
	for i := range heights {
		heights[i] = p.y(base) + p.between(-p.y(swing), p.y(swing)+1)
	}
	step := p.width/hills + 1
	for x := range p.width {
		at, within := x/step, x%step
		// The cubic 3t²-2t³ makes the line smooth where two hills meet.
		share := within * within * (3*step - 2*within) / step
		top := heights[at] + (heights[at+1]-heights[at])*share/(step*step)
		for y := max(top, 0); y < p.height; y++ {
			p.dots.SetRGBA(x, y, c)
		}
	}
}

// finish returns the image, each pixel the mean of its dots.
func (p *painter) finish() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, p.width/detail, p.height/detail))
	line := make([]int, img.Stride)
	for y := range p.height / detail {
		clear(line)
		for dotY := range detail {
			dots := p.dots.Pix[p.dots.PixOffset(0, y*detail+dotY):][:p.dots.Stride]
			for i, value := range dots {
				line[i/4/detail*4+i%4] += int(value)
			}
		}
		pixels := img.Pix[img.PixOffset(0, y):][:img.Stride]
		for i, sum := range line {
			pixels[i] = uint8(sum / (detail * detail))
		}
	}
	return img
}

// rgb makes an opaque colour from its usual notation, such as 0xff8800.
func rgb(code uint32) color.RGBA {
	return color.RGBA{uint8(code >> 16), uint8(code >> 8), uint8(code), 0xff}
}

// mix returns the colour that lies part of whole steps from one to the other.
func mix(from, to color.RGBA, part, whole int) color.RGBA {
	blend := func(a, b uint8) uint8 { return uint8((int(a)*(whole-part) + int(b)*part) / whole) }
	return color.RGBA{blend(from.R, to.R), blend(from.G, to.G), blend(from.B, to.B), 0xff}
}
