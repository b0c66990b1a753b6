package main

func balloons(p *painter) {
	p.sky(0, 1000, rgb(0x5aa9e6), rgb(0xfde8d0))
	for range 5 {
		x, y, size := p.between(120, 880), p.between(150, 600), p.between(70, 130)
		main := p.oneOf(rgb(0xe63946), rgb(0xf4a261), rgb(0x2a9d8f), rgb(0x7b4bb7))
		dx, dy := p.spread(size)
		p.line(x-dx/2, y+dy/2, x-dx/6, y+dy*19/10, 2, rgb(0x5c4632))
		p.line(x+dx/2, y+dy/2, x+dx/6, y+dy*19/10, 2, rgb(0x5c4632))
		p.triangle(main, x-dx*9/10, y+dy/2, x+dx*9/10, y+dy/2, x, y+dy*17/10)
		p.ellipse(x, y, size, size*11/10, main)
		p.ellipse(x, y, size*55/100, size*11/10, rgb(0xfff6e5))
		p.ellipse(x, y, size/4, size*11/10, main)
		p.rectangle(x-dx/5, y+dy*18/10, x+dx/5, y+dy*21/10, rgb(0x8a5a33))
	}
	p.ridge(900, 40, 4, rgb(0x6b9a56))
}

func fireworks(p *painter) {
	p.sky(0, 1000, rgb(0x060818), rgb(0x1e2450))
	// The sixteen directions of a burst, in thousandths of its radius.
	directions := [][2]int{
		{1000, 0}, {924, 383}, {707, 707}, {383, 924}, {0, 1000}, {-383, 924}, {-707, 707}, {-924, 383},
		{-1000, 0}, {-924, -383}, {-707, -707}, {-383, -924}, {0, -1000}, {383, -924}, {707, -707}, {924, -383},
	}
	for range 5 {
		x, y := p.between(150, 850), p.between(120, 620)
		dx, dy := p.spread(p.between(110, 240))
		spark := p.oneOf(rgb(0xff5d73), rgb(0xffd166), rgb(0x6ee7b7), rgb(0x8ab4ff))
		for _, d := range directions {
			p.line(x+dx*d[0]/4000, y+dy*d[1]/4000, x+dx*d[0]/1000, y+dy*d[1]/1000, 3, spark)
			p.disc(x+dx*d[0]/1000, y+dy*d[1]/1000, 9, rgb(0xffffff))
		}
	}
	p.ridge(920, 25, 9, rgb(0x03040c))
}

func cake(p *painter) {
	p.sky(0, 1000, rgb(0xf8d7da), rgb(0xfdf1e3))
	p.ellipse(500, 860, 420, 60, rgb(0xcfd8dc))
	p.rectangle(240, 520, 760, 840, rgb(0x7b4a2d))
	p.rectangle(240, 640, 760, 690, rgb(0xfbe3b5))
	p.rectangle(220, 470, 780, 560, rgb(0xfff5f7))
	for x := 250; x < 780; x += 70 {
		p.ellipse(x, 560, 38, p.between(35, 80), rgb(0xfff5f7))
	}
	for x := 300; x <= 700; x += 100 {
		p.rectangle(x-12, 300, x+12, 470, p.oneOf(rgb(0x4f9dd9), rgb(0xe06377), rgb(0x6bbf59)))
		p.ellipse(x, 260, 16, 38, rgb(0xffb52e))
		p.ellipse(x, 270, 8, 18, rgb(0xfff4c2))
	}
}

func chart(p *painter) {
	p.rectangle(0, 0, 1000, 1000, rgb(0xffffff))
	for y := 150; y < 850; y += 140 {
		p.rectangle(100, y, 950, y+6, rgb(0xdde3ea))
	}
	for i := range 7 {
		left := 140 + i*115
		p.rectangle(left, p.between(200, 780), left+75, 850, p.oneOf(rgb(0x2f6fde), rgb(0x27a387), rgb(0xe2a32b)))
	}
	p.rectangle(100, 850, 950, 860, rgb(0x30363d))
	p.rectangle(100, 120, 110, 860, rgb(0x30363d))
}

func letter(p *painter) {
	p.rectangle(0, 0, 1000, 1000, rgb(0xfbfaf5))
	p.rectangle(100, 80, 400, 115, rgb(0x37474f))
	for y := 200; y < 800; y += 40 {
		for x := 100; x < 850; {
			end := min(x+p.between(30, 130), 900)
			p.rectangle(x, y, end, y+14, rgb(0x607d8b))
			x = end + 20
		}
		if p.between(0, 5) == 0 {
			y += 40
		}
	}
	p.line(600, 900, 680, 850, 6, rgb(0x1a3a8f))
	p.line(680, 850, 720, 920, 6, rgb(0x1a3a8f))
	p.line(720, 920, 860, 860, 6, rgb(0x1a3a8f))
}
