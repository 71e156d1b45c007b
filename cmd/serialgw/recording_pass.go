package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"serialgw/internal/capture"
)

// passed is a place in the recording; -1 = of all of it.
type passed time.Duration

const wholeRecording = passed(-1)

// passing is a source of the recording that notes what it passes.
type passing struct {
	capture.Source
	rec   *recording
	notes func() []string
	said  int // of the notes
}

// passing watches over src, which is the recording's file or stream.
func (r *recording) passing(src capture.Source) capture.Source {
	p := &passing{Source: src, rec: r, notes: func() []string { return nil }}
	if reader, ok := src.(*capture.Reader); ok {
		p.notes, r.skipped = reader.Notes, reader.Skipped
	}
	r.leftOut = func() []string { return capture.LeftOut(src) }
	if r.swap {
		p.Source = capture.Swapped(src)
	}
	return p
}

// Next returns the next packet. Its comment has been shown.
func (p *passing) Next() (capture.Packet, error) {
	next, err := p.Source.Next()
	if p.said == 0 || err != nil {
		p.sayNotes()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = damage{err}
	}
	if next.Comment != "" {
		p.sayComment(next)
	}
	return next, err
}

// Close closes the file; a stream ends by itself.
func (p *passing) Close() error {
	if f := p.rec.file.Load(); f != nil {
		return f.Close()
	}
	return nil
}

// sayNotes shows the notes of the sections met since the last time.
func (p *passing) sayNotes() {
	notes := p.notes()
	for _, text := range notes[p.said:] {
		p.rec.say(wholeRecording, text)
	}
	p.said = len(notes)
}

// sayComment shows what happened to the port that is played, behind the place
// where the playing begins.
func (p *passing) sayComment(c capture.Packet) {
	r := p.rec
	at := time.Duration(0)
	if r.first != 0 {
		at = max(time.Duration(c.Time-r.first), 0)
	}
	if (r.port == "" || c.Port == r.port) && r.bytes >= r.from.Bytes && at >= r.from.Time {
		r.say(passed(at), c.Comment)
	}
}

// say shows a text the first time that it is passed.
func (r *recording) say(at passed, text string) {
	if r.tell != nil && r.loops == 1 {
		r.tell(at, text)
	}
}

// left tells of what was not played.
func (r *recording) left(std streams) {
	if r.skipped != nil && r.skipped() > 0 {
		_, _ = fmt.Fprintf(std.err, "%s of other kinds than raw serial bytes were left out\n", count(r.skipped(), "packet"))
	}
	if r.leftOut != nil {
		for _, text := range r.leftOut() {
			_, _ = fmt.Fprintln(std.err, text)
		}
	}
	if r.sent > 0 && r.bytes == 0 {
		_, _ = fmt.Fprintf(std.err, "%s to the board, and none from it; --swap takes the one for the other\n", count(r.sent, "packet"))
	}
	names := slices.Sorted(maps.Keys(r.ignored))
	for i, name := range names {
		if i == namesMost {
			_, _ = fmt.Fprintf(std.err, "nor were those of %s\n", count(len(names)-i, "other port"))
			break
		}
		_, _ = fmt.Fprintf(std.err, "not played: %s of port %s, which --port %s plays\n", count(r.ignored[name], "chunk"), fileName(name), fileName(name))
	}
}

const (
	newsMost = 20  // texts of a recording that are shown
	newsText = 200 // characters of one
)

// news shows what a recording says of itself.
type news struct {
	*ticker
	told int
}

// tell shows one text.
//
//	note: pump 3, the old cable
//	at 1m30.2s: lost: /dev/ttyUSB0 is gone
func (n *news) tell(at passed, text string) {
	if n.told++; n.told > newsMost {
		return
	}
	place := "note"
	if at != wholeRecording {
		place = fmt.Sprintf("at %v", time.Duration(at).Round(time.Millisecond))
	}
	n.line(place + ": " + plainText(text, newsText))
}

// left says how many there were besides.
func (n *news) left() {
	if more := n.told - newsMost; more > 0 {
		n.line(fmt.Sprintf("the recording has %s", count(more, "further comment")))
	}
	n.flush()
}

// plainText is a text that somebody else wrote, fit for a line of a terminal.
func plainText(text string, most int) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	if len(runes) > most {
		runes = append(runes[:most], '…')
	}
	for i, c := range runes {
		if !unicode.IsPrint(c) {
			runes[i] = ' '
		}
	}
	return string(runes)
}
