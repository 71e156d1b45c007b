package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	progressFast = 250 * time.Millisecond // on a terminal
	progressSlow = 10 * time.Second       // a line each, elsewhere
)

// ticker shows a line on standard error that changes, and lines that stay. It
// may be used by several goroutines.
type ticker struct {
	out   io.Writer
	quiet bool // shows nothing
	mu    sync.Mutex
}

// show shows text again and again, until the function it returns is called: on
// a terminal in one line, elsewhere a line each.
func (t *ticker) show(text func() string) (stop func()) {
	if t.quiet {
		return func() {}
	}
	every := progressSlow
	if isTerminal(t.out) {
		every = progressFast
	}
	done := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() { // awaited by stop
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				t.clear()
				return
			case <-tick.C:
				t.change(text())
			}
		}
	})
	return func() { close(done); shown.Wait() }
}

func (t *ticker) change(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if isTerminal(t.out) {
		_, _ = fmt.Fprintf(t.out, "\r%.*s\x1b[K", terminalWidth(t.out)-1, text)
	} else {
		_, _ = fmt.Fprintln(t.out, text)
	}
}

func (t *ticker) clear() { t.say("") }

// say shows a line that stays.
func (t *ticker) say(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if isTerminal(t.out) {
		_, _ = fmt.Fprint(t.out, "\r\x1b[K")
	}
	if text != "" && !t.quiet {
		_, _ = fmt.Fprintf(t.out, "%s  %s\n", time.Now().Format("15:04:05"), text)
	}
}

// showProgress tells on standard error how far the playing is, and what more
// says, until the function it returns is called.
func (r *replay) showProgress(more func() string) (stop func()) {
	start := time.Now()
	t := ticker{out: r.std.err, quiet: r.quiet}
	return t.show(func() string { return r.progress(time.Since(start)) + more() })
}

// progress says how far the playing is, and how long the rest will take at the
// pace so far:
//
//	42 %, 12m30s played, 17m left
func (r *replay) progress(since time.Duration) string {
	at := r.player.Position()
	text := fmt.Sprintf("%v played", at.Time.Round(time.Second))
	share := r.rec.share()
	if share == 0 {
		return fmt.Sprintf("%s, %d bytes", text, at.Bytes)
	}
	left := time.Duration(float64(since) * (1 - share) / share).Round(time.Second)
	return fmt.Sprintf("%3.0f %%, %s, %v left", 100*share, text, left)
}
