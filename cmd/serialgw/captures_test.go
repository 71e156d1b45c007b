package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
)

//go:generate go test -run TestCaptures -update .

// ownCaptures are the recordings of testdata/captures that are made here, not
// sent in by somebody. Each shows one thing that happens on a line.
func ownCaptures() map[string]func(*testing.T) []byte {
	taped := func(board string, play func(*tape)) func(*testing.T) []byte {
		return func(t *testing.T) []byte { return record(t, board, play) }
	}
	return map[string]func(*testing.T) []byte{
		"demo-noise.pcapng":       taped("demo board, a loose wire: the recording begins within a frame; noise, a flipped bit, a frame cut short", demoNoise),
		"ano-v7.pcapng":           taped("匿名 flight controller; frames F1 and F2 are not in the description", anoV7),
		"modbus-sniffed.pcapng":   taped("an RS-485 bus listened to: requests and replies come in on one line; device 2 is switched off", modbusSniffed),
		"modbus-master.pcapng":    taped("the same bus where the recorder asks: requests are recorded as sent", modbusMaster),
		"justfloat.pcapng":        taped("VOFA+ JustFloat, three channels; begins within a frame; NaN, and a value out of its range", justFloat),
		"jy901.pcapng":            taped("WIT JY901 at 9600 baud through a USB adapter that hands over 32 bytes at a time", jy901),
		"openmv.pcapng":           taped("OpenMV, struct.pack without a check; a value that the camera cannot have", openMV),
		"false-header.pcapng":     taped("a board of one's own; a false header claims more than comes, first before a silence, then in a stream", falseHeader),
		"unplugged.pcapng":        taped("demo board, unplugged within a frame; it counts from 0 when it is back", unplugged),
		"wrong-baud.pcapng":       taped("a demo board at 9600 baud, read at 115200: nothing but noise", wrongBaud),
		"report-all.pcapng":       taped("demo board, ten frames a second; report = all", tenASecond),
		"report-period.pcapng":    taped("the same recording as report-all; report = 500ms", tenASecond),
		"read-late.pcapng":        taped("demo board; the machine was busy, and one read brings three frames, each with its own time", readLate),
		"two-boards.pcapng":       taped("demo board and WIT sensor on two ports", twoBoards),
		"refused-values.pcapng":   taped("the thing model spells humidity with a capital and has an integer for running", threeFrames),
		"lost-reply.pcapng":       taped("the cloud's reply to the second post is lost", lostReply),
		"cloud-comes-late.pcapng": taped("the cloud does not answer until after two seconds: the backlog goes as history", cloudComesLate),
		"power-cut.pcapng":        cutShort(taped("the power failed while this was recorded", threeFrames)),
		"raw-bytes.raw":           func(*testing.T) []byte { return rawBytes() },
		"hex-text.hex":            func(*testing.T) []byte { return []byte(hexText()) },
	}
}

// TestCaptures holds the recordings against those made here; -update writes
// them.
func TestCaptures(t *testing.T) {
	for name, make := range ownCaptures() {
		path, want := capturesDir+"/"+name, make(t)
		if *update {
			if err := os.WriteFile(path, want, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is made here; `make generate` writes it anew", name)
		}
	}
}

// tape is a recording under construction: what a port said, with the time.
type tape struct {
	t   *testing.T
	w   *capture.Writer
	now int64 // Unix time, ns
}

// usb is the port that most recordings are of.
const usb = "/dev/ttyUSB0"

// record makes a recording. The note says what is odd in it.
func record(t *testing.T, note string, play func(*tape)) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, note)
	if err != nil {
		t.Fatal(err)
	}
	play(&tape{t: t, w: w, now: demoStart * int64(time.Second)})
	return file.Bytes()
}

func (r *tape) wait(d time.Duration) { r.now += int64(d) }

func (r *tape) write(port string, p capture.Packet) {
	r.t.Helper()
	p.Port, p.Time = port, r.now
	if err := r.w.Write(p); err != nil {
		r.t.Fatal(err)
	}
}

// read records bytes that came in by one read.
func (r *tape) read(port string, pieces ...[]byte) {
	r.t.Helper()
	r.write(port, capture.Packet{Direction: capture.Inbound, Bytes: slices.Concat(pieces...)})
}

// sent records bytes that went to the board.
func (r *tape) sent(port string, b []byte) {
	r.t.Helper()
	r.write(port, capture.Packet{Direction: capture.Outbound, Bytes: b})
}

// mark records what happened to a port, or what the cloud did.
func (r *tape) mark(port, what string) {
	r.t.Helper()
	r.write(port, capture.Packet{Comment: what})
}

const tenth = 100 * time.Millisecond

func demoNoise(r *tape) {
	r.read(usb, demoSays(0)[13:])
	for n := 1; n <= 10; n++ {
		r.wait(tenth)
		b := demoSays(n)
		switch n {
		case 3:
			b[10] ^= 0x10
		case 5:
			b = b[:17]
		case 7:
			r.read(usb, []byte{0xAA, 0x55, 0x00, 0xFF, 0x3C}, b)
			continue
		case 9:
			r.read(usb, b[:10])
			r.wait(time.Millisecond)
			b = b[10:]
		}
		r.read(usb, b)
	}
}

func anoV7(r *tape) {
	for n := range int16(4) {
		r.read(usb, anoEuler(1234+n, -567, 17999-100*n))
		r.wait(20 * time.Millisecond)
		if n == 1 {
			r.read(usb, anoSays(0xF2, 0, 0, 0xF0, 0x41), anoSays(0xF1, 7))
			r.wait(20 * time.Millisecond)
		}
	}
}

// askRegisters asks a device for two holding registers from 0 on.
func askRegisters(device byte) []byte { return modbus(device, 3, 0, 0, 0, 2) }

func modbusSniffed(r *tape) {
	const turnaround = 5 * time.Millisecond
	both := func(request, reply []byte) {
		r.read(usb, request)
		r.wait(turnaround)
		r.read(usb, reply)
		r.wait(tenth)
	}
	both(askRegisters(1), modbus(1, 3, 4, 0x08, 0xFC, 0x01, 0xF4))
	both(modbus(1, 6, 0, 1, 0x01, 0x2C), modbus(1, 6, 0, 1, 0x01, 0x2C)) // a write is answered by its echo
	r.read(usb, askRegisters(2))
	r.wait(3 * tenth)
	both(askRegisters(3), modbus(3, 0x83, 2))
	both(askRegisters(1), modbus(1, 3, 4, 0x08, 0xFD, 0x01, 0xF3))
}

func modbusMaster(r *tape) {
	for n := range byte(3) {
		r.sent(usb, askRegisters(1))
		r.wait(8 * time.Millisecond)
		r.read(usb, modbus(1, 3, 4, 0x08, 0xFC+n, 0x01, 0xF4-n))
		r.wait(time.Second)
	}
}

func justFloat(r *tape) {
	nan := float32(math.NaN())
	r.read(usb, floats(0.5, 1.5, 2.5)[6:])
	for n, f := range [][3]float32{{1, -2.5, 0.1}, {1.25, nan, 0.2}, {1.5, 2e9, 0.3}, {1.75, -2.5, 1e-7}} {
		r.wait(10 * time.Millisecond)
		b := floats(f[:]...)
		if n == 3 {
			r.read(usb, b[:5])
			r.wait(time.Millisecond)
			b = b[5:]
		}
		r.read(usb, b)
	}
}

func jy901(r *tape) {
	var line []byte
	for n := range int16(3) {
		line = append(line, witSecond(8553+n, -15127+10*n)...)
		if n == 1 {
			line = append(line, witSays(0x59, 32000, 1, 2, 3)...) // listed, and says nothing
		}
	}
	for piece := range slices.Chunk(line, 32) {
		r.read(usb, piece)
		r.wait(34 * time.Millisecond)
	}
}

func openMV(r *tape) {
	for n, f := range [][4]int16{{160, 120, 32, 24}, {161, 121, 32, 24}, {162, 122, 32, -8}, {163, 123, 33, 24}} {
		b := camSays(f[0], f[1], f[2], f[3])
		if n == 1 {
			b[10] = 0x5A // the end is damaged
		}
		r.read(usb, b)
		r.wait(40 * time.Millisecond)
	}
}

func falseHeader(r *tape) {
	false200 := []byte{0xAA, 0x55, 0x01, 200}
	r.read(usb, carSays(100, 121, 1))
	r.wait(tenth)
	r.read(usb, false200, carSays(110, 121, 1))
	r.wait(time.Second)
	r.read(usb, carSays(120, 120, 1), false200)
	for n := range int16(24) {
		r.wait(10 * time.Millisecond)
		r.read(usb, carSays(200+n, 120, 1))
	}
}

func unplugged(r *tape) {
	r.mark(usb, "opened: "+usb+" open, 115200 8N1")
	r.read(usb, demoSays(7))
	r.wait(tenth)
	r.read(usb, demoSays(8)[:12])
	r.wait(2 * time.Millisecond)
	r.mark(usb, "lost: "+usb+" is gone")
	r.wait(3 * time.Second)
	r.mark(usb, "opened: "+usb+" open, 115200 8N1")
	r.wait(tenth)
	r.read(usb, []byte{0xFF, 0x00}, demoSays(0))
	r.wait(tenth)
	r.read(usb, demoSays(1))
}

// wrongBaud: a byte that is read twelve times as fast as it is sent gives a few
// of mostly high or low bits.
func wrongBaud(r *tape) {
	random := rand.New(rand.NewPCG(9600, 115200))
	for range 8 {
		b := make([]byte, 10)
		for i := range b {
			b[i] = []byte{0x00, 0x80, 0xE0, 0xF8, 0xFE, 0xFF}[random.IntN(6)]
		}
		r.read(usb, b)
		r.wait(3 * time.Second)
	}
	r.mark(usb, "the cable is on the right port again")
	r.read(usb, demoSays(0))
}

func tenASecond(r *tape) {
	for n := range 13 {
		r.read(usb, demoSays(n))
		r.wait(tenth)
	}
}

func readLate(r *tape) {
	r.read(usb, demoSays(0), demoSays(1), demoSays(2))
	r.wait(tenth)
	r.read(usb, demoSays(3))
}

func twoBoards(r *tape) {
	const imu = "/dev/ttyAMA0"
	r.read(usb, demoSays(0))
	r.wait(5 * time.Millisecond)
	wit := witSecond(8553, -15127)
	r.read(imu, wit[:32])
	r.wait(10 * time.Millisecond)
	r.read(usb, demoSays(1)[:9]) // what is missing never comes
	r.wait(20 * time.Millisecond)
	r.read(imu, wit[32:])
	r.wait(200 * time.Millisecond)
	r.read(usb, demoSays(2))
	r.read(imu, witSays(0x53, 8600, -1900, -15000, 18050))
}

func threeFrames(r *tape) {
	for n := range 3 {
		r.read(usb, demoSays(n))
		r.wait(tenth)
	}
}

func lostReply(r *tape) {
	r.read(usb, demoSays(0))
	r.wait(tenth)
	r.mark(cloudPort, "loses the next reply")
	r.read(usb, demoSays(1))
	r.wait(tenth)
	r.read(usb, demoSays(2))
}

func cloudComesLate(r *tape) {
	r.mark(cloudPort, "is silent")
	for n := range 20 {
		r.read(usb, demoSays(n))
		r.wait(tenth)
	}
	r.mark(cloudPort, "answers")
	for n := range 2 {
		r.read(usb, demoSays(20+n))
		r.wait(tenth)
	}
}

// cutShort ends a recording inside its last block.
func cutShort(whole func(*testing.T) []byte) func(*testing.T) []byte {
	return func(t *testing.T) []byte {
		b := whole(t)
		return b[:len(b)-20]
	}
}

// rawBytes is a recording without times, as a terminal program writes it.
func rawBytes() []byte {
	var b []byte
	for n := range 5 {
		if n == 2 {
			b = append(b, 0xAA, 0x55, 0x13, 0x01, 0xFF)
		}
		b = append(b, demoSays(n)...)
	}
	return b
}

// hexText is what a person writes down, or copies from a terminal program.
func hexText() string {
	var b strings.Builder
	b.WriteString("# JY901, copied by hand; any of these ways to write a byte is read\n\n")
	wit := witSecond(8553, -15127)
	fmt.Fprintf(&b, "% X  # acceleration\n", wit[:11])
	fmt.Fprintf(&b, "%s\n", hex.EncodeToString(wit[11:22]))
	for _, c := range wit[22:33] {
		fmt.Fprintf(&b, "0x%02x, ", c)
	}
	return b.String() + "\n"
}
