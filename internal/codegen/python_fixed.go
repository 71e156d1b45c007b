package codegen

import (
	"fmt"
	"math/bits"
	"strings"

	"serialgw/internal/frame"
)

func (g *pygen) fixedParts(one *message) {
	g.syncTests(one)
	if g.d.ID != nil && one.hasID {
		g.put(g.d.ID.At, g.d.ID.Type, fmt.Sprintf("0x%X", one.id))
	}
	if u := g.d.Unmask; u != nil {
		g.mask(u)
	}
	if g.stuffKind() == "dxl2" {
		g.line("f = _insert(f, n)\nn = len(f)")
	}
	l := g.d.Length
	if one.Length != nil {
		l = one.Length
	}
	if l != nil {
		g.length(l)
	}
	for i, b := range g.end {
		g.line("f[%s] = 0x%02X", add("n", i-len(g.end)), b)
	}
	for i := range g.checks {
		g.putCheck(one, i)
	}
	out := "bytes(f[:n])"
	if kind := g.stuffKind(); kind != "" && kind != "dxl2" {
		out = "_stuff(f[:n])"
	}
	g.line("return %s", out)
}

func (g *pygen) put(at int, text, expr string) {
	t, err := frame.ParseType(text)
	if err != nil {
		return // cannot happen: it has been compiled
	}
	g.line("_put(f, %d, %d, %s, %s)", at, t.Bytes(), expr, pyBool(t.Big))
}

func (g *pygen) mask(u *frame.Unmask) {
	over, err := parseSlice(u.Over)
	if err != nil {
		return // cannot happen: it has been compiled
	}
	to := fmt.Sprintf("_clip(%d, n)", over.to)
	if over.toEnd {
		to = "n"
	}
	op := fmt.Sprintf("+ 0x%02X", u.Sub)
	if u.Xor != 0 {
		op = fmt.Sprintf("^ 0x%02X", u.Xor)
	}
	g.line("for i in range(_clip(%d, n), %s):\n    f[i] = f[i] %s & 0xFF", over.from, to, op)
}

func (g *pygen) length(l *frame.Length) {
	g.line("size = %s", add("n", -l.Add))
	if l.Mul > 1 {
		g.line("if size %% %d:\n    raise ValueError(\"no length can say that size\")\nsize //= %d", l.Mul, l.Mul)
	}
	for _, r := range l.Sum {
		n := refBytes(r.Type)
		for i := range n {
			shift := 8 * i
			if strings.HasPrefix(r.Type, ">") {
				shift = 8 * (n - 1 - i)
			}
			g.line("size -= f[%d] << %d", r.At+i, shift)
		}
	}
	if isVarint(l) {
		g.line("f = f[:%d] + _varint(size) + f[%d:n]\nn = len(f)", l.At, l.At+1)
		return
	}
	g.line("if not 0 <= size < 1 << %d:\n    raise ValueError(\"no length can say that size\")", 8*refBytes(l.Type))
	g.put(l.At, l.Type, "size")
}

func (g *pygen) nth(i int) string { return (&cgen{model: g.model}).nth(i) }

// checkFunction writes the function that computes a check.
func (g *pygen) checkFunction(i int) {
	s := &g.checks[i]
	if s.Kind == "const" {
		return
	}
	extra := ""
	if s.Extra != "" {
		extra = ", extra"
	}
	g.line("\ndef _check%s(f, n%s):", g.nth(i), extra)
	g.in(func() {
		g.line("\"\"\"%s over %s.\"\"\"", s.Kind, overText(s))
		var parts []string
		for _, o := range s.over {
			to := fmt.Sprintf("_clip(%d, n)", o.to)
			if o.toEnd {
				to = "n"
			}
			parts = append(parts, fmt.Sprintf("f[_clip(%d, n):%s]", o.from, to))
		}
		if s.Blank {
			at := fmt.Sprintf("_clip(%d, n)", s.at)
			g.line("f = f[:%s] + bytearray(%d) + f[%s + %d:]", at, s.size, at, s.size)
		}
		if s.Extra != "" {
			parts = append(parts, "bytes([extra])")
		}
		g.line("d = %s", strings.Join(parts, " + "))
		g.sum(s)
	})
	g.line("")
}

// sum writes the arithmetic of a check over d.
func (g *pygen) sum(s *sum) {
	mask := map[int]string{1: "0xFF", 2: "0xFFFF"}[s.size]
	switch {
	case s.crc != nil:
		g.crc(s.crc)
	case s.Kind == "xor8":
		g.line("a = 0\nfor b in d:\n    a ^= b\nreturn a")
	case s.Kind == "sum+sum":
		g.line("a = c = 0\nfor b in d:\n    a = a + b & 0xFF\n    c = c + a & 0xFF\nreturn a | c << 8")
	case s.Kind == "sum16w":
		odd := 1
		if s.Endian == "big" {
			odd = 0
		}
		g.line("a = 0\nfor i in range(len(d)):\n    a += d[i] << 8 if i %% 2 == %d else d[i]\nreturn a & 0xFFFF", odd)
	case strings.HasPrefix(s.Kind, "neg-"):
		g.line("return -sum(d) & %s", mask)
	case strings.HasPrefix(s.Kind, "not-"):
		g.line("return ~sum(d) & %s", mask)
	default:
		g.line("return sum(d) & %s", mask)
	}
}

func (g *pygen) crc(c *frame.CRC) {
	if c.Reflect {
		init, poly := bits.Reverse64(c.Init)>>(64-c.Width), bits.Reverse64(c.Poly)>>(64-c.Width)
		g.line("a = 0x%X\nfor b in d:\n    for i in range(8):\n        one = (a ^ b >> i) & 1\n        a >>= 1\n        if one:\n            a ^= 0x%X\nreturn a ^ 0x%X", init, poly, c.XorOut)
		return
	}
	g.line("a = 0x%X\nfor b in d:\n    for i in range(8):\n        one = (a >> %d ^ b >> 7 - i) & 1\n        a = a << 1 & 0x%X\n        if one:\n            a ^= 0x%X\nreturn a ^ 0x%X",
		c.Init, c.Width-1, ^uint64(0)>>(64-c.Width), c.Poly, c.XorOut)
}

func (g *pygen) putCheck(one *message, i int) {
	s := &g.checks[i]
	at := fmt.Sprint(s.at)
	if s.at < 0 {
		at = add("n", s.at)
	}
	if s.Kind == "const" {
		g.line("f[%s] = 0x%02X", at, *s.Value)
		return
	}
	extra := ""
	if s.Extra != "" {
		extra = ", 0"
		if one.CRCExtra != nil {
			extra = fmt.Sprintf(", %d", *one.CRCExtra)
		}
	}
	g.line("_put(f, %s, %d, _check%s(f, n%s), %s)", at, s.size, g.nth(i), extra, pyBool(s.Endian == "big"))
}

// stuffing writes the function that escapes a frame for the line.
func (g *pygen) stuffing() {
	c := &cgen{model: g.model}
	switch g.stuffKind() {
	case "":
	case "cobs":
		g.line("%s", pyCOBS)
	case "dxl2":
		g.line("%s", strings.NewReplacer("HEAD", fmt.Sprint(g.head()), "TAIL", fmt.Sprint(g.trailer)).Replace(pyDXL2))
	default:
		esc, to := c.pairs()
		delim, plain := c.delimiter(), len(g.sync)
		g.line("\ndef _stuff(f):\n    out = bytearray()")
		g.in(func() {
			if delim >= 0 {
				plain = 0
				g.line("out.append(0x%02X)", delim)
			}
			var codes []string
			for b := range 256 {
				if code, ok := to[b]; ok {
					codes = append(codes, fmt.Sprintf("0x%02X: 0x%02X", b, code))
				}
			}
			g.line("codes = {%s}", strings.Join(codes, ", "))
			g.line("for i in range(len(f)):\n    if i >= %d and f[i] in codes:\n        out.append(0x%02X)\n        out.append(codes[f[i]])\n    else:\n        out.append(f[i])", plain, esc)
			if delim >= 0 {
				g.line("out.append(0x%02X)", delim)
			}
			g.line("return bytes(out)\n")
		})
	}
}

const pyCOBS = `
def _stuff(f):
    out = bytearray(b"\x01")
    head = 0
    for i in range(len(f)):
        if f[i]:
            out.append(f[i])
            out[head] += 1
        if not f[i] or out[head] == 0xFF and i + 1 < len(f):
            head = len(out)
            out.append(1)
    out.append(0)
    return bytes(out)
`

const pyDXL2 = `
def _insert(f, n):
    out = bytearray(f[:HEAD])
    for i in range(HEAD, n - TAIL):
        out.append(f[i])
        if i >= HEAD + 2 and bytes(f[i - 2:i + 1]) == b"\xFF\xFF\xFD":
            out.append(0xFD)
    return out + bytearray(TAIL)
`
