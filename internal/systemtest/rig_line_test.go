//go:build system

package systemtest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// rigSpacing is how many good frames stand between two damages.
const rigSpacing = 10

// rigByteDamage: in every position of a frame one byte is lost, inserted, or
// flipped in one bit. A sum of 8 bits sees every flipped bit, and takes one
// shifted frame in 256 for a good one.
func rigByteDamage(t *testing.T) string {
	damages, c := newRig(t).damageBytes()
	if c.wrong > damages/64 {
		t.Errorf("%d damages: %d readings wrong, want no more than the odds of an 8-bit sum", damages, c.wrong)
	}
	return fmt.Sprintf("%d frames damaged in one byte: %v", damages, c)
}

// rigByteDamageCRC is the same with a check that is worth its name.
func rigByteDamageCRC(t *testing.T) string {
	r := newRig(t)
	r.board.encode = encodeRigCRC
	r.conf.more = strings.Replace(rigFrame, "sum8\"", "crc-16/modbus\", endian = \"little\"", 1)
	r.conf.more = strings.Replace(r.conf.more, "add = 5", "add = 6", 1)
	r.conf.write()
	damages, c := r.damageBytes()
	if c.wrong > 0 {
		t.Errorf("%d damages: %d readings wrong, want none", damages, c.wrong)
	}
	return fmt.Sprintf("%d frames damaged in one byte: %v", damages, c)
}

// encodeRigCRC is encodeRig with a CRC in the place of the sum.
func encodeRigCRC(b []byte, seq uint64) []byte {
	start := len(b)
	b = encodeRig(b, seq)
	b = b[:len(b)-1]
	return binary.LittleEndian.AppendUint16(b, crcModbus(b[start:]))
}

// damageBytes damages every position in each way, between good frames.
func (r *rig) damageBytes() (damages int, c rigCount) {
	r.t.Helper()
	g := r.start()
	g.ready(10 * time.Second)
	random := rand.New(rand.NewPCG(7, 7))
	kinds := []func(frame []byte, at int) []byte{
		func(f []byte, at int) []byte { return slices.Delete(f, at, at+1) },
		func(f []byte, at int) []byte { return slices.Insert(f, at, byte(random.IntN(256))) },
		func(f []byte, at int) []byte { f[at] ^= 1 << random.IntN(8); return f },
	}
	for range long(20, 4) {
		for at := range rigSize {
			for _, damage := range kinds {
				r.board.mustSend(rigSpacing, rigFast)
				must(r.t, r.board.write(damage(r.board.next(nil), at)))
				damages++
			}
		}
	}
	r.board.mustSend(rigSpacing, rigFast)
	c = r.settle(g)
	if c.missing > damages || c.doubled+c.backward > 0 {
		r.t.Errorf("%d damages: %v; want at most the damaged frames missing", damages, c)
	}
	return damages, c
}

// rigLengthField: the length says 0, 255, and one more than the largest frame.
func rigLengthField(t *testing.T) string {
	r := newRig(t)
	g := r.start()
	g.ready(10 * time.Second)
	before := processOf(t, g)
	damages := 0
	for range long(100, 20) {
		for _, length := range []byte{0, 255, 64 - 5 + 1} {
			r.board.mustSend(rigSpacing, rigFast)
			f := r.board.next(nil)
			f[rigLength] = length
			must(t, r.board.write(f))
			damages++
		}
	}
	r.board.mustSend(rigSpacing, rigFast)
	c := r.settle(g)
	used := processOf(t, g).since(before)
	if c.wrong > 0 || c.missing > damages || c.doubled+c.backward > 0 {
		t.Errorf("%d wrong lengths: %v; want at most those frames missing, none wrong", damages, c)
	}
	return fmt.Sprintf("%d frames with a wrong length: %v; %.1f %% of a core, %d log lines", damages, c, 100*used.cpu, r.lines(g))
}

// rigNoise: random bytes at the line's full pace, then a frame.
func rigNoise(t *testing.T) string {
	r := newRig(t)
	g := r.start()
	g.ready(10 * time.Second)
	lines := r.lines(g)
	before := processOf(t, g)
	r.noise(long(60*time.Second, 3*time.Second))
	used := processOf(t, g).since(before)
	// Noise may look like the beginning of a long frame: what comes next proves
	// that it was none.
	r.board.mustSend(rigSpacing, rigPace)
	c := r.settle(g)
	lines = r.lines(g) - lines
	if c.missing > 0 {
		t.Errorf("after the noise: %v, want every frame", c)
	}
	if lines > 10 {
		t.Errorf("%d log lines for the noise, want a few", lines)
	}
	if *rigLong && used.cpu > 0.5 {
		t.Errorf("%.0f %% of a core in the noise, want no spin", 100*used.cpu)
	}
	return fmt.Sprintf("then %v (what the 8-bit sum takes for a frame); %.1f %% of a core, %d log lines", c, 100*used.cpu, lines)
}

// noise writes random bytes at the full pace.
func (r *rig) noise(d time.Duration) {
	r.t.Helper()
	random := rand.New(rand.NewPCG(11, 11))
	ticker := time.NewTicker(lump)
	defer ticker.Stop()
	begun, written := time.Now(), 0
	for passed := time.Duration(0); passed < d; passed = time.Since(begun) {
		b := make([]byte, int(passed.Seconds()*fullPace)-written)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		written += len(b)
		must(r.t, r.board.write(b))
		<-ticker.C
	}
}

// lines is how much the program has logged.
func (r *rig) lines(g *gateway) int { return g.log.count(func(line) bool { return true }) }
