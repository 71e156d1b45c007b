package infer

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// drawn is a protocol made up at random, with what is true of it.
type drawn struct {
	text                 string
	sync, end            []byte
	lengthAt, lengthSize int // 0: none
	lengthBig            bool
	mul, add             int
	idAt                 int // 0: none
	seqAt                int
	head                 int
	msgs                 []drawnMessage
	check                frame.Check
	from                 int
	big                  bool
	checkAt              int // >0: in the head
	gaps                 bool
	idle                 byte
}

type drawnMessage struct {
	id     int
	fields []byte // f float, h i16, H u16, i i32, b flags, B smooth byte, n noise byte, c constant
	big    bool
	vary   int
}

func drawProtocol(rng *rand.Rand) *drawn {
	d := &drawn{mul: 1}
	pick := func(p ...float64) int {
		x := rng.Float64()
		for i, v := range p {
			if x -= v; x < 0 {
				return i
			}
		}
		return len(p)
	}
	for range 1 + pick(0.25, 0.5, 0.1) {
		d.sync = append(d.sync, byte(0x10+rng.IntN(0xF0)))
	}
	scheme := pick(0.3, 0.5, 0.1) // fixed, length, end, by id
	nmsg := 1
	if scheme == 3 || scheme == 1 && rng.IntN(3) > 0 {
		nmsg = 2 + rng.IntN(4)
	}
	at := len(d.sync)
	var parts []string
	if scheme == 1 {
		parts = append(parts, "l")
	}
	if nmsg > 1 || rng.IntN(3) == 0 {
		parts = append(parts, "i")
	}
	if rng.IntN(2) == 0 {
		parts = append(parts, "s")
	}
	rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for _, p := range parts {
		switch p {
		case "l":
			d.lengthAt, d.lengthSize = at, 1+pick(0.75)
			d.lengthBig = d.lengthSize == 2 && rng.IntN(2) == 0
			at += d.lengthSize
		case "i":
			d.idAt = at
			at++
		case "s":
			d.seqAt = at
			at++
		}
	}
	kinds := frame.CheckKinds()
	simple := []string{"sum8", "xor8", "sum+sum", "sum16", "crc-16/modbus", "crc-8/smbus", "crc-16/xmodem", "neg-sum8", "not-sum8", "sum16w"}
	switch pick(0.08, 0.5) {
	case 0:
	case 1:
		d.check.Kind = simple[rng.IntN(len(simple))]
	default:
		d.check.Kind = kinds[rng.IntN(len(kinds))]
	}
	if d.check.Kind != "" {
		d.big = rng.IntN(2) == 0
		d.check.Endian = map[bool]string{true: "big", false: "little"}[d.big]
		if d.check.Kind == "sum+sum" {
			d.check.Endian, d.big = "", false
		}
		d.from = []int{0, 0, len(d.sync), 1}[rng.IntN(4)]
		if rng.IntN(10) == 0 {
			d.checkAt = at
		}
	}
	d.head = at
	if rng.IntN(4) == 0 || scheme == 2 {
		d.end = [][]byte{{0x0D, 0x0A}, {0x0A}, {0x7D}, {0x55, 0xAA}, {0xED}}[rng.IntN(5)]
	}
	used := map[int]bool{}
	for range nmsg {
		m := drawnMessage{id: rng.IntN(256), big: rng.IntN(4) == 0}
		for used[m.id] {
			m.id = rng.IntN(256)
		}
		used[m.id] = true
		for range 1 + rng.IntN(8) {
			m.fields = append(m.fields, "ffhhhhHHiibBBnc"[rng.IntN(15)])
		}
		if (scheme == 1 && nmsg == 1) || scheme == 2 || scheme == 1 && rng.IntN(5) == 0 {
			m.vary = 2 + rng.IntN(12)
		}
		d.msgs = append(d.msgs, m)
	}
	if scheme == 1 {
		// what the length counts: everything, what is behind it, the payload
		over := d.head + len(d.end)
		if d.check.Kind != "" {
			sum, _ := frame.NewChecksum(d.check)
			over += sum.Size()
		}
		d.add = []int{0, d.lengthAt + d.lengthSize, over, len(d.sync)}[rng.IntN(4)]
	}
	d.gaps, d.idle = rng.IntN(5) == 0, []byte{0xFF, 0x00}[rng.IntN(2)]
	d.text = fmt.Sprintf("scheme %d sync % X end % X len %d/%d/%v add %d id %d seq %d check %s %s from %d at %d gaps %v msgs %d", scheme, d.sync, d.end, d.lengthAt, d.lengthSize, d.lengthBig, d.add, d.idAt, d.seqAt, d.check.Kind, d.check.Endian, d.from, d.checkAt, d.gaps, nmsg)
	for _, m := range d.msgs {
		d.text += fmt.Sprintf(" [%02X %s%+d]", m.id, m.fields, m.vary)
	}
	return d
}

func (d *drawn) stream(n int, rng *rand.Rand) []byte {
	var sum *frame.Checksum
	width := 0
	if d.check.Kind != "" {
		var err error
		if sum, err = frame.NewChecksum(d.check); err != nil {
			panic(err)
		}
		width = sum.Size()
	}
	state := map[[2]int]float64{}
	var out []byte
	for i := range n {
		k := rng.IntN(len(d.msgs))
		m := d.msgs[k]
		var p []byte
		for j, f := range m.fields {
			key := [2]int{k, j}
			if _, ok := state[key]; !ok {
				state[key] = float64(rng.IntN(4000) - 2000)
			}
			step := rng.NormFloat64()
			switch f {
			case 'f':
				state[key] += step
				p = put(p, uint64(math.Float32bits(float32(state[key]/37))), 4, m.big)
			case 'h':
				state[key] += step * 20
				p = put(p, uint64(uint16(int16(state[key]))), 2, m.big)
			case 'H':
				state[key] += step * 10
				p = put(p, uint64(uint16(int32(state[key])+9000)), 2, m.big)
			case 'i':
				state[key] += step * 3000
				p = put(p, uint64(uint32(int32(state[key]))), 4, m.big)
			case 'b':
				p = append(p, []byte{0, 1, 3}[min(2, int(rng.ExpFloat64()/2))])
			case 'B':
				state[key] += step * 2
				p = append(p, byte(int(state[key])))
			case 'n':
				p = append(p, byte(rng.IntN(256)))
			case 'c':
				p = append(p, 0)
			}
		}
		if m.vary > 0 {
			for range rng.IntN(m.vary + 1) {
				p = append(p, byte(rng.IntN(256)))
			}
		}
		total := d.head + len(p) + width + len(d.end)
		f := make([]byte, d.head)
		copy(f, d.sync)
		if d.lengthAt > 0 {
			copy(f[d.lengthAt:], put(nil, uint64(total-d.add), d.lengthSize, d.lengthBig))
		}
		if d.idAt > 0 {
			f[d.idAt] = byte(m.id)
		}
		if d.seqAt > 0 {
			f[d.seqAt] = byte(i)
		}
		switch {
		case sum == nil:
			f = append(f, p...)
		case d.checkAt > 0:
			f = append(put(f, sum.Sum(f[d.from:], p), width, d.big), p...)
		default:
			f = append(f, p...)
			f = put(f, sum.Sum(f[d.from:]), width, d.big)
		}
		out = append(append(out, f...), d.end...)
		if d.gaps && rng.IntN(4) == 0 {
			out = append(out, bytes.Repeat([]byte{d.idle}, 1+rng.IntN(5))...)
		}
	}
	for i := range out {
		for bit := range 8 {
			if rng.Float64() < 1e-4 {
				out[i] ^= 1 << bit
			}
		}
	}
	return out[rng.IntN(20):]
}

// judge compares what was found with what is true.
func (d *drawn) judge(r Result) (sync, size, check, id string) {
	sync, size, check, id = "wrong", "wrong", "wrong", "wrong"
	want := fmt.Sprintf("% X", d.sync)
	switch {
	case r.Sync.Pattern == want:
		sync = "right"
	case r.Sync.Grade == Unknown:
		sync = "unknown"
	case strings.HasPrefix(r.Sync.Pattern, want):
		sync = "longer"
	case strings.HasPrefix(want, r.Sync.Pattern):
		sync = "shorter"
	}
	fixed := d.lengthAt == 0 && len(d.msgs) == 1 && d.msgs[0].vary == 0
	switch {
	case r.Size.Grade == Unknown:
		size = "unknown"
	case d.lengthAt > 0 && r.Size.Length != nil:
		if l := r.Size.Length; (l.At == d.lengthAt || l.At == d.lengthAt+1 || d.lengthSize == 1) && l.Add == d.add && l.Mul == d.mul {
			size = "right"
		}
	case d.lengthAt > 0 && r.Size.Fixed > 0 && len(d.msgs) == 1 && d.msgs[0].vary == 0:
		size = "right"
	case fixed && r.Size.Fixed > 0, r.Size.ByID != nil && len(d.msgs) > 1 && d.lengthAt == 0, r.Size.End != "" && len(d.msgs) == 1 && d.msgs[0].vary > 0 && r.Size.Fixed == 0:
		size = "right"
	}
	switch {
	case d.check.Kind == "" && r.Check.Check == nil:
		check = "right"
	case r.Check.Check == nil:
		check = "unknown"
	default:
		all := append([]frame.Check{*r.Check.Check}, r.Check.Equal...)
		for _, c := range all {
			if c.Kind == d.check.Kind {
				check = "right"
			}
		}
	}
	switch {
	case len(d.msgs) == 1 && r.ID.Ref == nil, len(d.msgs) > 1 && r.ID.Ref != nil && r.ID.Ref.At == d.idAt:
		id = "right"
	case r.ID.Ref == nil:
		id = "unknown"
	}
	return sync, size, check, id
}

// TestInfer_Drawn infers protocols drawn at random: most claims are right, and
// none that is called certain is wrong. DRAWN_SEEDS draws more.
func TestInfer_Drawn(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 3
	}
	if text := os.Getenv("DRAWN_SEEDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		seeds = n
	}
	right := map[string]int{}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(uint64(seed), 99))
		d := drawProtocol(rng)
		r := Infer(d.stream(2000, rng))
		sync, size, check, id := d.judge(r)
		for _, c := range []struct {
			what, verdict string
			grade         Grade
		}{{"sync", sync, r.Sync.Grade}, {"size", size, r.Size.Grade}, {"check", check, r.Check.Grade}, {"id", id, r.ID.Grade}} {
			right[c.what] += b2i(c.verdict == "right" || c.verdict == "longer")
			switch {
			case c.verdict == "right":
			case c.grade == Certain && c.verdict != "longer":
				t.Errorf("%d: the %s is called certain and is %s: %s", seed, c.what, c.verdict, d.text)
				fallthrough
			default:
				t.Logf("%d: %s %s, %v: %s\n%s", seed, c.what, c.verdict, c.grade, d.text, r.Draft)
			}
		}
	}
	t.Logf("of %d: %v", seeds, right)
	for what, n := range right {
		if 100*n < 85*seeds {
			t.Errorf("%s is right for %d of %d", what, n, seeds)
		}
	}
}
