//go:build system

package systemtest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

const (
	// fullPace is a line of 921600 baud at its limit, in bytes/s.
	fullPace = 92160
	// lump is how often the board writes: as a USB adapter hands bytes over.
	lump = 5 * time.Millisecond

	demoSize       = 22 // bytes of a demo frame
	demoProperties = 7
	// counter is the property of a demo frame that carries its number.
	counter = "speed"
	// mostFrames is how many numbers the counter has.
	mostFrames = 1 << 16
)

// demoFrame encodes a frame of the preset "demo" by hand: what the program
// decodes is held against the description of the bytes, not against itself.
// The number stands in the frame's own counter, which is not published, and as
// the speed in units of 0.1 r/min, which is.
//
//	AA 55 13 01 | seq u32 | temp hum volt curr speed | state run | crc-16/modbus
func demoFrame(b []byte, seq uint64) []byte {
	start := len(b)
	b = append(b, 0xAA, 0x55, demoSize-3, 0x01)
	b = binary.LittleEndian.AppendUint32(b, uint32(seq))
	for _, v := range []uint16{2537, 485, 11842, 125, uint16(seq)} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = append(b, 1, 1)
	return binary.LittleEndian.AppendUint16(b, crcModbus(b[start:]))
}

func crcModbus(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			if odd := crc&1 == 1; odd {
				crc = crc>>1 ^ 0xA001
			} else {
				crc >>= 1
			}
		}
	}
	return crc
}

// frameNumber undoes what demoFrame did to the number.
func frameNumber(value json.RawMessage) (uint64, error) {
	speed, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return 0, fmt.Errorf("the counter is %s: %w", value, err)
	}
	return uint64(uint16(int64(math.Round(speed * 10)))), nil
}

// board is a simulated board: a pty whose slave is the port, under a symlink,
// so that it can come back with another name as a USB adapter does.
//
//	link ──▶ /dev/pts/N ◀──▶ master ◀── frames 0, 1, 2 ...
type board struct {
	t      *testing.T
	link   string
	encode func(b []byte, seq uint64) []byte

	mu            sync.Mutex
	master, slave *os.File    // nil while unplugged
	sent          []time.Time // when each frame was made
}

// newBoard returns a demo board. It is not plugged in yet.
func newBoard(t *testing.T) *board {
	t.Helper()
	b := &board{t: t, link: filepath.Join(t.TempDir(), "port"), encode: demoFrame}
	t.Cleanup(b.unplug)
	return b
}

// pluggedBoard returns a demo board on its port.
func pluggedBoard(t *testing.T) *board {
	t.Helper()
	b := newBoard(t)
	b.plug()
	return b
}

// plug gives the board a new pty, raw, and points the link at it. It returns
// the moment at which the link was there.
func (b *board) plug() time.Time {
	b.t.Helper()
	master, slave, err := pty.Open()
	must(b.t, err)
	_, err = term.MakeRaw(int(slave.Fd()))
	must(b.t, err)
	b.mu.Lock()
	b.master, b.slave = master, slave
	b.mu.Unlock()
	must(b.t, os.Symlink(slave.Name(), b.link))
	return time.Now()
}

// unplug takes the pty away: a reader sees its port hang up.
func (b *board) unplug() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = os.Remove(b.link)
	if b.master == nil {
		return
	}
	_ = b.slave.Close()
	_ = b.master.Close()
	b.master, b.slave = nil, nil
}

// send writes frames at a pace in bytes/s. It ends early, between two frames,
// when ctx does.
func (b *board) send(ctx context.Context, frames int, pace float64) error {
	ticker := time.NewTicker(lump)
	defer ticker.Stop()
	start, written := time.Now(), 0
	for frames > 0 {
		allowed := int(time.Since(start).Seconds()*pace) + 1
		var out []byte
		for ; frames > 0 && written+len(out) < allowed; frames-- {
			out = b.next(out)
		}
		if err := b.write(out); err != nil {
			return err
		}
		written += len(out)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func (b *board) write(p []byte) error {
	b.mu.Lock()
	master := b.master
	b.mu.Unlock()
	if master == nil {
		return fmt.Errorf("cannot send: the board is unplugged")
	}
	if err := master.SetWriteDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return fmt.Errorf("cannot bound a write: %w", err)
	}
	if _, err := master.Write(p); err != nil {
		return fmt.Errorf("cannot write to the pty: %w", err)
	}
	return nil
}

// next encodes the next frame.
func (b *board) next(out []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	seq := uint64(len(b.sent))
	b.sent = append(b.sent, time.Now())
	return b.encode(out, seq)
}

// frames returns how many frames were made so far: their numbers are below.
func (b *board) frames() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return uint64(len(b.sent))
}

// sentAt returns when a frame was made.
func (b *board) sentAt(seq uint64) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent[seq]
}

// mustSend is send for a test that goes on only afterwards.
func (b *board) mustSend(frames int, pace float64) {
	b.t.Helper()
	must(b.t, b.send(b.t.Context(), frames, pace))
}
