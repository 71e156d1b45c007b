package infer

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// boards are protocols thought up here, with what is true of them.
func boards() map[string]struct {
	board
	sync, size, check, id string
} {
	type row = struct {
		board
		sync, size, check, id string
	}
	return map[string]row{
		"a length, several messages": {board{sync: []byte{0xAA, 0x55}, parts: []part{{kind: 'l', size: 1, add: 3}, {kind: 'i', size: 1}, {kind: 's', size: 1}},
			msgs: []message{{1, 12, 0}, {2, 20, 0}, {7, 6, 0}}, check: frame.Check{Kind: "crc-16/modbus", Endian: "little"}, flip: 1e-4},
			"AA 55", "{ at = 2, add = 3 }", `{ kind = "crc-16/modbus", over = "0:-2", at = -2, endian = "little" }`, "{ at = 3 }"},
		"a fixed size and an end marker": {board{sync: []byte{0xA5}, parts: []part{{kind: 's', size: 1}}, msgs: []message{{1, 16, 0}}, check: frame.Check{Kind: "sum8"}, from: 1, tail: []byte{0x0D, 0x0A}, flip: 1e-4},
			"A5", "21", `{ kind = "sum8", over = "1:-3", at = -3 }`, ""},
		"idle bytes, a length of two bytes": {board{sync: []byte{0xEB, 0x90}, parts: []part{{kind: 'i', size: 1}, {kind: 'l', size: 2, big: true}},
			msgs: []message{{0x11, 4, 20}, {0x12, 8, 0}}, check: frame.Check{Kind: "crc-8/maxim-dow"}, from: 2, gaps: 0.2, idle: 0xFF, flip: 1e-4},
			"EB 90", `{ at = 3, type = ">H", add = 0 }`, `{ kind = "crc-8/maxim-dow", over = "2:-1", at = -1 }`, "{ at = 2 }"},
		"the id tells the size": {board{sync: []byte{0x7E, 0x91}, parts: []part{{kind: 'i', size: 1}}, msgs: []message{{0x30, 8, 0}, {0x31, 14, 0}, {0x40, 22, 0}}, check: frame.Check{Kind: "crc-32/iso-hdlc", Endian: "big"}, big: true, flip: 1e-4},
			"7E 91", "by id", `{ kind = "crc-32/iso-hdlc", over = "0:-4", at = -4, endian = "big" }`, "{ at = 2 }"},
		"an end marker alone tells it": {board{sync: []byte{0xFA, 0xCE}, msgs: []message{{1, 4, 9}}, check: frame.Check{Kind: "xor8"}, tail: []byte{0x0D, 0x0A}, flip: 1e-4},
			"FA CE", `up to "0D 0A"`, `{ kind = "xor8", over = "0:-3", at = -3 }`, ""},
		"an id of two bytes": {board{sync: []byte{0xA5, 0x5A}, parts: []part{{kind: 'l', size: 1}, {kind: 'i', size: 2}}, msgs: []message{{0x0201, 8, 0}, {0x0202, 8, 0}, {0x0301, 12, 0}, {0x0302, 8, 0}}, check: frame.Check{Kind: "sum+sum"}, flip: 1e-4},
			"A5 5A", "{ at = 2, add = 0 }", `{ kind = "sum+sum", over = "0:-2", at = -2 }`, `{ at = 3, type = "<H" }`},
		"no check": {board{sync: []byte{0x5A, 0xA5}, parts: []part{{kind: 's', size: 2}}, msgs: []message{{1, 12, 0}}, flip: 1e-4},
			"5A A5", "16", "none", ""},
	}
}

func TestInfer_Boards(t *testing.T) {
	for name, row := range boards() {
		t.Run(name, func(t *testing.T) {
			r := Infer(row.stream(1000, 7))
			if r.Sync.Pattern != row.sync {
				t.Errorf("sync %q, want %q", r.Sync.Pattern, row.sync)
			}
			got := map[string]string{}
			for _, c := range r.Claims() {
				got[c.What] = c.Text
			}
			for what, want := range map[string]string{"size": row.size, "check": row.check, "id": row.id} {
				if got[what] != want {
					t.Errorf("%s %s, want %s", what, got[what], want)
				}
			}
			size := Certain
			if strings.Contains(row.size, ">H") || row.size == "by id" {
				size = Likely // no frame is so long that the high byte shows; another byte may tell as well
			}
			if row.check != "none" && (r.Check.Grade != Certain || r.Size.Grade != size) {
				t.Errorf("check is %v, size is %v: a check that held proves both, but no byte that rests, and not which byte tells", r.Check.Grade, r.Size.Grade)
			}
			if row.check == "none" && (r.Size.Grade == Certain || r.Sync.Grade == Certain) {
				t.Error("nothing proves it, and it is called certain")
			}
			if r.Explained < 0.95 {
				t.Errorf("explains %.3f", r.Explained)
			}
			holdDraft(t, r)
		})
	}
}

// holdDraft reads the draft as gateway.toml is read: it finds the same frames as
// the description.
func holdDraft(t *testing.T, r Result) {
	t.Helper()
	frames, issues := config.ParseFrames([]byte(r.Draft), "draft")
	if len(issues) > 0 {
		t.Fatalf("%v in\n%s", issues, r.Draft)
	}
	drafted := frames["board"]
	if _, errs := frame.Compile("board", drafted); len(errs) > 0 {
		t.Errorf("%v in\n%s", errs, r.Draft)
	}
	if diff := cmp.Diff(r.Description, drafted, cmpopts.EquateEmpty(), cmp.FilterPath(isPlainByte, cmp.Ignore())); diff != "" {
		t.Errorf("the draft is not the description:\n%s", diff)
	}
}

// isPlainByte: types and factors that are the default are left out of the draft.
func isPlainByte(p cmp.Path) bool {
	name := p.Last().String()
	return name == ".Type" && strings.Contains(p.GoString(), "ID") || name == ".Mul" || name == ".Type" && !strings.Contains(p.GoString(), "Fields")
}

// built are frames whose check stands in unusual places, as makers put them.
func built(t *testing.T, rng *rand.Rand, n int, build func(i int, payload []byte) []byte) []byte {
	t.Helper()
	var out []byte
	level := 0.0
	for i := range n {
		payload := make([]byte, 4+rng.IntN(12))
		for k := range payload {
			payload[k] = byte(rng.IntN(256))
		}
		level += rng.NormFloat64() * 50
		payload[0], payload[1] = byte(int(level)), byte(int(level)>>8)
		out = append(out, build(i, payload)...)
	}
	return out[3:]
}

func sumOf(t *testing.T, c frame.Check) *frame.Checksum {
	t.Helper()
	sum, err := frame.NewChecksum(c)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestInfer_CheckInUnusualPlaces(t *testing.T) {
	xmodem := sumOf(t, frame.Check{Kind: "crc-16/xmodem", Endian: "little"})
	sum8 := sumOf(t, frame.Check{Kind: "sum8"})
	header := sumOf(t, frame.Check{Kind: "crc", Width: 8, Poly: 0x31, Init: 0xFF, Reflect: true})
	body := sumOf(t, frame.Check{Kind: "crc-16/mcrf4xx", Endian: "little"})
	for name, row := range map[string]struct {
		build       func(i int, payload []byte) []byte
		check, head string
	}{
		"before the payload": {func(_ int, payload []byte) []byte {
			head := []byte{0x5A, 0xA5, byte(len(payload)), 0}
			crc := xmodem.Sum(head, payload)
			return append(append(head, byte(crc), byte(crc>>8)), payload...)
		}, `{ kind = "crc-16/xmodem", over = ["0:4", "6:"], at = 4, endian = "little" }`, ""},
		"blank": {func(_ int, payload []byte) []byte {
			f := append([]byte{0xAA, 0x14, 0, byte(len(payload) + 4)}, payload...)
			f[2] = byte(sum8.Sum(f))
			return f
		}, `{ kind = "sum8", over = "0:", at = 2, blank = true }`, ""},
		"a head of its own": {func(i int, payload []byte) []byte {
			f := []byte{0xA5, byte(len(payload)), 0, byte(i)}
			f = append(f, byte(header.Sum(f)))
			f = append(f, payload...)
			crc := body.Sum(f)
			return append(f, byte(crc), byte(crc>>8))
		}, `{ kind = "crc-16/mcrf4xx", over = "0:-2", at = -2, endian = "little" }`,
			`{ kind = "crc", width = 8, poly = 0x31, init = 0xFF, reflect = true, xorout = 0x0, over = "0:4", at = 4 }`},
	} {
		t.Run(name, func(t *testing.T) {
			r := Infer(built(t, rand.New(rand.NewPCG(3, 3)), 1000, row.build))
			if r.Check.Check == nil {
				t.Fatalf("no check; sync %q, %+v", r.Sync.Pattern, r.Size)
			}
			if got := checkText(r.Check.Check); got != row.check {
				t.Errorf("check %s, want %s", got, row.check)
			}
			head := ""
			if r.Check.Head != nil {
				head = checkText(r.Check.Head)
			}
			if head != row.head {
				t.Errorf("check of the head %s, want %s", head, row.head)
			}
			if r.Explained < 0.99 || r.Check.Grade != Certain {
				t.Errorf("explains %.3f, check %v", r.Explained, r.Check.Grade)
			}
		})
	}
}

// TestInfer_Unknown: where there are no frames, none are claimed, whatever the
// bytes are.
func TestInfer_Unknown(t *testing.T) {
	noise := func(seed uint64) []byte {
		rng := rand.New(rand.NewPCG(seed, 3))
		out := make([]byte, 64<<10)
		for i := range out {
			out[i] = byte(rng.IntN(256))
		}
		return out
	}
	for name, stream := range map[string][]byte{
		"nothing": nil, "one byte": {0xAA}, "zeros": make([]byte, 300_000), "two bytes in turn": bytes.Repeat([]byte{0xAA, 0x55}, 20_000),
		"text":  []byte(strings.Repeat("The board says nothing that I understand. ", 2000)),
		"noise": noise(1), "noise 2": noise(2), "noise 3": noise(3), "noise 4": noise(4), "noise 5": noise(5),
		"noise 6": noise(6), "noise 7": noise(7), "noise 8": noise(8), "noise 9": noise(9), "noise 10": noise(10),
	} {
		r := Infer(stream)
		if r.Sync.Grade == Certain || r.Size.Grade == Certain || r.Check.Grade == Certain || strings.HasPrefix(name, "noise") && r.Draft != "" {
			t.Errorf("%s: claims %+v %+v %+v", name, r.Sync, r.Size, r.Check)
		}
	}
}

// TestInfer_Types: the draft reads numbers as they were written.
func TestInfer_Types(t *testing.T) {
	xmodem := sumOf(t, frame.Check{Kind: "crc-16/xmodem", Endian: "little"})
	rng := rand.New(rand.NewPCG(6, 6))
	var out []byte
	little, big, long := 500.0, -300.0, 1e6
	for i := range 1000 {
		little += rng.NormFloat64() * 15
		big += rng.NormFloat64() * 15
		long += rng.NormFloat64() * 9000
		f := []byte{0xC3, 0x3C}
		f = put(f, uint64(uint16(int16(little))), 2, false)
		f = put(f, uint64(uint16(int16(big))), 2, true)
		f = put(f, uint64(uint32(int32(long))), 4, false)
		f = append(f, byte(i%3), 0x42)
		f = put(f, xmodem.Sum(f), 2, false)
		out = append(out, f...)
	}
	r := Infer(out)
	want := []frame.Field{{Type: "<h"}, {Type: ">h"}, {Type: "<i"}, {Type: "B"}, {Skip: 1}}
	if len(r.Description.Fields) != len(want) {
		t.Fatalf("fields %+v, want %d", r.Description.Fields, len(want))
	}
	for i, f := range r.Description.Fields {
		unsigned := map[string]string{"<H": "<h", ">H": ">h", "<I": "<i"}
		kind := f.Type
		if other, ok := unsigned[kind]; ok {
			kind = other // nothing below 0 was seen
		}
		if kind != want[i].Type || f.Skip != want[i].Skip {
			t.Errorf("field %d is %+v, want %+v", i, f, want[i])
		}
	}
}

// TestInfer_UnnamedCRC: a polynomial that is in no catalogue is found, with what
// it begins with, from frames of one size and of several.
func TestInfer_UnnamedCRC(t *testing.T) {
	for name, spec := range map[string]frame.Check{
		"16 bits":              {Kind: "crc", Width: 16, Poly: 0x4F6D, Init: 0xFFFF, Endian: "big"},
		"16 bits, reflected":   {Kind: "crc", Width: 16, Poly: 0x2AB5, Reflect: true, XorOut: 0x1234, Endian: "little"},
		"16 bits, other order": {Kind: "crc", Width: 16, Poly: 0x4F6D, Reflect: true, Endian: "big"},
		"8 bits":               {Kind: "crc", Width: 8, Poly: 0x65, Init: 0xFF},
		"32 bits":              {Kind: "crc", Width: 32, Poly: 0x12345677, Init: 0xFFFFFFFF, XorOut: 0xFFFFFFFF, Endian: "little"},
	} {
		t.Run(name, func(t *testing.T) {
			b := board{sync: []byte{0xAA, 0x55}, parts: []part{{kind: 'l', size: 1}}, msgs: []message{{1, 8, 6}}, check: spec, big: spec.Endian == "big", flip: 1e-4}
			r := Infer(b.stream(1000, 5))
			if r.Check.Check == nil || r.Check.Grade != Certain {
				t.Fatalf("check %+v, %v", r.Check.Check, r.Check.Grade)
			}
			if got := r.Check.Check; got.Width != spec.Width || got.Poly != spec.Poly || got.Reflect != spec.Reflect || r.Explained < 0.95 {
				t.Errorf("check %s, explains %.3f", checkText(got), r.Explained)
			}
		})
	}
}

// TestInfer_AnyBytes: whatever repeats, nothing breaks, and what is drafted can
// be read.
func TestInfer_AnyBytes(t *testing.T) {
	seeds := uint64(15)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 77))
		pattern := make([]byte, 1+rng.IntN(30))
		for i := range pattern {
			pattern[i] = byte(rng.IntN(1 + rng.IntN(256)))
		}
		var stream []byte
		for len(stream) < 4000 {
			stream = append(stream, pattern...)
			for range rng.IntN(1 + int(seed)%8) {
				stream = append(stream, byte(rng.IntN(1+rng.IntN(256))))
			}
			pattern[rng.IntN(len(pattern))] ^= byte(rng.IntN(4))
		}
		r := Infer(stream)
		if r.Draft != "" {
			holdDraft(t, r)
		}
		if r.Check.Grade == Certain {
			t.Errorf("%d: a check is called certain where there is none: %s", seed, checkText(r.Check.Check))
		}
	}
}
