//go:build system

package systemtest

import (
	"syscall"
	"testing"
	"time"
)

const (
	stalls = 40
	// lineSilence is a silence on the line itself that no frame must survive;
	// halfway is short enough to be none.
	lineSilence = 20 * time.Millisecond
	halfway     = lineSilence / 4
)

// TestStall_CostsNoFrame stops the process in the middle of a frame, as a busy
// machine or a slow card does, while the rest of the frame comes in. Silence
// that only the program's own absence made must not give a frame up.
func TestStall_CostsNoFrame(t *testing.T) {
	t.Parallel()
	p := servePlatform(t, unpaced())
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, nil))
	g.opened()
	g.ready(10 * time.Second)
	var judged []uint64
	for range stalls {
		seq := b.frames()
		if gap := stallIn(t, g, b); gap < lineSilence*3/4 {
			judged = append(judged, seq)
		} // else this test was the one that stalled: the silence was real
		wait(t, lineSilence)
	}
	s := g.awaitStatus(20*time.Second, "all read and settled", func(s status) bool {
		return s.Gateway.Boards[0].Metrics.BytesIn == stalls*demoSize && s.Queue.Records == 0
	})
	missing := 0
	for _, seq := range judged {
		if !p.tally.has(seq) {
			missing++
		}
	}
	t.Logf("%d stalls, %d judged, %d frames missing", stalls, len(judged), missing)
	if missing > 0 || len(judged) == 0 {
		t.Errorf("%d of %d frames missing, want 0 of some; the line gave %+v", missing, len(judged), s.Gateway.Boards[0].Metrics)
	}
}

// stallIn stops the process between the halves of a frame and returns how
// long the line itself was silent between them.
func stallIn(t *testing.T, g *gateway, b *board) (gap time.Duration) {
	t.Helper()
	frame := b.next(nil)
	begun := time.Now()
	must(t, b.write(frame[:demoSize/2]))
	wait(t, halfway) // the program has read it and waits for the rest
	g.signal(syscall.SIGSTOP)
	must(t, b.write(frame[demoSize/2:]))
	gap = time.Since(begun)
	wait(t, 3*lineSilence)
	g.signal(syscall.SIGCONT)
	return gap
}
