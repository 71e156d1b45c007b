package codegen

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// helpers writes the small functions that put numbers into bytes. Those that
// a frame does not need cost nothing on the board.
func (g *cgen) helpers() {
	text := cHelpers
	if g.uses("put_bits_") {
		text += cBits
	}
	if g.uses("_bcd_") {
		text += cBCD
	}
	if g.uses("_midi_") {
		text += cMidi
	}
	if g.uses("put_order") {
		text += cOrder
	}
	if g.uses("_f16(") {
		text += cHalf
	}
	if g.uses("_f32(") {
		text += cFloat
	}
	if g.uses("_f64(") {
		text += cDouble
	}
	g.line("%s", strings.TrimSuffix(strings.NewReplacer("PRE", g.ident, "WORD", g.word).Replace(text), "\n"))
	g.line("")
}

// uses reports whether the code of some message calls a helper.
func (g *cgen) uses(helper string) bool {
	probe := &cgen{model: g.model, writer: writer{unit: "    "}, word: g.word}
	for _, one := range g.messages {
		probe.encode(one)
	}
	return strings.Contains(probe.b.String(), helper)
}

const cHelpers = `/* An offset from the front, or if negative from the end, cut to n bytes. */
static inline size_t PRE_clip(long at, size_t n)
{
    if (at < 0)
        return (size_t)-at > n ? 0 : n - (size_t)-at;
    return (size_t)at > n ? n : (size_t)at;
}

/* The lowest n bytes of a number, low byte first, and high byte first. */
static inline void PRE_put_le(uint8_t *b, size_t n, WORD x)
{
    for (size_t i = 0; i < n; i++, x >>= 8)
        b[i] = (uint8_t)x;
}

static inline void PRE_put_be(uint8_t *b, size_t n, WORD x)
{
    for (size_t i = n; i > 0; i--, x >>= 8)
        b[i - 1] = (uint8_t)x;
}

`

const cBits = `/* n bits of a number, from a bit on that counts from bit 0, or from bit 7, of the
 * first byte. The bits are still 0. */
static inline void PRE_put_bits_le(uint8_t *b, size_t bit, size_t n, WORD x)
{
    for (size_t i = 0; i < n; i++)
        if ((x >> i) & 1)
            b[(bit + i) / 8] |= (uint8_t)(1u << ((bit + i) % 8));
}

static inline void PRE_put_bits_be(uint8_t *b, size_t bit, size_t n, WORD x)
{
    for (size_t i = 0; i < n; i++)
        if ((x >> (n - 1 - i)) & 1)
            b[(bit + i) / 8] |= (uint8_t)(0x80u >> ((bit + i) % 8));
}

`

const cBCD = `/* n bytes of two decimal digits, the lowest pair first, and the highest first. */
static inline void PRE_put_bcd_le(uint8_t *b, size_t n, WORD x)
{
    for (size_t i = 0; i < n; i++, x /= 100)
        b[i] = (uint8_t)(x / 10 % 10 << 4 | x % 10);
}

static inline void PRE_put_bcd_be(uint8_t *b, size_t n, WORD x)
{
    for (size_t i = n; i > 0; i--, x /= 100)
        b[i - 1] = (uint8_t)(x / 10 % 10 << 4 | x % 10);
}

`

const cMidi = `/* n bytes of seven bits, the lowest first, and the highest first. */
static inline void PRE_put_midi_le(uint8_t *b, size_t n, WORD x)
{
    for (size_t i = 0; i < n; i++, x >>= 7)
        b[i] = (uint8_t)(x & 0x7F);
}

static inline void PRE_put_midi_be(uint8_t *b, size_t n, WORD x)
{
    for (size_t i = n; i > 0; i--, x >>= 7)
        b[i - 1] = (uint8_t)(x & 0x7F);
}

`

const cOrder = `/* n bytes in an order of their own: A is the highest. */
static inline void PRE_put_order(uint8_t *b, size_t n, WORD x, const char *order)
{
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(x >> 8 * (n - 1 - (size_t)(order[i] - 'A')));
}

`

const cFloat = `static inline WORD PRE_f32(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

`

const cDouble = `static inline WORD PRE_f64(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

`

// cHalf rounds to the nearest half float, ties to even, as IEEE 754 says.
const cHalf = `/* The half float nearest to x. */
static inline WORD PRE_f16(float x)
{
    uint32_t bits, sign, shift = 13, m, e;

    memcpy(&bits, &x, sizeof bits);
    sign = bits >> 16 & 0x8000u;
    e = bits >> 23 & 0xFF;
    m = bits & 0x7FFFFFu;
    if (e == 0xFF)
        return sign | 0x7C00u | (m ? 0x200u : 0);
    if (e < 102)
        return sign;
    if (e < 113) {
        m |= 0x800000u;
        shift += 113 - e;
        e = 0;
    } else {
        e -= 112;
    }
    m += (1u << (shift - 1)) - 1 + (m >> shift & 1);
    m = (e << 10) + (m >> shift);
    return sign | (m > 0x7C00u ? 0x7C00u : m);
}

`

// stuffing writes the function that escapes a frame for the line.
func (g *cgen) stuffing() {
	var text string
	switch g.stuffKind() {
	case "":
		return
	case "cobs":
		text = cCOBS
	case "dxl2":
		text = strings.NewReplacer("HEAD", fmt.Sprint(g.head()), "TAIL", fmt.Sprint(g.trailer),
			"ROOM", strings.ToUpper(g.ident)+"_FRAME_MAX").Replace(cDXL2)
	default:
		text = g.escaping()
	}
	g.line("%s", strings.TrimSuffix(strings.ReplaceAll(text, "PRE", g.ident), "\n"))
	g.line("")
}

// pairs returns the escape byte, and what stands behind it for each byte.
func (m *model) pairs() (esc int, to map[int]int) {
	to = map[int]int{}
	switch s := m.d.Stuff; s.Kind {
	case "hdlc", "xbee":
		for _, b := range []int{0x7E, 0x7D, 0x11, 0x13} {
			to[b] = b ^ 0x20
		}
		return 0x7D, to
	case "slip":
		return 0xDB, map[int]int{0xC0: 0xDC, 0xDB: 0xDD}
	default:
		for code, b := range s.Map {
			n, err := strconv.ParseUint(code, 0, 8)
			if err == nil {
				to[b] = int(n)
			}
		}
		return *s.Esc, to
	}
}

// delimiter returns the byte in front of and behind a frame; -1: none.
func (m *model) delimiter() int {
	switch m.stuffKind() {
	case "hdlc":
		return 0x7E
	case "slip":
		return 0xC0
	}
	return -1
}

func (g *cgen) escaping() string {
	esc, to := g.pairs()
	delim, plain := g.delimiter(), len(g.sync)
	var b strings.Builder
	b.WriteString("/* Escapes a frame for the line. */\nstatic inline size_t PRE_stuff(uint8_t *out, const uint8_t *f, size_t n)\n{\n    size_t k = 0;\n\n")
	if delim >= 0 {
		plain = 0
		fmt.Fprintf(&b, "    out[k++] = 0x%02X;\n", delim)
	}
	b.WriteString("    for (size_t i = 0; i < n; i++) {\n        switch (f[i]) {\n")
	for _, from := range slices.Sorted(maps.Keys(to)) {
		fmt.Fprintf(&b, "        case 0x%02X:\n", from)
		if plain > 0 {
			fmt.Fprintf(&b, "            if (i < %d) {\n                out[k++] = f[i];\n                break;\n            }\n", plain)
		}
		fmt.Fprintf(&b, "            out[k++] = 0x%02X;\n            out[k++] = 0x%02X;\n            break;\n", esc, to[from])
	}
	b.WriteString("        default:\n            out[k++] = f[i];\n        }\n    }\n")
	if delim >= 0 {
		fmt.Fprintf(&b, "    out[k++] = 0x%02X;\n", delim)
	}
	b.WriteString("    return k;\n}\n")
	return b.String()
}

// cVarint makes room for the bytes of a varint beyond its first.
const cVarint = `size_t k = 1;

while (len >> (7 * k) != 0)
    k++;
if (k > 4)
    return 0;
memmove(f + AT + k, f + AT + 1, n - AT - 1);
for (size_t i = 0; i < k; i++)
    f[AT + i] = (uint8_t)((len >> (7 * i) & 0x7F) | (i + 1 < k ? 0x80 : 0));
n += k - 1;`

const cCOBS = `/* Writes a frame in COBS, with the 0 that ends it. */
static inline size_t PRE_stuff(uint8_t *out, const uint8_t *f, size_t n)
{
    size_t k = 1, head = 0;

    out[0] = 1;
    for (size_t i = 0; i < n; i++) {
        if (f[i] != 0) {
            out[k++] = f[i];
            out[head]++;
        }
        if (f[i] == 0 || (out[head] == 0xFF && i + 1 < n)) {
            head = k;
            out[k++] = 1;
        }
    }
    out[k++] = 0;
    return k;
}
`

const cDXL2 = `/* Puts one more FD behind each FF FF FD of the data. */
static inline size_t PRE_insert(uint8_t *f, size_t n)
{
    uint8_t in[ROOM];
    size_t k = HEAD;

    memcpy(in, f, n);
    for (size_t i = HEAD; i < n - TAIL; i++) {
        f[k++] = in[i];
        if (i >= HEAD + 2 && in[i - 2] == 0xFF && in[i - 1] == 0xFF && in[i] == 0xFD)
            f[k++] = 0xFD;
    }
    memset(f + k, 0, TAIL);
    return k + TAIL;
}
`
