package main

import "image/color"

func cat(p *painter) {
	p.sky(0, 1000, p.oneOf(rgb(0xcfe3e6), rgb(0xf0d9c8), rgb(0xd8d3ea)), rgb(0xf8f4ec))
	fur := p.oneOf(rgb(0xd98b3f), rgb(0x55555c), rgb(0x8a6a4f))
	dx, dy := p.spread(100)
	at := func(x, y int) (int, int) { return 500 + x*dx/100, 560 + y*dy/100 }
	ear := func(sign, inset, from, tip int, c color.RGBA) {
		x1, y1 := at(sign*(250-inset), from)
		x2, y2 := at(sign*(220-inset/3), tip)
		x3, y3 := at(sign*(60+inset), from-60)
		p.triangle(c, x1, y1, x2, y2, x3, y3)
	}
	for _, sign := range []int{-1, 1} {
		ear(sign, 0, -100, -370, fur)
		ear(sign, 40, -140, -310, rgb(0xe7a9a0))
	}
	p.ellipse(500, 560, 290, 250, fur)
	for _, sign := range []int{-1, 1} {
		x, y := at(sign*115, -40)
		p.ellipse(x, y, 58, 46, rgb(0xd7e86a))
		p.ellipse(x, y, 16, 42, rgb(0x111111))
		x, y = at(sign*55, 110)
		p.ellipse(x, y, 75, 55, rgb(0xf6ede2))
		for whisker := range 3 {
			x1, y1 := at(sign*90, 95+whisker*20)
			x2, y2 := at(sign*330, 50+whisker*55)
			p.line(x1, y1, x2, y2, 4, rgb(0xfdfdfd))
		}
	}
	x1, y1 := at(-35, 55)
	x2, y2 := at(35, 55)
	x3, y3 := at(0, 95)
	p.triangle(rgb(0xc9626b), x1, y1, x2, y2, x3, y3)
}

func fish(p *painter) {
	p.sky(0, 1000, rgb(0x4fb3d4), rgb(0x0b3c66))
	p.ridge(900, 30, 4, rgb(0xd9c48f))
	for range 9 {
		x, y, size := p.between(100, 900), p.between(120, 820), p.between(40, 95)
		body := p.oneOf(rgb(0xff8c42), rgb(0xf2d03b), rgb(0xe4572e), rgb(0xd0e1f2))
		dx, dy := p.spread(size)
		p.triangle(body, x-dx, y, x-dx*2, y-dy*2/3, x-dx*2, y+dy*2/3)
		p.ellipse(x, y, size*13/10, size*7/10, body)
		p.ellipse(x-dx/4, y, size/5, size*6/10, rgb(0xfafafa))
		p.disc(x+dx*3/4, y-dy/6, size/6, rgb(0xffffff))
		p.disc(x+dx*3/4, y-dy/6, size/11, rgb(0x101010))
	}
	for range 14 {
		x, y, size := p.between(0, 1000), p.between(0, 800), p.between(6, 16)
		p.disc(x, y, size, rgb(0xbfe6f2))
		p.disc(x, y, size*2/3, rgb(0x6fbcd6))
	}
}

func butterfly(p *painter) {
	p.sky(0, 1000, rgb(0xd9f0c9), rgb(0xa8d8b0))
	wing := p.oneOf(rgb(0xe76f2e), rgb(0x3d6fd1), rgb(0xb04fc0))
	for _, sign := range []int{-1, 1} {
		dx, dy := p.spread(100)
		p.ellipse(500+sign*dx*21/10, 500-dy*15/10, 210, 160, rgb(0x232323))
		p.ellipse(500+sign*dx*21/10, 500-dy*15/10, 185, 135, wing)
		p.ellipse(500+sign*dx*16/10, 500+dy*16/10, 150, 140, rgb(0x232323))
		p.ellipse(500+sign*dx*16/10, 500+dy*16/10, 125, 115, wing)
		p.disc(500+sign*dx*26/10, 500-dy*18/10, 45, rgb(0xfff3c4))
		p.disc(500+sign*dx*17/10, 500+dy*18/10, 38, rgb(0xfff3c4))
		p.line(500, 500-dy*3, 500+sign*dx, 500-dy*43/10, 6, rgb(0x232323))
	}
	p.ellipse(500, 500, 32, 320, rgb(0x232323))
}

func ladybird(p *painter) {
	p.sky(0, 1000, rgb(0x7cc36a), rgb(0x3f8f46))
	p.line(0, 820, 1000, 240, 14, rgb(0x9ad786))
	for i := range 3 {
		p.line(330, 420+i*120, 120, 360+i*150, 12, rgb(0x151515))
		p.line(670, 420+i*120, 880, 360+i*150, 12, rgb(0x151515))
	}
	p.disc(500, 280, 140, rgb(0x151515))
	p.ellipse(500, 560, 290, 310, rgb(0xd62828))
	p.line(500, 260, 500, 860, 9, rgb(0x151515))
	for _, sign := range []int{-1, 1} {
		p.disc(500+sign*130, 430, 48, rgb(0x151515))
		p.disc(500+sign*170, 590, 44, rgb(0x151515))
		p.disc(500+sign*110, 740, 40, rgb(0x151515))
		p.disc(500+sign*70, 240, 26, rgb(0xffffff))
	}
}

func owl(p *painter) {
	p.sky(0, 1000, rgb(0x22305a), rgb(0x5a5f8f))
	p.disc(780, 180, 90, rgb(0xf5efcf))
	dx, dy := p.spread(100)
	p.rectangle(0, 880, 1000, 930, rgb(0x4a3222))
	p.ellipse(500, 600, 280, 400, rgb(0x7a5638))
	p.ellipse(500, 680, 190, 270, rgb(0xc9a77c))
	for row := range 4 {
		for column := range 3 {
			p.disc(500+(column-1)*dx, 640+row*70, 26, rgb(0x9a744b))
		}
	}
	for _, sign := range []int{-1, 1} {
		p.triangle(rgb(0x7a5638), 500+sign*dx*26/10, 600-dy*49/10, 500+sign*dx*24/10, 600-dy*2, 500+sign*dx/2, 600-dy*37/10)
		p.disc(500+sign*dx*12/10, 600-dy*22/10, 115, rgb(0xf1e2c4))
		p.disc(500+sign*dx*12/10, 600-dy*22/10, 80, rgb(0xf4b41a))
		p.disc(500+sign*dx*12/10, 600-dy*22/10, 45, rgb(0x101010))
	}
	p.triangle(rgb(0xe08a1e), 500-dx/3, 600-dy*17/10, 500+dx/3, 600-dy*17/10, 500, 600-dy)
}
