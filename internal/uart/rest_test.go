package uart

import (
	"slices"
	"testing"
	"time"
)

func TestRests_OnlyABusyLineRests(t *testing.T) {
	var r rests
	r.read() // the first bytes after a long silence
	if r.busy {
		t.Error("a line is busy after one read")
	}
	r.last = time.Now()
	r.read() // and more, at once
	if !r.busy {
		t.Error("a line is not busy after two reads in a row")
	}
	last := r.last
	r.wait()
	if passed := time.Since(last); passed < restFor {
		t.Errorf("a busy line was read again after %v, want %v at least", passed, restFor)
	}
	r.last = time.Now().Add(-2 * restFor)
	r.read()
	if r.busy {
		t.Errorf("a line is busy at a read in %v", 2*restFor)
	}
}

// Bytes that come while the line rests are read after it, none is lost.
func TestPort_BusyLineLosesNothing(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	var sent []byte
	for i := range 200 {
		sent = append(sent, byte(i), byte(i>>8), 0x55, 0xaa)
	}
	go func() {
		for piece := range slices.Chunk(sent, 4) {
			_, _ = b.Write(piece) // what is missing shows below
		}
	}()
	if got := readN(t, p, len(sent)); got != string(sent) {
		t.Errorf("read %d bytes that differ from the %d sent", len(got), len(sent))
	}
}
