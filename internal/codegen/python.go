package codegen

import (
	"fmt"
	"math/bits"
	"strings"

	"serialgw/internal/frame"
)

// Python writes a sender for MicroPython: a function for each message that
// returns its frame. CPython runs it as well.
//
// An error names what the description has that Python cannot be given.
func Python(name string, d frame.Description) (string, error) {
	m, err := newModel(name, d)
	if err != nil {
		return "", err
	}
	g := &pygen{model: m, writer: writer{unit: "    "}}
	if err := (&cgen{model: m}).possible(); err != nil {
		return "", err
	}
	g.checks = headChecksFirst(m.checks)
	g.line("# Frame %s, written by serialgw frame python.", g.name)
	for _, line := range g.about() {
		g.line("# %s", line)
	}
	first := g.messages[0]
	g.line("#\n# Each function returns the bytes of one frame; values are raw, as they stand on\n# the line:")
	g.line("#\n#     from machine import UART\n#     uart = UART(1, 115200)\n#     uart.write(%s(%s))\n", first.ident, strings.Join(params(first), ", "))
	g.line("import struct\n")
	g.line("%s", pyHelpers)
	for i := range g.checks {
		g.checkFunction(i)
	}
	g.stuffing()
	for _, one := range g.messages {
		g.message(one)
	}
	return strings.TrimRight(g.b.String(), "\n") + "\n", nil
}

// pygen writes Python.
type pygen struct {
	*model
	writer
}

// params lists the parameters of a message's function. How many values there
// are is known from the lists.
func params(one *message) []string {
	var out []string
	for _, m := range one.members {
		if m.it != nil {
			out = append(out, m.name)
		}
	}
	return out
}

const pyHelpers = `
def _put(f, at, n, x, big):
    for i in range(n):
        f[at + (n - 1 - i if big else i)] = x >> 8 * i & 0xFF


def _put_bits(f, bit, n, x, big):
    for i in range(n):
        if x >> (n - 1 - i if big else i) & 1:
            k = bit + i
            f[k // 8] |= 0x80 >> k % 8 if big else 1 << k % 8


def _put_digits(f, at, n, x, big, base):
    for i in range(n):
        d = x % base
        f[at + (n - 1 - i if big else i)] = d // 10 << 4 | d % 10 if base == 100 else d
        x //= base


def _put_order(f, at, n, x, order):
    for i in range(n):
        f[at + i] = x >> 8 * (n - 1 - (ord(order[i]) - 65)) & 0xFF


def _put_text(f, at, n, x):
    x = bytes(x)[:n]
    for i in range(len(x)):
        f[at + i] = x[i]


def _f32(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def _f64(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def _f16(x):
    x = _f32(x)
    sign, e, m, shift = x >> 16 & 0x8000, x >> 23 & 0xFF, x & 0x7FFFFF, 13
    if e == 0xFF:
        return sign | 0x7C00 | (0x200 if m else 0)
    if e < 102:
        return sign
    if e < 113:
        m, shift, e = m | 0x800000, shift + 113 - e, 0
    else:
        e -= 112
    m += (1 << shift - 1) - 1 + (m >> shift & 1)
    return sign | min((e << 10) + (m >> shift), 0x7C00)


def _clip(at, n):
    return max(at + n, 0) if at < 0 else min(at, n)

`

func (g *pygen) message(one *message) {
	g.line("\ndef %s(%s):", one.ident, strings.Join(params(one), ", "))
	g.in(func() {
		g.docstring(one)
		g.line("n = %d", one.min)
		g.line("f = bytearray(%d)", one.max)
		for i, b := range g.sync {
			g.line("f[%d] = 0x%02X", i, b)
		}
		if !one.fixed {
			g.line("p = 0")
		}
		g.fields(one)
		g.fixedParts(one)
	})
	g.line("")
}

// docstring says the struct formats and what each value is.
func (g *pygen) docstring(one *message) {
	g.line(`"""%s.`, one.Name)
	if len(one.members) > 0 {
		g.line("")
	}
	for _, m := range one.members {
		if m.it == nil {
			continue
		}
		note := m.it.note()
		if m.bit >= 0 {
			note = "true or false"
		}
		if m.n > 0 {
			note = strings.TrimSuffix(fmt.Sprintf("list of up to %d; %s", m.n, note), "; ")
		}
		if note != "" {
			note = "; " + note
		}
		g.line("%s: %s%s", m.name, m.it.Field.Type, strings.ReplaceAll(note, `"`, "'"))
	}
	g.line(`"""`)
}

func (g *pygen) fields(one *message) {
	reach := 0
	var run packRun
	for _, it := range one.items {
		if it.pos.At < 0 {
			continue
		}
		if run.take(it) {
			continue
		}
		run.flush(g)
		if !it.pos.Loose {
			reach = 0
		}
		if run.take(it) {
			continue
		}
		g.store(it)
		if it.pos.Loose {
			reach = it.pos.At + it.most()
		}
		if it.Repeat != "" || it.hasType() && it.pos.Type.Bits == 0 {
			reach = 0
		}
	}
	run.flush(g)
	if !one.fixed {
		g.line("n = max(n, %s)", add("p", reach+g.trailer))
	}
	for _, it := range one.items {
		if it.pos.At < 0 {
			g.store(it)
		}
	}
}

// packRun is a run of values that one struct.pack_into writes.
type packRun struct {
	at, end int
	big     byte
	format  string
	args    []string
}

// take adds a field to the run, if it goes on where the run ends.
func (r *packRun) take(it *item) bool {
	word := strings.TrimLeft(it.Field.Type, "<>!")
	t := it.pos.Type
	plain := len(word) == 1 && strings.Contains("bBhHiIlLqQfd", word) && !it.pos.Loose && it.pos.At >= 0 &&
		it.Repeat == "" && it.Const == nil && len(it.Flags) == 0 && it.Order == "" && it.Sign == "" && len(it.members) > 0 && len(it.group) == 0
	if !plain || it.members[0].n > 0 && it.members[0].n != it.n {
		return false
	}
	big := byte('<')
	if t.Big {
		big = '>'
	}
	fits := r.format == "" || r.end == it.pos.At && (r.big == big || t.Bits == 8 || strings.Trim(r.format, "bB") == "")
	if !fits {
		return false
	}
	if r.format == "" {
		r.at, r.big = it.pos.At, big
	}
	if t.Bits > 8 {
		r.big = big
	}
	for _, m := range it.members {
		switch {
		case m.n > 0:
			r.format += strings.Repeat(word, m.n)
			r.args = append(r.args, "*"+m.name)
		default:
			r.format += word
			r.args = append(r.args, m.name)
		}
	}
	r.end = it.pos.At + it.n*it.pos.Size
	return true
}

func (r *packRun) flush(g *pygen) {
	if r.format != "" {
		g.line("struct.pack_into(%q, f, %d, %s)", string(r.big)+r.format, r.at, strings.Join(r.args, ", "))
	}
	*r = packRun{}
}

// pyBase is the offset of a field's first byte.
func pyBase(it *item, at int) string {
	switch {
	case it.pos.Loose:
		return add("p", at)
	case at < 0:
		return add("n", at)
	}
	return fmt.Sprint(at)
}

func (g *pygen) store(it *item) {
	at := it.pos.At
	switch {
	case it.count != nil:
		g.repeated(it)
	case it.hasType() && it.pos.Type.Bits == 0:
		name := it.members[0].name
		g.line("%s = bytes(%s)[:%d]", name, name, it.Max-1)
		g.line("p = %s\n_put_text(f, p, %d, %s)\np += len(%s) + 1", pyBase(it, at), it.Max, name, name)
	case len(it.group) > 0:
		g.line("for i in range(%d):", it.n)
		g.in(func() { g.groupBody(it, pyBase(it, at)) })
	case it.Const != nil:
		for i := range it.n {
			g.value(it, pyBase(it, at), i, fmt.Sprint(*it.Const))
		}
	case len(it.Flags) > 0:
		g.value(it, pyBase(it, at), 0, pyFlags(it, ""))
	case len(it.members) == it.n && it.members[0].n == 0:
		for i, m := range it.members {
			g.value(it, pyBase(it, at), i, m.name)
		}
	case len(it.members) == 1:
		for i := range it.n {
			g.value(it, pyBase(it, at), i, fmt.Sprintf("%s[%d]", it.members[0].name, i))
		}
	}
}

func pyFlags(it *item, index string) string {
	var parts []string
	for _, m := range it.members {
		parts = append(parts, fmt.Sprintf("(1 << %d if %s%s else 0)", m.bit, m.name, index))
	}
	return strings.Join(parts, " | ")
}

// repeated writes as many values as the list has; where an earlier field says
// how many, it must say the same.
func (g *pygen) repeated(it *item) {
	list := g.listOf(it)
	count := "len(" + list + ")"
	if it.count.it != nil {
		count = it.count.name
	}
	g.line("if %s > %d:\n    raise ValueError(\"at most %d\")", count, it.n, it.n)
	g.line("p = %s", pyBase(it, it.pos.At))
	switch {
	case it.isText():
		g.line("_put_text(f, p, %s, %s)\np += %s", count, list, count)
	case len(it.group) > 0:
		g.line("for i in range(%s):", count)
		g.in(func() { g.groupBody(it, "p") })
		g.line("p += %d * %s", it.pos.Size, count)
	case it.pos.Run:
		g.line("for i in range(%s):", count)
		g.in(func() {
			g.line("_put_bits(f, 8 * p + %d + %d * i, %d, %s[i], %s)", it.pos.Bit, it.pos.Type.Bits, it.pos.Type.Bits, list, pyBool(it.pos.Type.Big))
		})
		g.line("p += (%d + %d * %s + 7) // 8", it.pos.Bit, it.pos.Type.Bits, count)
	default:
		g.line("for i in range(%s):", count)
		g.in(func() { g.bytes(it, fmt.Sprintf("p + %d * i", it.pos.Size), list+"[i]") })
		g.line("p += %d * %s", it.pos.Size, count)
	}
}

// listOf is the list that says how many values of a repeat there are.
func (g *pygen) listOf(it *item) string {
	for len(it.group) > 0 {
		for _, one := range it.group {
			if len(one.members) > 0 {
				return one.members[0].name
			}
		}
		return "()"
	}
	return it.members[0].name
}

func pyBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func (g *pygen) groupBody(it *item, start string) {
	for _, one := range it.group {
		from := add(fmt.Sprintf("%s + %d * i", start, it.pos.Size), one.pos.At)
		switch {
		case one.Const != nil:
			g.value(one, from, 0, fmt.Sprint(*one.Const))
		case len(one.Flags) > 0:
			g.value(one, from, 0, pyFlags(one, "[i]"))
		case len(one.members) == 1:
			g.value(one, from, 0, one.members[0].name+"[i]")
		}
	}
}

// value writes the i-th value of a field whose first stands at from.
func (g *pygen) value(it *item, from string, i int, expr string) {
	if it.pos.Run {
		g.line("_put_bits(f, 8 * (%s) + %d, %d, %s, %s)", from, it.pos.Bit+i*it.pos.Type.Bits, it.pos.Type.Bits, g.raw(it, expr), pyBool(it.pos.Type.Big))
		return
	}
	g.bytes(it, add(from, i*it.pos.Size), expr)
}

// raw writes the bits of a value as an integer.
func (g *pygen) raw(it *item, expr string) string {
	t := it.pos.Type
	switch {
	case it.isFloat():
		return fmt.Sprintf("_f%d(%s)", t.Bits, expr)
	case t.Kind == frame.TypeBool:
		return fmt.Sprintf("1 if %s else 0", expr)
	case it.Sign == "msb" && t.Kind != frame.TypeBCD:
		return fmt.Sprintf("(1 << %d | -%s if %s < 0 else %s)", t.Bits-1, expr, expr, expr)
	case it.Sign == "msb":
		return fmt.Sprintf("abs(%s)", expr)
	}
	return expr
}

func (g *pygen) bytes(it *item, at, expr string) {
	t := it.pos.Type
	n, big := t.Bytes(), pyBool(t.Big)
	switch {
	case it.isText() && t.Kind == frame.TypeTextZ:
		g.line("_put_text(f, %s, %d, bytes(%s).split(b\"\\0\")[0])", at, n, expr)
	case it.isText():
		g.line("_put_text(f, %s, %d, %s)", at, n, expr)
	case t.Kind == frame.TypeBCD:
		g.line("_put_digits(f, %s, %d, %s, %s, 100)", at, n, g.raw(it, expr), big)
		if it.Sign == "msb" {
			last := n - 1
			if t.Big {
				last = 0
			}
			g.line("if %s < 0:\n    f[%s] |= 0x80", expr, add(at, last))
		}
	case t.Kind == frame.TypeMidi:
		g.line("_put_digits(f, %s, %d, %s, %s, 128)", at, n, expr, big)
	case it.Order != "":
		g.line("_put_order(f, %s, %d, %s, %q)", at, n, g.raw(it, expr), it.Order)
	case n == 1:
		g.line("f[%s] = %s & 0xFF", at, paren(g.raw(it, expr)))
	default:
		g.line("_put(f, %s, %d, %s, %s)", at, n, g.raw(it, expr), big)
	}
}

// paren guards an expression against what stands behind it.
func paren(expr string) string {
	if strings.ContainsAny(expr, " ") {
		return "(" + expr + ")"
	}
	return expr
}

func (g *pygen) fixedParts(one *message) {
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
