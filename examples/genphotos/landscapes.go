package main

func mountains(p *painter) {
	p.sky(0, 1000, rgb(0x4f8fc9), rgb(0xf6e3c8))
	p.disc(p.between(200, 800), 220, 70, rgb(0xfff3b0))
	far, near := rgb(0x9db4c8), rgb(0x24483f)
	for i := range 4 {
		p.ridge(430+i*140, 110-i*15, 4+i, mix(far, near, i, 3))
	}
}

func sea(p *painter) {
	horizon := p.between(480, 580)
	p.sky(0, horizon, p.oneOf(rgb(0x2b4a86), rgb(0x3c7fc0), rgb(0x5a3d7a)), rgb(0xffc27a))
	sun := p.between(300, 700)
	p.disc(sun, horizon-60, 80, rgb(0xfff0c2))
	p.sky(horizon, 1000, rgb(0x2f7a9a), rgb(0x123a5a))
	for i := range 14 {
		y := horizon + 15 + i*i*2
		half := 60 + p.between(0, 60)
		p.line(sun-half, y, sun+half, y, 3, rgb(0xffd9a0))
	}
	boat := p.between(100, 250)
	p.triangle(rgb(0xfafafa), boat, horizon-140, boat, horizon-10, boat+90, horizon-10)
	p.triangle(rgb(0x6b3e26), boat-60, horizon, boat+110, horizon, boat+30, horizon+50)
}

func dunes(p *painter) {
	p.sky(0, 1000, rgb(0x8ec9ea), rgb(0xfbe8c4))
	p.disc(p.between(650, 850), 180, 65, rgb(0xfffbe0))
	light, dark := rgb(0xe9c078), rgb(0x9a5b2c)
	for i := range 4 {
		p.ridge(520+i*130, 70, 2+i%3, mix(light, dark, i, 3))
	}
	x := p.between(150, 350)
	p.line(x, 600, x, 800, 16, rgb(0x3e6b3a))
	p.line(x-60, 690, x, 720, 12, rgb(0x3e6b3a))
	p.line(x-60, 640, x-60, 690, 12, rgb(0x3e6b3a))
}

func night(p *painter) {
	p.sky(0, 1000, rgb(0x050a24), rgb(0x2c3a6e))
	for range 90 {
		p.disc(p.between(0, 1000), p.between(0, 750), p.between(1, 6), p.oneOf(rgb(0xffffff), rgb(0xcfd8ff), rgb(0xfff0cc)))
	}
	x := p.between(250, 750)
	dx, _ := p.spread(40)
	p.disc(x, 220, 95, rgb(0xf7f3d6))
	p.disc(x+dx, 205, 80, rgb(0x121b42))
	p.ridge(760, 60, 5, rgb(0x141c33))
	p.ridge(860, 50, 4, rgb(0x090e1c))
}

func meadow(p *painter) {
	p.sky(0, 600, rgb(0x6db7ee), rgb(0xe4f4fb))
	for range 4 {
		x, y := p.between(50, 950), p.between(80, 300)
		p.ellipse(x, y, 120, 35, rgb(0xffffff))
		p.ellipse(x+40, y-25, 70, 35, rgb(0xffffff))
	}
	p.ridge(520, 50, 3, rgb(0x86bf5a))
	p.ridge(640, 40, 4, rgb(0x5da344))
	for range 60 {
		x, y := p.between(0, 1000), p.between(680, 980)
		p.line(x, y, x, y+30, 3, rgb(0x2f6d2c))
		p.disc(x, y, 10+y/80, p.oneOf(rgb(0xe8423f), rgb(0xf6d84a), rgb(0xffffff), rgb(0xa25fc2)))
		p.disc(x, y, 7, rgb(0xf0b429))
	}
}

func forest(p *painter) {
	p.sky(0, 1000, rgb(0xb9cfdd), rgb(0xf1f5f8))
	p.ridge(560, 60, 4, rgb(0xcddbe4))
	ground := p.oneOf(rgb(0xf4f8fb), rgb(0xe8efe6))
	p.ridge(780, 30, 3, ground)
	for i := range 16 {
		x, foot := p.between(0, 1000), 720+i*15
		tall, wide := 260+i*12, 70+i*3
		p.rectangle(x-8, foot-30, x+8, foot+20, rgb(0x4e3626))
		green := mix(rgb(0x86a79b), rgb(0x1e4a33), i, 15)
		for tier := range 3 {
			top := foot - tall + tier*tall/4
			half := wide * (tier + 2) / 4
			p.triangle(green, x, top, x-half, top+tall/2, x+half, top+tall/2)
		}
	}
}

func city(p *painter) {
	p.sky(0, 1000, p.oneOf(rgb(0x1c2340), rgb(0x27406b)), rgb(0xe9906a))
	for layer := range 2 {
		wall := mix(rgb(0x5b5570), rgb(0x1d1b2e), layer, 1)
		for left := -20; left < 1000; {
			right := left + p.between(70, 150)
			top := p.between(250+layer*180, 560+layer*180)
			p.rectangle(left, top, right, 1000, wall)
			for y := top + 30; y < 960 && layer == 1; y += 55 {
				for x := left + 15; x < right-25; x += 35 {
					if p.between(0, 3) > 0 {
						p.rectangle(x, y, x+18, y+28, p.oneOf(rgb(0xffd980), rgb(0xfff2c4), rgb(0xf2b35c)))
					}
				}
			}
			left = right + 6
		}
	}
}
