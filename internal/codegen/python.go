package codegen

import (
	"fmt"
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
	g.line("#\n#     from machine import UART\n#     uart = UART(1, 115200)\n#     uart.write(%s)\n", g.pyExample(first))
	if lines := g.unnamed(); len(lines) > 0 {
		g.line("# %s\n", strings.Join(lines, "\n# "))
	}
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


def _varint(x):
    if not 0 <= x < 1 << 28:
        raise ValueError("no length can say that size")
    out = bytearray()
    while x > 0x7F:
        out.append(x & 0x7F | 0x80)
        x >>= 7
    out.append(x)
    return out


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
		g.lists(one)
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
			many := "list of %d; %s"
			if m.list.count != nil {
				many = "list of up to %d; %s"
			}
			note = strings.TrimSuffix(fmt.Sprintf(many, m.n, note), "; ")
		}
		if note != "" {
			note = "; " + note
		}
		g.line("%s: %s%s", m.name, m.it.Type, strings.ReplaceAll(note, `"`, "'"))
	}
	g.line(`"""`)
}

// lists refuses a list of another size than the frame has.
func (g *pygen) lists(one *message) {
	for _, m := range one.members {
		if m.list != nil && m.list.count == nil {
			g.line("if len(%s) != %d:\n    raise ValueError(\"%s: a list of %d is needed, not of %%d\" %% len(%s))", m.name, m.n, m.name, m.n, m.name)
		}
	}
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
