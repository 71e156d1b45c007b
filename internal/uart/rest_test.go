package uart

import (
	"slices"
	"testing"
	"time"
)

func newRests(t *testing.T) *rests {
	t.Helper()
	turn, err := newTurnstile()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = turn.close() })
	return &rests{turn: turn}
}

func TestRests_OnlyABusyLineRests(t *testing.T) {
	r := newRests(t)
	r.wait()
	r.read() // the first bytes after a long silence
	if r.busy {
		t.Error("a line is busy after one read")
	}
	r.wait()
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
	r.ended = time.Now()
	r.read() // bytes were there before the rest ended
	if !r.busy {
		t.Error("a line that fills up while it rests is not busy")
	}
	r.wait()
	r.ended = time.Now().Add(-2 * atOnce)
	r.read() // they came only afterwards
	if r.busy {
		t.Error("a line that leaves more time than a rest is busy")
	}
	r.wait()
	r.last = time.Now().Add(-restFor)
	r.read()
	if r.busy {
		t.Errorf("a line is busy at a read in %v", restFor)
	}
}

// A closed turnstile holds nobody up.
func TestTurnstile_Closed(t *testing.T) {
	turn, err := newTurnstile()
	if err != nil {
		t.Fatal(err)
	}
	turn.pass()
	if err := turn.close(); err != nil {
		t.Fatal(err)
	}
	turn.pass()
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
