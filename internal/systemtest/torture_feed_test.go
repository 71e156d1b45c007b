//go:build system

package systemtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// session is the time between the opening of a port and its loss. The records
// that the gateway wrote meanwhile are, in order, the first of the frames that
// were sent intact.
type session struct {
	life   *lifetime
	first  int      // index of its first record among the life's
	end    int      // behind its last one; -1 while it lasts
	frames []uint64 // sent intact, in order
	killed bool     // the process died: the ledger's last lines may be missing
	torn   bool     // the line was too slow: part of a frame came late
}

// feeder is the board's program: it never stops sending, as long as there is a
// port to send to.
type feeder struct {
	board  *board
	rate   int
	random *rand.Rand
	stop   chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	to      *session // nil: there is no port
	rest    []byte   // what the line has not taken yet
	quiet   bool     // no new frames
	news    bell     // the line has taken everything
	owed    float64  // frames that are due
	damages int      // frames yet to be damaged
	noise   int      // bytes of garbage yet to be sent
	bad     int      // frames damaged so far
}

func newFeeder(b *board, rate int, random *rand.Rand) *feeder {
	f := &feeder{board: b, rate: rate, random: random, stop: make(chan struct{}), done: make(chan struct{})}
	go f.run() // awaited by close
	return f
}

func (f *feeder) close() {
	close(f.stop)
	<-f.done
}

func (f *feeder) run() {
	defer close(f.done)
	ticker := time.NewTicker(lump)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-f.stop:
			return
		case now := <-ticker.C:
			f.tick(now.Sub(last))
			last = now
		}
	}
}

func (f *feeder) tick(passed time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.to == nil {
		return
	}
	if len(f.rest) == 0 && !f.quiet {
		f.owed = min(f.owed+passed.Seconds()*float64(f.rate), 50)
		for ; f.owed >= 1; f.owed-- {
			f.add()
		}
	}
	f.flush()
	if len(f.rest) == 0 {
		f.news.ring()
	}
}

// add puts one more frame on the line, good or damaged, and garbage beside it.
func (f *feeder) add() {
	if f.noise > 0 && f.random.IntN(3) == 0 {
		n := 1 + f.random.IntN(min(f.noise, 60))
		f.noise -= n
		f.rest = append(f.rest, noise(f.random, n)...)
	}
	seq := f.board.frames()
	frame := f.board.next(nil)
	if f.damages > 0 && f.random.IntN(4) == 0 {
		f.damages--
		f.bad++
		f.rest = append(f.rest, damaged(f.random, frame)...)
		return
	}
	f.to.frames = append(f.to.frames, seq)
	f.rest = append(f.rest, frame...)
}

// flush hands over what the line takes.
func (f *feeder) flush() {
	f.board.mu.Lock()
	master := f.board.master
	f.board.mu.Unlock()
	if master == nil || len(f.rest) == 0 {
		return
	}
	_ = master.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)) // a pty has deadlines
	n, err := master.Write(f.rest)
	f.to.torn = f.to.torn || err != nil && n%tortureSize != 0
	f.rest = f.rest[:copy(f.rest, f.rest[n:])]
}

// begin sends to a port from now on.
func (f *feeder) begin(s *session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to, f.rest, f.owed = s, nil, 0
}

// end stops sending; nothing is under way afterwards but in the port.
func (f *feeder) end() { f.begin(nil) }

// hush makes no more frames, and returns when the line has taken those there
// are.
func (f *feeder) hush(ctx context.Context) error {
	for {
		f.mu.Lock()
		f.quiet = true
		empty, news := len(f.rest) == 0, f.news.wait()
		f.mu.Unlock()
		if empty {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("the line takes nothing: %w", context.Cause(ctx))
		}
	}
}

// speak ends hush.
func (f *feeder) speak() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.quiet = false
}

// spoil damages some of the next frames and puts garbage between them.
func (f *feeder) spoil(frames, garbage int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.damages += frames
	f.noise += garbage
}

// calm ends what spoil began.
func (f *feeder) calm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.damages, f.noise = 0, 0
}

// sent returns how many intact frames a session was sent.
func (f *feeder) sent(s *session) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(s.frames)
}
