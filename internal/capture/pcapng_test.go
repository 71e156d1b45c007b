package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// recorded is a small recording: two ports, both directions, a marker.
var recorded = []Packet{
	{Port: "/dev/ttyUSB0", Direction: Inbound, Time: 1700000000123456789, Bytes: []byte{0xAA, 0x55, 0x01}},
	{Port: "/dev/ttyUSB0", Time: 1700000000200000000, Bytes: []byte{}, Comment: "lost: unplugged, 電源"},
	{Port: "/dev/ttyAMA0", Direction: Outbound, Time: 1700000000300000001, Bytes: []byte("ping"), Comment: "by hand"},
	{Port: "/dev/ttyUSB0", Direction: Inbound, Time: 1700000001000000000, Bytes: bytes.Repeat([]byte{7}, 301)},
}

func record(t testing.TB, packets []Packet) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddPort(Port{Name: "/dev/ttyUSB0", Description: "115200 8N1"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes()
}

// readAll returns all packets up to the first error, nil at a clean end.
func readAll(src Source) (packets []Packet, err error) {
	for p, err := range Packets(src) {
		if err != nil {
			return packets, err
		}
		p.Bytes = slices.Clone(p.Bytes)
		packets = append(packets, p)
	}
	return packets, nil
}

func wantPackets(t *testing.T, got, want []Packet) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Port != w.Port || g.Direction != w.Direction || g.Time != w.Time || g.Comment != w.Comment || !bytes.Equal(g.Bytes, w.Bytes) {
			t.Errorf("packet %d: %+v, want %+v", i, g, w)
		}
	}
}

func TestReader_RoundTrip(t *testing.T) {
	r := NewReader(bytes.NewReader(record(t, recorded)))
	got, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	wantPackets(t, got, recorded)
	if ports := r.Ports(); !slices.Equal(ports, []Port{{Name: "/dev/ttyUSB0", Description: "115200 8N1"}, {Name: "/dev/ttyAMA0"}}) {
		t.Errorf("ports %+v", ports)
	}
}

func TestReader_CutAtEveryByte(t *testing.T) {
	file := record(t, recorded)
	var ends []int // where each packet's block ends
	for i := range recorded {
		ends = append(ends, len(record(t, recorded[:i+1])))
	}
	starts := blockStarts(t, file)
	for n := range len(file) {
		got, err := readAll(NewReader(bytes.NewReader(file[:n])))
		want := 0
		for want < len(ends) && ends[want] <= n {
			want++
		}
		wantPackets(t, got, recorded[:want])
		if whole := slices.Contains(starts, n); whole && err != nil || !whole && !errors.Is(err, ErrCut) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func blockStarts(t *testing.T, file []byte) (starts []int) {
	t.Helper()
	for at := 0; at < len(file); at += int(binary.LittleEndian.Uint32(file[at+4:])) {
		starts = append(starts, at)
	}
	return starts
}

// block builds one block by the specification, for either byte order.
func block(order binary.AppendByteOrder, kind uint32, body ...byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	length := uint32(len(body) + 12)
	out := order.AppendUint32(nil, kind)
	out = order.AppendUint32(out, length)
	return order.AppendUint32(append(out, body...), length)
}

func section(order binary.AppendByteOrder) []byte {
	body := order.AppendUint32(nil, byteOrderMagic)
	body = order.AppendUint16(body, 1)
	return block(order, blockSection, append(body, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255)...)
}

func iface(order binary.AppendByteOrder, link uint16, options ...byte) []byte {
	body := order.AppendUint16(nil, link)
	return block(order, blockInterface, append(append(body, 0, 0, 0, 0, 0, 0), options...)...)
}

func packet(order binary.AppendByteOrder, id uint32, stamp uint64, data string, options ...byte) []byte {
	body := order.AppendUint32(nil, id)
	body = order.AppendUint32(body, uint32(stamp>>32))
	body = order.AppendUint32(body, uint32(stamp))
	body = order.AppendUint32(body, uint32(len(data)))
	body = order.AppendUint32(body, uint32(len(data)))
	body = append(body, data...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	return block(order, blockPacket, append(body, options...)...)
}

func TestReader_ForeignFiles(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	x := Packet{Port: "interface 0", Time: 1_000_000_000, Bytes: []byte("x")}
	y := Packet{Port: "interface 1", Time: 1_000_000_000, Bytes: []byte("x")}
	named := Packet{Port: "a", Direction: Outbound, Time: 2_000_000_000, Bytes: []byte("yy")}
	for _, row := range []struct {
		name string
		file [][]byte
		want []Packet
	}{
		{"Empty", nil, nil},
		{"MicrosecondsByDefault", [][]byte{section(le), iface(le, 147), packet(le, 0, 1_000_000, "x")}, []Packet{x}},
		{"BigEndian", [][]byte{
			section(be), iface(be, 147, 0, 2, 0, 1, 'a', 0, 0, 0, 0, 9, 0, 1, 9, 0, 0, 0), // no end of options
			packet(be, 0, 2_000_000_000, "yy", 0, 2, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0),
		}, []Packet{named}},
		{"PowersOfTwo", [][]byte{section(le), iface(le, 147, 9, 0, 1, 0, 0x8A, 0, 0, 0), packet(le, 0, 1024, "x")}, []Packet{x}},
		{"TimeZero", [][]byte{section(le), iface(le, 147, 14, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0), packet(le, 0, 0, "x")}, []Packet{x}},
		{"OtherBlocksSkipped", [][]byte{
			section(le), block(le, 4, 1, 2, 3), iface(le, 147), block(le, 0x80000001), packet(le, 0, 1_000_000, "x"), block(le, 3, 1, 0, 0, 0),
		}, []Packet{x}},
		{"OtherLinkSkipped", [][]byte{section(le), iface(le, 1), iface(le, 147), packet(le, 0, 5, "eth"), packet(le, 1, 1_000_000, "x")}, []Packet{y}},
		{"UnnamedAreNotMixed", [][]byte{section(le), iface(le, 147), iface(le, 147), packet(le, 1, 1_000_000, "x"), packet(le, 0, 1_000_000, "x")}, []Packet{y, x}},
		{"TwoSections", [][]byte{
			section(le), iface(le, 147), packet(le, 0, 1_000_000, "x"),
			section(be), iface(be, 147), packet(be, 0, 1_000_000, "x"),
		}, []Packet{x, x}},
		{"BrokenOptionsCostNoBytes", [][]byte{section(le), iface(le, 147), packet(le, 0, 1_000_000, "x", 1, 0, 99, 0)}, []Packet{x}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := readAll(NewReader(bytes.NewReader(bytes.Join(row.file, nil))))
			if err != nil {
				t.Fatal(err)
			}
			wantPackets(t, got, row.want)
		})
	}
}

// manyPorts is n ports of different names, of whom no section has many.
func manyPorts(n int) (blocks [][]byte) {
	le := binary.LittleEndian
	for i := range n {
		if i%1000 == 0 {
			blocks = append(blocks, section(le))
		}
		blocks = append(blocks, iface(le, 147, 2, 0, 2, 0, byte(i), byte(i>>8), 0, 0))
	}
	return blocks
}

// TestReader_PortsOnce: a port that comes in every section is one port.
func TestReader_PortsOnce(t *testing.T) {
	le := binary.LittleEndian
	one := bytes.Join([][]byte{section(le), iface(le, 147), iface(le, 147, 2, 0, 1, 0, 'a', 0, 0, 0)}, nil)
	r := NewReader(bytes.NewReader(bytes.Repeat(one, 2*maxInterfaces)))
	if _, err := readAll(r); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Ports(), []Port{{Name: "interface 0"}, {Name: "a"}}; !slices.Equal(got, want) {
		t.Errorf("ports %+v, want %+v", got, want)
	}
}

func TestReader_Damage(t *testing.T) {
	le := binary.LittleEndian
	huge := []byte{6, 0, 0, 0, 0xFC, 0xFF, 0xFF, 0x7F}
	other := block(le, 6, make([]byte, 20)...)
	other[len(other)-4]++
	oversize := packet(le, 0, 0, "x")
	oversize[8+12] = 5
	for _, row := range []struct {
		name string
		file [][]byte
		want string
	}{
		{"NoSection", [][]byte{iface(le, 147)}, "at byte 0: not a pcapng recording"},
		{"ByteOrder", [][]byte{block(le, blockSection, make([]byte, 16)...)}, "at byte 0: unknown byte order"},
		{"ShortSection", [][]byte{block(le, blockSection, 0x4D, 0x3C, 0x2B, 0x1A)}, "at byte 0: impossible block length 16"},
		{"HugeBlock", [][]byte{section(le), huge}, "at byte 28: impossible block length 2147483644"},
		{"LengthsDiffer", [][]byte{section(le), iface(le, 147), other}, "at byte 48: block lengths differ: 32 and 33"},
		{"ShortInterface", [][]byte{section(le), block(le, 1, 147, 0, 0, 0)}, "interface block of 4 bytes"},
		{"Resolution", [][]byte{section(le), iface(le, 147, 9, 0, 1, 0, 20, 0, 0, 0)}, "impossible time resolution"},
		{"ResolutionOfTwo", [][]byte{section(le), iface(le, 147, 9, 0, 1, 0, 0xFF, 0, 0, 0)}, "impossible time resolution"},
		{"ShortPacket", [][]byte{section(le), iface(le, 147), block(le, 6, 0, 0, 0, 0)}, "packet block of 4 bytes"},
		{"UnknownInterface", [][]byte{section(le), iface(le, 147), packet(le, 1, 0, "x")}, "interface 1"},
		{"Oversize", [][]byte{section(le), iface(le, 147), oversize}, "packet of 5 bytes in a block that holds 4"},
		{"Interfaces", [][]byte{section(le), bytes.Repeat(iface(le, 1), maxInterfaces+1)}, "more than 4096 interfaces in a section"},
		{"Ports", [][]byte{bytes.Join(manyPorts(maxInterfaces+1), nil)}, "more than 4096 ports"},
		{"InterfacesEndWithTheirSection", [][]byte{section(le), iface(le, 147), section(le), packet(le, 0, 0, "x")}, "interface 0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := NewReader(bytes.NewReader(bytes.Join(row.file, nil)))
			got, err := readAll(r)
			if err == nil || !strings.Contains(err.Error(), row.want) || len(got) > 0 {
				t.Errorf("%d packets, %v, want %s", len(got), err, row.want)
			}
			if _, again := r.Next(); !errors.Is(again, err) {
				t.Errorf("then %v", again)
			}
		})
	}
}

func TestNanoseconds_NeverOverflow(t *testing.T) {
	for _, row := range []struct {
		n     netIf
		stamp uint64
		want  int64
	}{
		{netIf{unit: 1e9}, 1700000000123456789, 1700000000123456789},
		{netIf{unit: 1e19}, math.MaxUint64, 1844674407},
		{netIf{unit: 1 << 63}, 3 << 62, 1_500_000_000},
		{netIf{unit: 1}, math.MaxUint64, 9_000_000_000_000_000_000},
		{netIf{unit: 1, zero: math.MinInt64}, 0, -9_000_000_000_000_000_000},
		{netIf{unit: 1, zero: math.MaxInt64}, math.MaxUint64, 9_000_000_000_000_000_000},
	} {
		if got := row.n.nanoseconds(row.stamp); got != row.want {
			t.Errorf("%+v at %d: %d, want %d", row.n, row.stamp, got, row.want)
		}
	}
}

func FuzzReader(f *testing.F) {
	be := binary.BigEndian
	f.Add(record(f, recorded))
	f.Add(bytes.Join([][]byte{section(be), iface(be, 147, 0, 9, 0, 1, 0x89, 0, 0, 0), packet(be, 0, 1, "x")}, nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := readAll(NewReader(bytes.NewReader(file)))
		total := 0
		for _, p := range got {
			total += len(p.Bytes)
			if p.Port == "" || p.Direction > 3 {
				t.Errorf("packet %+v", p)
			}
		}
		if total > len(file) {
			t.Errorf("%d bytes from a file of %d", total, len(file))
		}
		if err != nil {
			return
		}
		// What was read whole can be written and read again.
		for i, p := range got {
			got[i].Time, got[i].Comment = max(p.Time, 0), ""
			got[i].Port = strings.ToValidUTF8(p.Port[:min(len(p.Port), maxText)], "")
			got[i].Direction &= 3
			if got[i].Port == "" {
				got[i].Port = "interface 0"
			}
		}
		again, err := readAll(NewReader(bytes.NewReader(record(t, got))))
		if err != nil {
			t.Fatal(err)
		}
		wantPackets(t, again, got)
	})
}
