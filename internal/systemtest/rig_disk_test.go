//go:build system

package systemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// rigStored is how many frames a damaged store has.
const rigStored = 600

// rigDamaged fills the queue while the broker is away, kills the program,
// damages the file with the newest records, and starts again. It returns what
// arrived and what the program counted as lost.
func rigDamaged(t *testing.T, damage func(path string, b []byte, end int) []byte) (rigCount, recovered) {
	r := newRig(t)
	r.cable.away()
	g := r.start()
	r.board.mustSend(rigStored, 10*rigPace)
	must(t, g.ledger.await(within(t, 10*time.Second), rigStored))
	g.kill()

	files, err := filepath.Glob(filepath.Join(r.conf.dir, "queue", "*.seg"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("the queue has no file")
	}
	path := slices.Max(files)
	b, err := os.ReadFile(path)
	must(t, err)
	end := len(bytes.TrimRight(b, "\x00"))
	must(t, os.WriteFile(path, damage(path, b, end), 0o600))

	r.board.unplug()
	r.board.plug()
	g = r.start()
	r.cable.back()
	r.board.mustSend(100, rigPace)
	c := r.settle(g)
	var found recovered
	out, complaints, code := verb(t, 10*time.Second, "queue", "--json", "--config", r.conf.path)
	if err := json.Unmarshal([]byte(out), &found); err != nil || code != 0 {
		t.Fatalf("queue --json: exit %d, %v %s", code, err, complaints)
	}
	if c.wrong+c.backward > 0 {
		t.Errorf("after the damage: %v", c)
	}
	return c, found
}

// recovered is what `queue --json` says of damage.
type recovered struct {
	Damaged uint64 `json:"damaged"`
}

// rigTornTail: 7 bytes are missing at the end of the stored log.
func rigTornTail(t *testing.T) string {
	c, _ := rigDamaged(t, func(_ string, b []byte, end int) []byte { return b[:end-7] })
	if c.missing > 1 {
		t.Errorf("a torn tail: %v, want only the torn record missing", c)
	}
	return fmt.Sprintf("starts; %v", c)
}

// rigFlippedBit: one bit is wrong in the middle of the stored log.
func rigFlippedBit(t *testing.T) string {
	c, found := rigDamaged(t, func(_ string, b []byte, end int) []byte { b[end/2] ^= 0x10; return b })
	if c.missing != 1 || found.Damaged > 1 {
		t.Errorf("a flipped bit: %v, %d counted; want one record missing", c, found.Damaged)
	}
	return fmt.Sprintf("starts; %v", c)
}

// rigEmptyFile: a file of the queue is there and empty, as a power cut leaves one.
func rigEmptyFile(t *testing.T) string {
	c, _ := rigDamaged(t, func(path string, b []byte, _ int) []byte {
		must(t, os.WriteFile(filepath.Join(filepath.Dir(path), fmt.Sprintf("%016x.seg", 0xff)), nil, 0o600))
		return b
	})
	return "starts; " + c.wantNothingLost(t, 0)
}

// rigDiskFull: the disk is full for half of the frames, while the broker is
// away, and has room again later.
func rigDiskFull(t *testing.T) string {
	if os.Geteuid() != 0 {
		t.Skip("a disk of one's own needs root")
	}
	r := newRig(t)
	dir := t.TempDir()
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"))
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	r.conf.dir = filepath.Join(dir, "state")
	r.conf.queue["dir"] = quoted(r.conf.dir)
	r.conf.queue["segment_bytes"], r.conf.queue["max_bytes"], r.conf.queue["keep_free"] = `"192 KiB"`, `"1536 KiB"`, `"0 B"`
	r.conf.write()
	r.cable.away()
	g := r.start()
	const before, during, after = 300, 3000, 300 // a file of the queue takes some 2000
	r.board.mustSend(before, rigFast)
	must(t, g.ledger.await(within(t, 10*time.Second), before))
	filler := filepath.Join(dir, "filler")
	fillUp(t, filler)
	r.board.mustSend(during, rigFast)
	must(t, g.ledger.await(within(t, 10*time.Second), before+during))
	s, err := g.ask()
	must(t, err)
	if !s.Queue.InMemory {
		t.Errorf("the queue says %+v, want it in memory: the disk is not full enough", s.Queue)
	}
	must(t, os.Remove(filler))
	r.board.mustSend(after, rigFast)
	r.cable.back()
	result := r.settle(g).wantNothingLost(t, inFlight)
	return "goes on from memory, then on disk again; " + result
}

// fillUp writes until the disk has no room.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer func() { _ = f.Close() }()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
}

// rigEdgeValues: values that other programs drop or get wrong.
func rigEdgeValues(t *testing.T) string {
	const text = `
[frame.edge]
sync   = "AA 55"
size   = 22
check  = { kind = "sum8" }
data   = 2
fields = [
  { name = "n",    type = "<u24" },
  { name = "neg",  type = "<i24" },
  { name = "zero", type = "<H" },
  { name = "off",  type = "?" },
  { name = "whole", type = "<h" },
  { name = "nan",  type = "<f" },
  { name = "inf",  type = "<f" },
]
`
	const payload = "010203 ffffff 0000 00 d6ff 0000c07f 0000807f"
	frame := append([]byte{0xAA, 0x55}, unhex(t, payload)...)
	frame = append(frame, sum8(frame))
	p := servePlatform(t, unpaced())
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, func(c *configuration) { c.board["frame"], c.more = `"edge"`, text }))
	g.opened()
	g.ready(10 * time.Second)
	must(t, b.write(frame))
	g.awaitStatus(10*time.Second, "the reading is delivered", func(s status) bool { return s.Gateway.Uplink.Records == 1 })
	got := p.Current(testProduct, testDevice)
	want := map[string]string{"n": "197121", "neg": "-1", "zero": "0", "off": "false", "whole": "-42"}
	for name, value := range want {
		if string(got[name].Raw) != value {
			t.Errorf("%s arrived as %q, want %s", name, got[name].Raw, value)
		}
	}
	for _, name := range []string{"nan", "inf"} {
		if v, ok := got[name]; ok {
			t.Errorf("%s arrived as %s, want it left out", name, v.Raw)
		}
	}
	return "24 bits 197121 and -1, 0, false exact; NaN and infinity left out and counted as absent"
}
