package capture

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
)

// lineParser understands the lines of one text format.
type lineParser interface {
	// line reads one line, without its end. ok means that it, or what came
	// before it, gave a packet, valid until the next call.
	line(text []byte) (p Packet, ok bool, err error)
	// finish returns what is left behind the last line.
	finish() (p Packet, ok bool, err error)
	timing() Timing
	notes() []string
}

// untimed is the part of a parser that a plain format does not need.
type untimed struct{}

func (untimed) finish() (Packet, bool, error) { return Packet{}, false, nil }
func (untimed) timing() Timing                { return Untimed }
func (untimed) notes() []string               { return nil }

// lineSource reads a text line by line. No more of it is held than one line.
type lineSource struct {
	lines  *bufio.Scanner
	parser lineParser
	number int
	read   int64 // bytes of the lines so far
	err    error
}

func newLineSource(r io.Reader, parser lineParser) *lineSource {
	s := &lineSource{lines: bufio.NewScanner(r), parser: parser}
	s.lines.Buffer(make([]byte, 0, detectBytes), maxLine)
	return s
}

func (s *lineSource) place() int64 { return s.read }

// Timing says what the times are.
func (s *lineSource) Timing() Timing { return s.parser.timing() }

// LeftOut says what was left out so far.
func (s *lineSource) LeftOut() []string { return s.parser.notes() }

// Next returns the next packet, or io.EOF.
func (s *lineSource) Next() (Packet, error) {
	for s.err == nil {
		if !s.lines.Scan() {
			return s.ended()
		}
		text := s.lines.Bytes()
		s.number++
		s.read += int64(len(text)) + 1
		if s.number == 1 {
			text = bytes.TrimPrefix(text, []byte(bom))
		}
		p, ok, err := s.parser.line(bytes.TrimRight(text, "\r"))
		if err != nil {
			s.err = fmt.Errorf("line %d of the recording: %w", s.number, err)
		}
		if ok {
			return p, nil
		}
	}
	return Packet{}, s.err
}

func (s *lineSource) ended() (Packet, error) {
	if err := s.lines.Err(); err != nil {
		s.err = fmt.Errorf("cannot read line %d of the recording: %w", s.number+1, err)
		return Packet{}, s.err
	}
	p, ok, err := s.parser.finish()
	s.err = io.EOF
	if err != nil {
		s.err = fmt.Errorf("end of the recording: %w", err)
	}
	if ok {
		return p, nil
	}
	return Packet{}, s.err
}

// leftOut counts the lines of each kind that were passed over.
type leftOut struct {
	kinds  []string
	counts map[string]int
}

func (l *leftOut) add(kind string) {
	if l.counts == nil {
		l.counts = make(map[string]int)
	}
	if l.counts[kind] == 0 {
		l.kinds = append(l.kinds, kind)
	}
	l.counts[kind]++
}

func (l *leftOut) notes() []string {
	var notes []string
	for _, kind := range l.kinds {
		notes = append(notes, fmt.Sprintf("%d %s", l.counts[kind], kind))
	}
	return slices.Clip(notes)
}

// hexField reads hex that may end in blanks; nil when it is anything else.
func hexField(text []byte) []byte {
	for _, c := range text {
		if !isHexDigit(c) && c != ' ' && c != '\t' {
			return nil
		}
	}
	b, err := ParseHex(string(text))
	if err != nil {
		return nil
	}
	return b
}

// shorten makes a part of a line fit for an error.
func shorten(text []byte) string { return fmt.Sprintf("%.24q", text) }
