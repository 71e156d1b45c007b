package frame_test

import (
	"slices"
	"testing"

	"serialgw/internal/frame"
)

// checkRows are published frames whose checks stand in unusual places or cover
// unusual bytes.
var checkRows = []struct {
	name string
	d    frame.Description
	wire string
}{
	// kipe/enocean test_packet.py: a CRC over the head, one over the rest.
	{"two crcs", frame.Description{Sync: "55", Length: &frame.Length{At: 1, Type: ">H", Sum: []frame.Ref{{At: 3}}, Add: 7}, Max: 64,
		Check:    []frame.Check{{Kind: "crc-8/smbus", At: new(5), Over: []string{"1:5"}}, {Kind: "crc-8/smbus", Over: []string{"6:-1"}}},
		Messages: []frame.Message{{Name: "m"}}},
		"55 00 0F 07 01 2B D2 DD DD DD DD DD DD DD DD DD 00 80 35 C4 00 03 FF FF FF FF 4D 00 36"},
	// hipnuc/products: the CRC in front of the payload, over what stands around it.
	{"two ranges", frame.Description{Sync: "5A A5", Length: &frame.Length{At: 2, Type: "<H", Add: 6}, Max: 128,
		Check:    []frame.Check{{Kind: "crc-16/xmodem", At: new(4), Over: []string{"0:4", "6:"}, Endian: "little"}},
		Messages: []frame.Message{{Name: "m"}}},
		"5A A5 4C 00 14 BB 91 08 15 23 09 A2 C4 47 08 15 1C 00 CC E8 61 BE 9A 35 56 3E 65 EA 72 3F 31 D0 7C BD 75 DD C5 BB 6B D7 24 BC 89 88 FC 40 01 00 6A 41 AB 2A 70 C2 96 D4 50 41 ED 03 43 41 41 F4 F4 C2 CC CA F8 BE 73 6A 19 BE F0 00 1C 3D 8D 37 5C 3F"},
	// 逐飞: the sum covers the whole frame with itself taken as 0; computed by
	// hand: AA + 11 + 08 + 3F + 80 = 182.
	{"blank", frame.Description{Sync: "AA 1?", Length: &frame.Length{At: 3}, Max: 36,
		Check:    []frame.Check{{Kind: "sum8", At: new(2), Over: []string{"0:"}, Blank: true}},
		Messages: []frame.Message{{Name: "m"}}},
		"AA 11 82 08 00 00 80 3F"},
	// iBUS to IA6: the sum of the 16-bit words 0 to 13 is 91.
	{"words", frame.Description{Sync: "55", Size: 31, Check: []frame.Check{{Kind: "sum16w", Over: []string{"1:-2"}, Endian: "little"}},
		Messages: []frame.Message{{Name: "m"}}},
		"55 00 00 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0A 00 0B 00 0C 00 0D 00 5B 00"},
	// iNavFlight/inav wiki, MSP V2: the second version inside the first.
	{"one inside another", frame.Description{Sync: "24 4D 3C|3E|21", Length: &frame.Length{At: 3, Add: 6}, Max: 64,
		Check: []frame.Check{{Kind: "xor8", Over: []string{"3:-1"}, At: new(-1)},
			{Kind: "crc-8/dvb-s2", Over: []string{"5:-2"}, At: new(-2)}},
		Messages: []frame.Message{{Name: "m"}}},
		"24 4D 3C 18 FF A5 42 42 12 00 48 65 6C 6C 6F 20 66 6C 79 69 6E 67 20 77 6F 72 6C 64 82 E1"},
	// MAVLink 1: one more byte from the message. (pymavlink's mavlink10.js)
	{"extra", frame.Description{Sync: "FE", Length: &frame.Length{At: 1, Add: 8}, ID: &frame.Ref{At: 5}, Max: 64,
		Check:    []frame.Check{{Kind: "crc-16/mcrf4xx", Over: []string{"1:-2"}, Endian: "little", Extra: "crc_extra"}},
		Messages: []frame.Message{{Name: "heartbeat", CRCExtra: new(50)}}},
		"FE 09 03 FF 00 00 00 00 00 00 06 08 00 00 03 9F 5C"},
}

// roboMaster is the referee system's frame: a check of the head, which bounds
// what a broken length can do, and one of the whole.
func roboMaster() frame.Description {
	return frame.Description{Sync: "A5", Length: &frame.Length{At: 1, Type: "<H", Add: 9}, Seq: &frame.Ref{At: 3},
		ID: &frame.Ref{At: 5, Type: "<H"}, Data: 7, Max: 137,
		Check: []frame.Check{{Kind: "crc", Width: 8, Poly: 0x31, Init: 0xFF, Reflect: true, At: new(4), Over: []string{"0:4"}},
			{Kind: "crc-16/mcrf4xx", Endian: "little"}},
		Messages: []frame.Message{{Name: "power", ID: []int{0x202}, Fields: []frame.Field{{Name: "volt", Type: "<H"}, {Skip: 14}}}}}
}

// TestChecks_WhereverTheyStand: the published frame passes; with any byte
// changed it is none; and sealing it changes nothing.
func TestChecks_WhereverTheyStand(t *testing.T) {
	for _, row := range checkRows {
		t.Run(row.name, func(t *testing.T) {
			p, b := mustCompile(t, row.name, row.d), fromHex(t, row.wire)
			f, err := p.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			id := 0
			if row.name == "extra" {
				id = int(b[5])
			}
			sealed := slices.Clone(b)
			if err := p.Seal(sealed, f.Message, id); err != nil || !slices.Equal(sealed, b) {
				t.Errorf("sealed again: % X, %v", sealed, err)
			}
			for i := range b {
				b[i] ^= 0x04
				if _, err := p.Parse(b); err == nil {
					t.Errorf("byte %d may change", i)
				}
				b[i] ^= 0x04
			}
		})
	}
}

// TestChecks_HeaderBoundsABrokenLength: a broken length is refused as soon as
// the head is in, and costs no frame behind it.
func TestChecks_HeaderBoundsABrokenLength(t *testing.T) {
	p := mustCompile(t, "robomaster", roboMaster())
	b := make([]byte, 25)
	if err := p.Seal(b, p.Messages()[0], 0x202); err != nil {
		t.Fatal(err)
	}
	broken := slices.Clone(b[:7])
	broken[1] = 0x7F // claims 136 bytes
	got, m := scan(p, slices.Concat(broken, b))
	if len(got) != 1 || m.CheckFailed == 0 || m.Noise != 7 {
		t.Errorf("got %v, %+v", got, m)
	}
	// The same with skip: the head's own check is not to be believed.
	d := roboMaster()
	d.Resync = "skip"
	if got, _ := scan(mustCompile(t, "robomaster", d), slices.Concat(broken, b)); len(got) != 1 {
		t.Errorf("with skip: got %v", got)
	}
}
