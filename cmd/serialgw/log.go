package main

import (
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/diode"
	"golang.org/x/term"

	"serialgw/internal/config"
)

const (
	logRing  = 1000        // lines kept while the sink is slow
	logClose = time.Second // the last lines are waited for at most so long
)

// openLog returns a logger that never waits for its sink: lines that a stalled
// terminal or journal cannot take are dropped and counted, the reading of the
// port goes on. close writes out what is left.
func openLog(cfg config.Log, sink io.Writer) (log zerolog.Logger, closeLog func()) {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	// The diode closes what it writes to, and the process still needs stderr.
	open := struct{ io.Writer }{sink}
	ring := diode.NewWriter(open, logRing, 0, func(missed int) {
		line := zerolog.New(sink).With().Timestamp().Logger()
		line.Warn().Int("lines", missed).Msg("the log could not keep up; lines were dropped")
	})
	var out io.Writer = ring
	if cfg.Format == "text" || (cfg.Format == "auto" && isTerminal(sink)) {
		out = zerolog.ConsoleWriter{Out: ring, TimeFormat: "15:04:05.000", NoColor: !isTerminal(sink)}
	}
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil {
		level = zerolog.InfoLevel // the configuration was checked before
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger(), func() { closeWithin(ring, logClose) }
}

// closeWithin writes out what the ring holds. A sink that takes nothing must
// not keep the program from ending.
func closeWithin(ring io.Closer, limit time.Duration) {
	done := make(chan struct{})
	go func() { // awaited below, or left to the end of the process
		defer close(done)
		_ = ring.Close()
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
