package codegen

import (
	"fmt"
	"math/bits"
	"strings"
)

// checkFunction writes the function that computes a check over the bytes b.
func (g *luagen) checkFunction(i int) {
	s := &g.checks[i]
	if s.Kind == "const" {
		return
	}
	g.line("-- %s over %s.\nlocal function check%d(b, extra)", s.Kind, overText(s), i)
	g.in(func() {
		start := "0"
		if s.crc != nil {
			init := s.crc.Init
			if s.crc.Reflect {
				init = bits.Reverse64(init) >> (64 - s.crc.Width)
			}
			start = fmt.Sprintf("0x%X", init)
		}
		g.line("local a, c, odd = %s, 0, false\nlocal function step(x)", start)
		g.in(func() { g.step(s) })
		g.line("end")
		for _, o := range s.over {
			to := fmt.Sprintf("clip(%d, b.n)", o.to)
			if o.toEnd {
				to = "b.n"
			}
			one := "b[i]"
			if s.Blank {
				one = fmt.Sprintf("(i >= clip(%d, b.n) and i < clip(%d, b.n) + %d) and 0 or b[i]", s.at, s.at, s.size)
			}
			g.line("for i = clip(%d, b.n), %s - 1 do step(%s) end", o.from, to, one)
		}
		if s.Extra != "" {
			g.line("step(extra)")
		}
		g.line("return %s", luaFinish(s))
	})
	g.line("end\n")
}

// step takes one byte x into the check.
func (g *luagen) step(s *sum) {
	switch {
	case s.crc != nil && s.crc.Reflect:
		poly := bits.Reverse64(s.crc.Poly) >> (64 - s.crc.Width)
		g.line("for i = 0, 7 do\n  local one = bit.band(bit.bxor(a, bit.rshift(x, i)), 1) == 1\n  a = bit.rshift(a, 1)\n  if one then a = bit.bxor(a, 0x%X) end\nend", poly)
	case s.crc != nil:
		g.line("for i = 7, 0, -1 do\n  local one = bit.band(bit.bxor(bit.rshift(a, %d), bit.rshift(x, i)), 1) == 1\n  a = bit.band(bit.lshift(a, 1), 0x%X)\n  if one then a = bit.bxor(a, 0x%X) end\nend",
			s.crc.Width-1, ^uint64(0)>>(64-s.crc.Width), s.crc.Poly)
	case s.Kind == "xor8":
		g.line("a = bit.bxor(a, x)")
	case s.Kind == "sum+sum":
		g.line("a = (a + x) %% 256\nc = (c + a) %% 256")
	case s.Kind == "sum16w":
		high := "not odd"
		if s.Endian != "big" {
			high = "odd"
		}
		g.line("a = a + (%s and x * 256 or x)\nodd = not odd", high)
	default:
		g.line("a = a + x")
	}
}

func luaFinish(s *sum) string {
	mod := map[int]string{1: "256", 2: "65536"}[s.size]
	switch {
	case s.crc != nil:
		return fmt.Sprintf("bit.bxor(a, 0x%X) %% 2^32", s.crc.XorOut)
	case s.Kind == "sum+sum":
		return "a + c * 256"
	case strings.HasPrefix(s.Kind, "neg-"):
		return "-a % " + mod
	case strings.HasPrefix(s.Kind, "not-"):
		return "(-1 - a) % " + mod
	case s.Kind == "xor8":
		return "a"
	}
	return "a % " + mod
}
