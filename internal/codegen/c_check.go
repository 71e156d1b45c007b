package codegen

import (
	"fmt"
	"math/bits"
	"strings"
)

// checkFunction writes the function that computes a check over a frame of n
// bytes.
func (g *cgen) checkFunction(i int) {
	s := &g.checks[i]
	if s.Kind == "const" {
		return
	}
	extra := ""
	if s.Extra != "" {
		extra = ", uint8_t extra"
	}
	g.line("/* %s over %s. */", s.Kind, overText(s))
	if s.crc != nil {
		g.crcStep(i, s)
	}
	g.line("static inline %s %s_check%s(const uint8_t *f, size_t n%s)\n{", g.word, g.ident, g.nth(i), extra)
	g.in(func() {
		g.line("%s a = %s;", g.word, g.start(s))
		switch s.Kind {
		case "sum+sum":
			g.line("%s b = 0;", g.word)
		case "sum16w":
			g.line("bool odd = false;")
		}
		g.line("")
		for _, o := range s.over {
			g.cover(i, s, o)
		}
		if s.Extra != "" {
			g.line("%s", g.step(i, s, "extra"))
		}
		g.line("return %s;", g.finish(s))
	})
	g.line("}\n")
}

func overText(s *sum) string {
	return strings.Join(s.Over, " and ")
}

// nth is the number of a check in names; nothing where there is one.
func (g *cgen) nth(i int) string {
	if len(g.checks) == 1 {
		return ""
	}
	return fmt.Sprint(i)
}

func (g *cgen) start(s *sum) string {
	if s.crc == nil {
		return "0"
	}
	init := s.crc.Init
	if s.crc.Reflect {
		init = bits.Reverse64(init) >> (64 - s.crc.Width)
	}
	return g.literal(init)
}

// literal writes an unsigned number.
func (g *cgen) literal(v uint64) string {
	if g.word == "uint64_t" {
		return fmt.Sprintf("UINT64_C(0x%X)", v)
	}
	return fmt.Sprintf("UINT32_C(0x%X)", v)
}

// crcStep writes the function that takes one byte into a CRC, bit by bit.
func (g *cgen) crcStep(i int, s *sum) {
	c := s.crc
	g.line("static inline %s %s_step%s(%s a, uint8_t b)\n{", g.word, g.ident, g.nth(i), g.word)
	g.in(func() {
		g.line("for (int i = 0; i < 8; i++) {")
		g.in(func() {
			if c.Reflect {
				poly := bits.Reverse64(c.Poly) >> (64 - c.Width)
				g.line("bool one = ((a ^ (%s)(b >> i)) & 1) != 0;\n\na >>= 1;\nif (one)\n    a ^= %s;", g.word, g.literal(poly))
				return
			}
			mask := ^uint64(0) >> (64 - c.Width)
			g.line("bool one = ((a >> %d ^ (%s)(b >> (7 - i))) & 1) != 0;\n\na = (a << 1) & %s;\nif (one)\n    a ^= %s;",
				c.Width-1, g.word, g.literal(mask), g.literal(c.Poly))
		})
		g.line("}\nreturn a;")
	})
	g.line("}\n")
}

// cover runs a range through the check.
func (g *cgen) cover(i int, s *sum, o slice) {
	from, to := g.bound(o.from), g.bound(o.to)
	if o.toEnd {
		to = "n"
	}
	one := "f[i]"
	if s.Blank {
		at := g.bound(s.at)
		if s.at == 0 {
			one = fmt.Sprintf("(i < %d ? 0 : f[i])", s.size)
		} else {
			one = fmt.Sprintf("(i >= %s && i < %s + %d ? 0 : f[i])", at, at, s.size)
		}
	}
	g.line("for (size_t i = %s; i < %s; i++) {", from, to)
	g.in(func() { g.line("%s", g.step(i, s, one)) })
	g.line("}")
}

// step takes one byte into the check.
func (g *cgen) step(i int, s *sum, b string) string {
	switch {
	case s.crc != nil:
		return fmt.Sprintf("a = %s_step%s(a, (uint8_t)%s);", g.ident, g.nth(i), b)
	case s.Kind == "xor8":
		return fmt.Sprintf("a ^= %s;", b)
	case s.Kind == "sum+sum":
		return fmt.Sprintf("a += %s;\nb += a;", b)
	case s.Kind == "sum16w":
		high := "!odd"
		if s.Endian != "big" {
			high = "odd"
		}
		return fmt.Sprintf("a += (%s)%s << (%s ? 8 : 0);\nodd = !odd;", g.word, b, high)
	}
	return fmt.Sprintf("a += %s;", b)
}

// finish makes the check of what was summed.
func (g *cgen) finish(s *sum) string {
	mask := map[int]string{1: "0xFF", 2: "0xFFFF"}[s.size]
	switch s.Kind {
	case "neg-sum8", "neg-sum16":
		return "(0 - a) & " + mask
	case "not-sum8", "not-sum16":
		return "~a & " + mask
	case "sum+sum":
		return "(a & 0xFF) | (b & 0xFF) << 8"
	}
	if s.crc != nil {
		return "a ^ " + g.literal(s.crc.XorOut)
	}
	return "a & " + mask
}

// putCheck writes a check into the frame.
func (g *cgen) putCheck(one *message, i int) {
	s := &g.checks[i]
	at := g.fromEnd(one, s.at)
	if s.Kind == "const" {
		g.line("f[%s] = 0x%02X;", at, *s.Value)
		return
	}
	extra := ""
	if s.Extra != "" {
		extra = ", 0"
		if one.CRCExtra != nil {
			extra = fmt.Sprintf(", %d", *one.CRCExtra)
		}
	}
	call := fmt.Sprintf("%s_check%s(f, n%s)", g.ident, g.nth(i), extra)
	if s.size == 1 {
		g.line("f[%s] = (uint8_t)%s;", at, call)
		return
	}
	g.line("%s_put_%s(f + %s, %d, %s);", g.ident, order(s.Endian == "big"), at, s.size, call)
}
