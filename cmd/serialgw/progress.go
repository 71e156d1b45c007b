package main

import (
	"fmt"
	"sync"
	"time"
)

const (
	progressFast = 250 * time.Millisecond // on a terminal
	progressSlow = 10 * time.Second       // a line each, elsewhere
)

// showProgress tells on standard error how far the playing is, and what more
// says, until the function it returns is called.
func (r *replay) showProgress(more func() string) (stop func()) {
	if r.quiet {
		return func() {}
	}
	live := isTerminal(r.std.err)
	every := progressSlow
	if live {
		every = progressFast
	}
	done := make(chan struct{})
	var shown sync.WaitGroup
	start := time.Now()
	shown.Go(func() { // awaited by stop
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				if live {
					_, _ = fmt.Fprint(r.std.err, "\r\x1b[K")
				}
				return
			case <-ticker.C:
			}
			text := r.progress(time.Since(start)) + more()
			if live {
				_, _ = fmt.Fprintf(r.std.err, "\r%.*s\x1b[K", terminalWidth(r.std.err)-1, text)
			} else {
				_, _ = fmt.Fprintln(r.std.err, text)
			}
		}
	})
	return func() { close(done); shown.Wait() }
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
