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
	logRing  = 1000 // lines kept while the sink is slow
	logFlush = 10 * time.Millisecond
)

// openLog returns a logger that never waits for its sink: lines that a stalled
// terminal or journal cannot take are dropped and counted, the reading of the
// port goes on. close writes out what is left.
func openLog(cfg config.Log, sink io.Writer) (log zerolog.Logger, closeLog func()) {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	ring := diode.NewWriter(sink, logRing, 0, func(missed int) {
		line := zerolog.New(sink).With().Timestamp().Logger()
		line.Warn().Int("lines", missed).Msg("the log could not keep up; lines were dropped")
	})
	var out io.Writer = ring
	if cfg.Format == "text" || (cfg.Format == "auto" && isTerminal(sink)) {
		out = zerolog.ConsoleWriter{Out: ring, TimeFormat: "15:04:05.000"}
	}
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil {
		level = zerolog.InfoLevel // the configuration was checked before
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger(), func() { _ = ring.Close() }
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
