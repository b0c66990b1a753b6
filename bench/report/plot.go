package main

import (
	"fmt"
	"math"
	"strings"
)

// panel is one of the diagrams of the picture: processor time of a call over what
// grows, both in logarithms, so that what is proportional is a line of one slope.
type panel struct {
	benchmark, parameter string
	title, unit          string
	values               []int
}

var panels = []panel{
	{"GrowthFiles", "files", "files of a batch", "files", []int{1, 2, 5, 10, 20, 50, 100}},
	{"GrowthLabels", "labels", "labels of each of 10 files", "labels", []int{0, 1, 2, 5, 10, 20, 50}},
	{"GrowthGoroutines", "goroutines", "goroutines with one client", "goroutines", []int{1, 2, 4, 8, 16, 32, 64, 128, 256}},
}

type point struct{ x, y float64 }

func (p panel) points(r *results, client string) []point {
	var points []point
	for _, value := range p.values {
		name := fmt.Sprintf("%s/%s=%d/client=%s", p.benchmark, p.parameter, value, client)
		if y, ok := r.median(name, cpuTime); ok && y > 0 {
			points = append(points, point{float64(value), y / 1e3})
		}
	}
	return points
}

// The measures of the picture, in pixels.
const (
	panelWidth, panelHeight = 300, 260
	left, top, gap          = 60, 50, 50
)

// The least and the most microseconds that are drawn.
const least, most = 1.0, 1000.0

var colours = map[string]string{"ours": "#0a7", "published": "#c33", "core": "#e90", "plain": "#36c"}

// draw is the picture as SVG.
func draw(r *results) string {
	var b strings.Builder
	width := left + len(panels)*(panelWidth+gap)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, top+panelHeight+50)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for i, client := range clients {
		fmt.Fprintf(&b, `<text x="%d" y="20" fill="%s">%s</text>`+"\n", left+i*90, colours[client], client)
	}
	b.WriteString(`<text x="430" y="20" fill="#888">grey: proportional. Processor time of a call, µs, over what grows; both axes are logarithmic</text>` + "\n")
	for i, p := range panels {
		p.draw(&b, r, left+i*(panelWidth+gap))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p panel) draw(b *strings.Builder, r *results, x0 int) {
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#999"/>`+"\n", x0, top, panelWidth, panelHeight)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", x0+panelWidth/2, top+panelHeight+38, p.title)
	for y := least; y <= most; y *= 10 {
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", x0-5, p.y(y)+4, y)
	}
	for _, value := range p.values {
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", p.x(x0, float64(value)), top+panelHeight+18, value)
	}
	if ours := p.points(r, "ours"); len(ours) > 1 {
		// The line that cost would follow if all of it were proportional.
		var line []point
		for _, at := range ours {
			if y := ours[0].y * max(at.x, 1) / max(ours[0].x, 1); y <= most {
				line = append(line, point{at.x, y})
			}
		}
		p.line(b, x0, line, "#aaa", ` stroke-dasharray="4 4"`)
	}
	for _, client := range clients {
		p.line(b, x0, p.points(r, client), colours[client], "")
	}
}

func (p panel) line(b *strings.Builder, x0 int, points []point, colour, style string) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2"%s points="`, colour, style)
	for _, at := range points {
		fmt.Fprintf(b, "%.1f,%.1f ", p.x(x0, at.x), p.y(at.y))
	}
	b.WriteString(`"/>` + "\n")
}

// x is where a value stands. None has no logarithm, and stands at the left.
func (p panel) x(x0 int, value float64) float64 {
	scale := func(v float64) float64 { return math.Log(v + 1) }
	first, last := scale(float64(p.values[0])), scale(float64(p.values[len(p.values)-1]))
	const inside = 15
	return float64(x0+inside) + (panelWidth-2*inside)*(scale(value)-first)/(last-first)
}

func (p panel) y(microseconds float64) float64 {
	within := min(max(microseconds, least), most)
	return float64(top+panelHeight) - panelHeight*math.Log(within/least)/math.Log(most/least)
}
