//go:build system

package systemtest

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"serialgw/internal/onenetsim"
)

// day lets TestEndurance take as long as it needs.
var day = flag.Bool("day", false, "send the frames of a day at 100 a second, not a share of them")

const (
	dayFrames   = 24 * 3600 * 100
	shareFrames = dayFrames / 10
	// outstanding is how many frames are on their way or in the queue.
	outstanding = 5_000
	rssMost     = 2 << 10 // KiB, between a tenth of the way and its end
)

// tickFrame is small, so that the line is no limit:
//
//	AA 55 | tick u32 | temp i16 | crc-16/modbus
func tickFrame(b []byte, tick uint32) []byte {
	start := len(b)
	b = append(b, 0xAA, 0x55)
	b = binary.LittleEndian.AppendUint32(b, tick)
	b = binary.LittleEndian.AppendUint16(b, uint16(2000+tick%1000))
	return binary.LittleEndian.AppendUint16(b, crcModbus(b[start:]))
}

// A pause within a frame is the test's own, on a busy machine.
const tickTable = `
[frame.tick]
sync   = "AA 55"
data   = 2
gap_ms = 60000
check  = { kind = "crc-16/modbus", endian = "little" }
fields = [ { name = "tick", type = "<I" }, { name = "temp", type = "<h", scale = 0.01 } ]
`

// arrivals counts ticks, each of which must come once.
type arrivals struct {
	mu      sync.Mutex
	seen    []uint64 // a bit for each
	count   int
	doubled int
	news    bell
}

func (a *arrivals) post(p onenetsim.Post) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range p.Values {
		if v.Identifier != "tick" {
			continue
		}
		n, err := strconv.Atoi(string(v.Raw))
		if err != nil || n >= 64*len(a.seen) || a.seen[n/64]>>(n%64)&1 == 1 {
			a.doubled++
			continue
		}
		a.seen[n/64] |= 1 << (n % 64)
		a.count++
	}
	a.news.ring()
}

// await waits until so many have come.
func (a *arrivals) await(t *testing.T, n int) {
	t.Helper()
	limit := within(t, deliverLimit)
	for last := -1; ; {
		a.mu.Lock()
		have, news := a.count, a.news.wait()
		a.mu.Unlock()
		if have >= n {
			return
		}
		if have > last { // it goes on, however slow the machine is
			last, limit = have, within(t, deliverLimit)
		}
		select {
		case <-news:
		case <-limit.Done():
			t.Fatalf("%d of %d frames arrived, and none for %v", have, n, deliverLimit)
		}
	}
}

// footprint is what a process takes, as the kernel and the process say.
type footprint struct {
	rss, peak  int // KiB: now, and the most since the footprint before
	threads    int
	files      int // descriptors of the queue's files
	others     int // descriptors
	goroutines int
	segments   int // files of the queue
}

func (g *gateway) footprint() (f footprint) {
	g.t.Helper()
	proc := fmt.Sprintf("/proc/%d/", g.cmd.Process.Pid)
	text, err := os.ReadFile(proc + "status")
	must(g.t, err)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		for key, into := range map[string]*int{"VmRSS": &f.rss, "VmHWM": &f.peak, "Threads": &f.threads} {
			if name == key {
				_, err := fmt.Sscan(value, into)
				must(g.t, err)
			}
		}
	}
	must(g.t, os.WriteFile(proc+"clear_refs", []byte("5"), 0)) // the peak begins anew
	queue := filepath.Join(g.conf.dir, "queue")
	descriptors, err := os.ReadDir(proc + "fd")
	must(g.t, err)
	for _, d := range descriptors {
		to, err := os.Readlink(proc + "fd/" + d.Name())
		switch {
		case errors.Is(err, fs.ErrNotExist): // closed since
		case err != nil:
			g.t.Fatal(err)
		case strings.HasPrefix(to, queue):
			f.files++
		default:
			f.others++
		}
	}
	segments, err := os.ReadDir(queue)
	must(g.t, err)
	s, err := g.ask()
	must(g.t, err)
	f.segments, f.goroutines = len(segments), s.Goroutines
	return f
}

// TestEndurance sends the traffic of a day at 100 frames a second as fast as it
// goes through port, queue on disk, client and platform. After a tenth of it the
// process takes what it takes at the end: of memory the most in each tenth
// counts, by the kernel's VmRSS, with nothing freed for the occasion.
func TestEndurance(t *testing.T) {
	frames := shareFrames
	if *day {
		frames = dayFrames
	}
	// What waits goes by history/post, many readings in one; live values go each
	// by itself, which takes ten times as long.
	t.Run("OldestFirst", func(t *testing.T) { endure(t, "oldest-first", frames) })
	t.Run("LiveFirst", func(t *testing.T) { endure(t, "live-first", frames/8) })
}

func endure(t *testing.T, order string, frames int) {
	arrived := &arrivals{seen: make([]uint64, frames/64+1)}
	cfg := unpaced()
	cfg.Keep = 1000
	cfg.Products = []onenetsim.Product{{ID: testProduct, Devices: map[string]string{testDevice: testKey}}}
	cfg.OnPost = arrived.post
	p := &platform{Server: onenetsim.New(cfg)}
	p.serve(t, "127.0.0.1:0")
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, func(c *configuration) {
		c.board["frame"], c.more = `"tick"`, tickTable
		c.onenet["order"] = quoted(order)
		c.unledgered = true
	}))
	g.opened()
	g.ready(10 * time.Second)

	begun := time.Now()
	var tenths []footprint
	for sent, out := 0, []byte(nil); sent < frames; out = out[:0] {
		for range min(400, frames-sent) {
			out = tickFrame(out, uint32(sent))
			sent++
		}
		must(t, b.write(out))
		arrived.await(t, sent-min(outstanding, frames/20))
		if sent >= (len(tenths)+1)*frames/10 && len(tenths) < 9 {
			tenths = append(tenths, g.footprint())
			t.Logf("%3d %%  %+v", 10*len(tenths), tenths[len(tenths)-1])
		}
	}
	arrived.await(t, frames)
	took := time.Since(begun)
	tenths = append(tenths, g.footprint())
	t.Logf("end    %+v", tenths[len(tenths)-1])
	t.Logf("%d frames in %v, %.0f a second", frames, took.Round(time.Millisecond), float64(frames)/took.Seconds())

	s := g.wantEmpty()
	arrived.mu.Lock()
	defer arrived.mu.Unlock()
	if arrived.count != frames || arrived.doubled > 0 || s.Queue.Dropped > 0 {
		t.Errorf("%d of %d arrived, %d doubled or never sent, %d dropped", arrived.count, frames, arrived.doubled, s.Queue.Dropped)
	}
	wantFlat(t, tenths)
}

// wantFlat compares what each tenth but the first took.
func wantFlat(t *testing.T, tenths []footprint) {
	t.Helper()
	first := tenths[1]
	least, most := first.peak, first.peak
	for _, f := range tenths[1:] {
		least, most = min(least, f.peak), max(most, f.peak)
		if f.goroutines != first.goroutines || f.goroutines == 0 || f.others != first.others || f.files > filesMost {
			t.Errorf("%+v, and %+v before", f, first)
		}
	}
	t.Logf("peaks of VmRSS between %d and %d KiB", least, most)
	if most-least > rssMost {
		t.Errorf("the peaks of VmRSS differ by %d KiB, want %d at most", most-least, rssMost)
	}
}

// filesMost is how many descriptors of segments may be open: those that are
// stored, one that is begun, and the places that are read.
const filesMost = 8
