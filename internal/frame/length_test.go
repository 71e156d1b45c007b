package frame_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// variants is one id in two sizes, as UBX has them.
//
//	B5 62 01 07 length ... CK_A CK_B
func variants() frame.Description {
	return frame.Description{
		Sync: "B5 62", Length: &frame.Length{At: 4, Type: "<H", Add: 8}, ID: &frame.Ref{At: 2, Type: ">H"}, Data: 6, Max: 64,
		Check: []frame.Check{{Kind: "sum+sum", Over: []string{"2:-2"}}},
		Messages: []frame.Message{
			{Name: "old", ID: []int{0x0107}, Size: 12, Fields: []frame.Field{{Name: "a", Type: "<H"}}},
			{Name: "new", ID: []int{0x0107}, Size: 16, Fields: []frame.Field{{Name: "a", Type: "<H"}, {Name: "b", Type: "<I", At: new(8)}}},
		},
	}
}

// TestMessageSize_HeldAgainstTheLength: a message with a size is the one only
// where the length says so, and its frames say so. [WIRE-4]
func TestMessageSize_HeldAgainstTheLength(t *testing.T) {
	p := mustCompile(t, "ubx", variants())
	for name, length := range map[string]byte{"old": 4, "new": 8} {
		v := map[string]reading.Value{"a": reading.IntValue(5)}
		if name == "new" {
			v["b"] = reading.IntValue(6)
		}
		b, err := p.Encode(nil, name, v)
		if err != nil || b[4] != length {
			t.Fatalf("%s: % X, %v; want the length %d in it", name, b, err, length)
		}
		got, m := scan(p, b)
		if len(got) != 1 || !strings.HasPrefix(got[0], name+" ") || m.Noise != 0 {
			t.Errorf("%s: got %v from % X", name, got, b)
		}
		// The same bytes under a length that says another size are no frame.
		b[4]++
		seal(t, b)
		if got, _ := scan(p, b); len(got) != 0 {
			t.Errorf("%s: got %v from % X, whose length is wrong", name, got, b)
		}
	}
	// A third size, of an id that is listed: none of the messages.
	b := []byte{0xB5, 0x62, 1, 7, 2, 0, 0, 0, 0, 0}
	if got, _ := scan(p, seal(t, b)); len(got) != 0 {
		t.Errorf("got %v from an id in a size that no message has", got)
	}
}

// seal writes UBX's sums once more.
func seal(t *testing.T, b []byte) []byte {
	t.Helper()
	var one, two byte
	for _, x := range b[2 : len(b)-2] {
		one += x
		two += one
	}
	b[len(b)-2], b[len(b)-1] = one, two
	return b
}

// TestVarint_Lengths: LwPKT's frames on both sides of a varint's borders.
// (MaJerle/lwpkt: AA, from, to, command, length, data, CRC, 55)
func TestVarint_Lengths(t *testing.T) {
	p := mustCompile(t, "lwpkt", frame.Description{
		Sync: "AA 01 02", ID: &frame.Ref{At: 3}, Length: &frame.Length{At: 4, Type: "varint", Add: 7}, End: "55", Max: 20000, Data: 5,
		Check:    []frame.Check{{Kind: "crc-8/maxim-dow", Over: []string{"1:-2"}}},
		Messages: []frame.Message{{Name: "m", ID: []int{9}, Fields: []frame.Field{{Name: "first", Type: "B"}, {Name: "last", Type: "B", At: new(-3)}}}},
	})
	for _, row := range []struct {
		n      int
		length string
	}{{2, "02"}, {127, "7F"}, {128, "80 01"}, {300, "AC 02"}, {16383, "FF 7F"}, {16384, "80 80 01"}} {
		length := fromHex(t, row.length)
		b := slices.Concat([]byte{0xAA, 1, 2, 9}, length, make([]byte, row.n), []byte{0, 0x55})
		b[4+len(length)], b[len(b)-3] = 0x11, 0x22
		if err := p.Seal(b, p.Messages()[0], 9); err != nil {
			t.Errorf("%d bytes of data: %v", row.n, err)
			continue
		}
		if got := b[4 : 4+len(length)]; !bytes.Equal(got, length) {
			t.Errorf("%d bytes of data: the length is % X, want %s", row.n, got, row.length)
		}
		got, m := scan(p, append([]byte{0xAA, 1}, b...))
		if len(got) != 1 || got[0] != "m first=17 last=34" || m.Noise != 2 {
			t.Errorf("%d bytes of data: got %v, noise %d", row.n, got, m.Noise)
		}
	}
	for _, bad := range []string{"82 00", "80 80 80 80 01"} { // longer than needed, longer than four
		b := slices.Concat([]byte{0xAA, 1, 2, 9}, fromHex(t, bad), make([]byte, 8))
		if _, err := p.Parse(b); err == nil || !strings.Contains(err.Error(), "length") {
			t.Errorf("a length of %s: %v", bad, err)
		}
	}
}

// TestResync_Skip: with "skip" a frame within a damaged one is passed over, as
// an inner frame of MSP; by default it is found. [WIRE-1]
func TestResync_Skip(t *testing.T) {
	d := frame.Description{Sync: "AA", Length: &frame.Length{At: 1}, Max: 64, Data: 2,
		Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{{Name: "v", Type: "B", Repeat: "rest", Max: 60}}}
	inner := fromHex(t, "AA 04 07 B5")
	outer := slices.Concat([]byte{0xAA, 8, 1}, inner, []byte{0}) // its check fails
	for resync, want := range map[string]string{"": "x v0=7; x v0=7", "rescan": "x v0=7; x v0=7", "skip": "x v0=7"} {
		d.Resync = resync
		for _, stuff := range []*frame.Stuff{nil, {Esc: new(0xFD), Map: map[string]int{"0": 0xFD}}} {
			d.Stuff = stuff
			p := mustCompile(t, "x", d)
			got, _ := scan(p, slices.Concat(outer, inner))
			if g := strings.Join(got, "; "); g != want {
				t.Errorf("resync %q, stuff %v: got %s, want %s", resync, stuff, g, want)
			}
		}
		d.Stuff = nil
	}
}

// TestUnmask_Numbers: id, sequence number and constants are what the board
// means, on the line they are masked; the check covers the line's bytes. [WIRE-26]
func TestUnmask_Numbers(t *testing.T) {
	d := frame.Description{Sync: "68", Size: 9, Data: 1, ID: &frame.Ref{At: 1, Type: ">H"}, Seq: &frame.Ref{At: 3},
		Unmask: &frame.Unmask{Sub: 0x33}, Check: []frame.Check{{Kind: "sum8"}}, End: "16",
		Messages: []frame.Message{{Name: "m", ID: []int{0x0102}, Fields: []frame.Field{
			{Skip: 3}, {Type: "B", Const: new(int64(0xF0))}, {Name: "v", Type: ">H"}}}}}
	p := mustCompile(t, "m", d)
	b, err := p.Encode(nil, "m", map[string]reading.Value{"v": reading.IntValue(0x0A0B)})
	if err != nil {
		t.Fatal(err)
	}
	if !p.Renumber(b, p.Messages()[0], 0xFF) {
		t.Fatal("cannot number the frame")
	}
	// 01 02 FF F0 0A 0B, each 33 more; the sum of 68 34 35 32 23 3D 3E is A1.
	if want := fromHex(t, "68 34 35 32 23 3D 3E A1 16"); !bytes.Equal(b, want) {
		t.Errorf("got % X, want % X", b, want)
	}
	if got, _ := scan(p, b); fmt.Sprint(got) != "[m v=2571]" {
		t.Errorf("got %v", got)
	}
}

func TestCompile_RefusesImpossibleLines(t *testing.T) {
	one := []frame.Field{{Name: "a", Type: "B"}}
	sum := []frame.Check{{Kind: "sum8"}}
	for _, row := range []struct {
		want string
		d    frame.Description
	}{
		{`stuff: found "hdcl", want "hdlc", "slip", "cobs", "xbee", "dxl2" or a table { esc, map }; did you mean hdlc?`,
			frame.Description{Stuff: &frame.Stuff{Kind: "hdcl"}, Check: sum, Sync: "AA", Fields: one}},
		{`stuff.esc: found esc or map beside kind, want one of them`,
			frame.Description{Stuff: &frame.Stuff{Kind: "hdlc", Esc: new(1)}, Check: sum, Sync: "AA", Fields: one}},
		{`stuff.map: found no code for esc, want a code that stands for 0xfd; esc itself may stand in the data`,
			frame.Description{Stuff: &frame.Stuff{Esc: new(0xFD), Map: map[string]int{"1": 2}}, Check: sum, Sync: "AA", Fields: one}},
		{`sync: found none, want bytes with which a frame begins; only sync stands unescaped`,
			frame.Description{Stuff: &frame.Stuff{Esc: new(1), Map: map[string]int{"1": 1}}, Check: sum, Size: 4, Fields: one}},
		{`sync: found "AA", want "7E", with which an escaped XBee frame begins`,
			frame.Description{Stuff: &frame.Stuff{Kind: "xbee"}, Sync: "AA", Check: sum, Fields: one}},
		{`unmask: found both or none, want sub or xor`, frame.Description{Unmask: &frame.Unmask{}, Sync: "AA", Check: sum, Fields: one}},
		{`resync: found "skp", want "rescan" or "skip"; did you mean skip?`, frame.Description{Resync: "skp", Sync: "AA", Check: sum, Fields: one}},
		{`check[0].at: found offset 4, want a place before the varint length; only fields may; count from the frame's end`,
			frame.Description{Length: &frame.Length{At: 1, Type: "varint"}, Sync: "AA", Max: 9, Check: []frame.Check{{Kind: "sum8", At: new(4), Over: []string{"0:1"}}}, Fields: one}},
		{`max: found none, want the largest frame in bytes, without escapes; delimiters alone do not bound a frame`,
			frame.Description{Stuff: &frame.Stuff{Kind: "slip"}, Check: sum, Messages: []frame.Message{{Name: "m"}}}},
	} {
		if p, errs := frame.Compile("x", row.d); p != nil || len(errs) != 1 || errs[0].Error() != row.want {
			t.Errorf("got %v\nwant %s", errs, row.want)
		}
	}
}

// TestScanner_TellsLateFramesFromRestarts: a number a little behind is a frame
// out of order, unless the board goes on from there.
func TestScanner_TellsLateFramesFromRestarts(t *testing.T) {
	p := presetPlan(t, "demo")
	for _, row := range []struct {
		seqs                    []uint64
		lost, again, back, late uint64
	}{
		{[]uint64{1, 2, 4, 3, 5}, 1, 0, 0, 1},
		{[]uint64{1, 2, 5, 4, 3, 6}, 2, 0, 0, 2},
		{[]uint64{9, 10, 0, 1, 2}, 0, 0, 1, 0},
		{[]uint64{9, 10, 10, 2, 3}, 0, 1, 1, 0},
		{[]uint64{500, 0, 1}, 0, 0, 1, 0},
		{[]uint64{0xFFFFFFFE, 0, 0xFFFFFFFF, 1}, 1, 0, 0, 1},
		{[]uint64{8, 0}, 0, 0, 1, 0}, // 0 tells at once
		{[]uint64{8, 3}, 0, 0, 0, 0}, // the next number will
	} {
		s := frame.NewScanner(p, 0)
		for _, seq := range row.seqs {
			b := fromHex(t, demoGood)
			p.Renumber(b, p.Messages()[0], seq)
			s.Feed(reading.Chunk{Bytes: b})
			for s.Scan() {
			}
		}
		m := s.Metrics()
		if m.SeqLost != row.lost || m.SeqRepeated != row.again || m.SeqBack != row.back || m.SeqOutOfOrder != row.late {
			t.Errorf("%v: lost %d, repeated %d, back %d, out of order %d; want %d, %d, %d, %d", row.seqs,
				m.SeqLost, m.SeqRepeated, m.SeqBack, m.SeqOutOfOrder, row.lost, row.again, row.back, row.late)
		}
	}
}
