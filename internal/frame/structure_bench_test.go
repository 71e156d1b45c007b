package frame

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"testing"

	"serialgw/internal/reading"
)

// The benchmarks of structure scan and decode frames of shapes that are more
// than values one behind the other, beside a loop written by hand for just that
// shape, which fills the same properties.

const benchFrames = 100

// lidar is the frame of an LD06: twelve times a distance and an intensity.
func lidar(counter any) Description {
	return Description{
		Sync: "54 2C", Size: 47, Check: []Check{{Kind: "crc", Width: 8, Poly: 0x4D}},
		Fields: []Field{
			{Name: "speed", Type: "<H"}, {Name: "start", Type: "<H", Scale: 0.01},
			{Count: 12, Group: []Field{{Name: "d", Type: "<H"}, {Name: "q", Type: "B"}}},
			{Name: "end", Type: "<H", Scale: 0.01}, {Name: "time", Type: "<H", Counter: counter},
		},
	}
}

// countedLidar is the same with as many points as a byte says.
func countedLidar() Description {
	return Description{
		Sync: "54", Length: &Length{At: 1}, Data: 2, Check: []Check{{Kind: "crc", Width: 8, Poly: 0x4D}},
		Fields: []Field{
			{Name: "speed", Type: "<H"}, {Name: "start", Type: "<H", Scale: 0.01}, {Name: "_n", Type: "B"},
			{Repeat: "_n", Max: 16, Group: []Field{{Name: "d", Type: "<H"}, {Name: "q", Type: "B"}}},
			{Name: "end", Type: "<H", Scale: 0.01}, {Name: "time", Type: "<H"},
		},
	}
}

// quotients is the frame of a CSE7766: three values are computed.
func quotients() Description {
	return Description{
		Sync: "55 5A", Size: 24, Check: []Check{{Kind: "sum8", Over: []string{"2:-1"}}},
		Fields: []Field{
			{Names: []string{"_vc", "_vp", "_cc", "_cp", "_pc", "_pp"}, Count: 6, Type: ">u24"}, {Name: "_ready", Type: "B"},
			{Name: "voltage", Expr: "_vc / _vp", When: "_ready & 0x40"}, {Name: "current", Expr: "_cc / _cp", When: "_ready & 0x20"},
			{Name: "power", Expr: "_pc / _pp", When: "_ready & 0x10"}, {Name: "pulses", Type: ">H"},
		},
	}
}

// channels is a line of four numbers.
func channels() Description {
	return Description{
		End: "0A", Split: ",", Max: 80,
		Fields: []Field{{Name: "ch", Type: "num", Count: 4, Range: []float64{-1e6, 1e6}}},
	}
}

// benchStructures are the shapes, with what fills a frame of each.
var benchStructures = []struct {
	name string
	d    Description
	hand func(b []byte, r *reading.Reading) int // returns the frames found
}{
	{"group", lidar(nil), handLidar},
	{"group+counter", lidar(int64(30000)), handLidar},
	{"counted-group", countedLidar(), handCounted},
	{"expr", quotients(), handQuotients},
	{"line", channels(), handLine},
}

func BenchmarkStructure(b *testing.B) {
	for _, row := range benchStructures {
		p, errs := Compile("bench", row.d)
		if errs != nil {
			b.Fatal(errs)
		}
		stream := structureStream(b, p)
		b.Run("shape="+row.name+"/by=plan", func(b *testing.B) {
			s, d := NewScanner(p, 115200), p.NewDecoder()
			var r reading.Reading
			benchStructure(b, len(stream), func() (found int) {
				s.Feed(reading.Chunk{Bytes: stream})
				for s.Scan() {
					d.Decode(s.Frame(), &r)
					found++
				}
				return found
			})
		})
		b.Run("shape="+row.name+"/by=hand", func(b *testing.B) {
			var r reading.Reading
			benchStructure(b, len(stream), func() int { return row.hand(stream, &r) })
		})
	}
}

// TestStructure_AllocatesNothing: nor does any of these shapes cost garbage.
func TestStructure_AllocatesNothing(t *testing.T) {
	for _, row := range benchStructures {
		p, errs := Compile("bench", row.d)
		if errs != nil {
			t.Fatal(errs)
		}
		stream := structureStream(t, p)
		s, d := NewScanner(p, 115200), p.NewDecoder()
		var r reading.Reading
		found, absent := 0, 0
		scan := func() {
			s.Feed(reading.Chunk{Bytes: stream})
			for s.Scan() {
				absent += d.Decode(s.Frame(), &r).Total()
				found++
			}
		}
		scan()
		if n := testing.AllocsPerRun(20, scan); n != 0 || found < 20*benchFrames || absent > 0 {
			t.Errorf("%s: %v allocations, %d frames, %d values absent", row.name, n, found, absent)
		}
	}
}

func benchStructure(b *testing.B, size int, scan func() int) {
	b.Helper()
	if found := scan(); found < benchFrames-1 {
		b.Fatalf("%d frames, want %d", found, benchFrames)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		scan()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchFrames), "ns/frame")
}

// structureStream is so many frames of the plan's only message.
func structureStream(b testing.TB, p *Plan) []byte {
	b.Helper()
	m := p.messages[0]
	var out []byte
	for i := range benchFrames {
		values := map[string]reading.Value{}
		for k := range m.slots {
			s := &m.slots[k]
			switch {
			case s.in > 0 && s.nth >= 12, s.name == "_n":
			case s.piece == pieceNum:
				values[s.name] = reading.DecimalValue(int64(i*k*1237-5000), 2)
			case s.name == "_ready":
				values[s.name] = reading.IntValue(0x71)
			default:
				values[s.name] = reading.IntValue(int64(1 + (i*31+k*7)%200))
			}
		}
		var err error
		if out, err = p.Encode(out, m.Name, values); err != nil {
			b.Fatal(err)
		}
	}
	return out
}

var handNames = func() (names [28]string) {
	names[0], names[1], names[26], names[27] = "speed", "start", "end", "time"
	for i := range 12 {
		names[2+2*i], names[3+2*i] = fmt.Sprint("d", i), fmt.Sprint("q", i)
	}
	return names
}()

var handCRC = func() (table [256]byte) {
	for i := range table {
		c := byte(i)
		for range 8 {
			c = c<<1 ^ 0x4D&-(c>>7)
		}
		table[i] = c
	}
	return table
}()

func handSum(b []byte) (c byte) {
	for _, x := range b {
		c = handCRC[c^x]
	}
	return c
}

func handLidar(b []byte, r *reading.Reading) (found int) {
	for len(b) >= 47 {
		i := bytes.IndexByte(b, 0x54)
		if i < 0 || len(b)-i < 47 {
			return found
		}
		f := b[i : i+47]
		if f[1] != 0x2C || handSum(f[:46]) != f[46] {
			b = b[i+1:]
			continue
		}
		handPoints(f[2:], 0, 12, r)
		b = b[i+47:]
		found++
	}
	return found
}

// handPoints reads speed, start, so many points behind a gap, end and time.
func handPoints(f []byte, gap, points int, r *reading.Reading) {
	r.Props = r.Props[:0]
	add := func(i int, v reading.Value) {
		r.Props = append(r.Props, reading.Property{Name: handNames[i], Value: v})
	}
	add(0, reading.IntValue(int64(binary.LittleEndian.Uint16(f))))
	add(1, reading.DecimalValue(int64(binary.LittleEndian.Uint16(f[2:])), 2))
	f = f[4+gap:]
	for k := range points {
		add(2+2*k, reading.IntValue(int64(binary.LittleEndian.Uint16(f[3*k:]))))
		add(3+2*k, reading.IntValue(int64(f[3*k+2])))
	}
	f = f[3*points:]
	add(26, reading.DecimalValue(int64(binary.LittleEndian.Uint16(f)), 2))
	add(27, reading.IntValue(int64(binary.LittleEndian.Uint16(f[2:]))))
}

func handCounted(b []byte, r *reading.Reading) (found int) {
	for len(b) >= 12 {
		i := bytes.IndexByte(b, 0x54)
		if i < 0 || len(b)-i < 12 || len(b)-i < int(b[i+1]) {
			return found
		}
		f := b[i : i+max(int(b[i+1]), 12)]
		n := int(f[6])
		if last := len(f) - 1; n > 12 || last < 11+3*n || handSum(f[:last]) != f[last] {
			b = b[i+1:]
			continue
		}
		handPoints(f[2:], 1, n, r)
		b = b[i+len(f):]
		found++
	}
	return found
}

func handQuotients(b []byte, r *reading.Reading) (found int) {
	for len(b) >= 24 {
		i := bytes.IndexByte(b, 0x55)
		if i < 0 || len(b)-i < 24 {
			return found
		}
		f := b[i : i+24]
		sum := byte(0)
		for _, x := range f[2:23] {
			sum += x
		}
		if f[1] != 0x5A || sum != f[23] {
			b = b[i+1:]
			continue
		}
		r.Props = r.Props[:0]
		for k, name := range [...]string{"voltage", "current", "power"} {
			period := u24(f[5+6*k:])
			if f[20]>>(6-k)&1 == 0 || period == 0 {
				continue
			}
			v := float64(u24(f[2+6*k:])) / float64(period)
			r.Props = append(r.Props, reading.Property{Name: name, Value: reading.DecimalValue(int64(v*1000+0.5), 3)})
		}
		r.Props = append(r.Props, reading.Property{Name: "pulses", Value: reading.IntValue(int64(binary.BigEndian.Uint16(f[21:])))})
		b = b[i+24:]
		found++
	}
	return found
}

func u24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// handLine cuts a line and reads its numbers as most would.
func handLine(b []byte, r *reading.Reading) (found int) {
	names := [...]string{"ch0", "ch1", "ch2", "ch3"}
	for {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			return found
		}
		b = rest
		r.Props = r.Props[:0]
		for k := range names {
			var piece []byte
			piece, line, _ = bytes.Cut(line, []byte(","))
			v, err := strconv.ParseFloat(string(piece), 64)
			if err != nil {
				break
			}
			r.Props = append(r.Props, reading.Property{Name: names[k], Value: reading.Float64Value(v)})
		}
		if len(r.Props) == len(names) {
			found++
		}
	}
}
