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
// may be used by several goroutines, none of which waits for the screen.
type ticker struct {
	out   io.Writer
	quiet bool // shows nothing

	mu    sync.Mutex
	lines []string // to be shown
	more  int      // for which there was no room
	news  chan struct{}
}

// linesMost is how many lines wait for a screen that is held.
const linesMost = 200

func newTicker(out io.Writer, quiet bool) *ticker {
	return &ticker{out: out, quiet: quiet, news: make(chan struct{}, 1)}
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
				t.flush()
				t.change("")
				return
			case <-t.news:
				t.flush()
			case <-tick.C:
				t.change(text())
			}
		}
	})
	return func() { close(done); shown.Wait() }
}

// change shows the line that changes; "" removes it from a terminal.
func (t *ticker) change(text string) {
	switch {
	case isTerminal(t.out) && text == "":
		_, _ = fmt.Fprint(t.out, "\r\x1b[K")
	case isTerminal(t.out):
		_, _ = fmt.Fprintf(t.out, "\r%.*s\x1b[K", terminalWidth(t.out)-1, text)
	case text != "":
		_, _ = fmt.Fprintln(t.out, text)
	}
}

// say shows a line that stays, with its time.
func (t *ticker) say(text string) { t.line(time.Now().Format(time.TimeOnly) + "  " + text) }

// line shows a line that stays.
func (t *ticker) line(text string) {
	if t.quiet {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == linesMost {
		t.more++
		return
	}
	t.lines = append(t.lines, text)
	signalNews(t.news)
}

// flush shows what has been said.
func (t *ticker) flush() {
	t.mu.Lock()
	lines, more := t.lines, t.more
	t.lines, t.more = nil, 0
	t.mu.Unlock()
	if len(lines) > 0 {
		t.change("")
	}
	for _, line := range lines {
		_, _ = fmt.Fprintln(t.out, line)
	}
	if more > 0 {
		_, _ = fmt.Fprintf(t.out, "%s more\n", count(more, "line"))
	}
}

// showProgress tells on standard error how far the playing is, and what more
// says, until the function it returns is called.
func (r *replay) showProgress(more func() string) (stop func()) {
	start := time.Now()
	return r.news.show(func() string { return r.progress(time.Since(start)) + more() })
}

// progress says how far the playing is, and how long the rest will take at the
// pace so far:
//
//	42 %, 12m30s played, 17m left
func (r *replay) progress(since time.Duration) string {
	at := r.player.Position()
	text := fmt.Sprintf("%v played", at.Time.Round(time.Second))
	share := r.rec.share(at.Bytes)
	if share == 0 {
		return fmt.Sprintf("%s, %s", text, count(at.Bytes, "byte"))
	}
	left := time.Duration(float64(since) * (1 - share) / share).Round(time.Second)
	return fmt.Sprintf("%3.0f %%, %s, %v left", 100*share, text, left)
}
