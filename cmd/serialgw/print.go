package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// sink prints readings in one format. What write takes is seen after flush.
type sink interface {
	write(r *reading.Reading) error
	flush() error
}

// printing is how readings are printed.
type printing struct {
	format string // "json", "csv" or "table"
	flat   bool   // JSON with the values alone
	timing capture.Timing
}

// newSink prints what a board publishes of the plan.
func newSink(o printing, plan *frame.Plan, b config.Board, out io.Writer) (sink, error) {
	switch o.format {
	case "json":
		s := newJSONSink(plan.Renamed(b.Identifier), out, o.flat)
		s.elapsed = o.timing == capture.Elapsed
		s.thinned = b.Report.Every > 0 || len(b.Rules) > 0 || b.Health > 0
		return s, nil
	case "csv":
		c := &csvSink{w: csv.NewWriter(out), timing: o.timing}
		return c, c.header(b.Publishes(plan))
	case "table":
		return &tableSink{w: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), units: units(b.Publishes(plan)), timing: o.timing}, nil
	}
	return nil, usagef("--format %q: json, csv and table exist", o.format)
}

// jsonSink prints a line a reading.
type jsonSink struct {
	out     io.Writer
	flat    bool // the values alone
	elapsed bool // times have no date
	thinned bool // not all readings are whole frames
	layouts []jsonLayout
	buf     []byte // lines not yet written
}

// jsonLayout is the text before each value of a message that lacks none, put
// together once:
//
//	{"temp":    ,"volt":    ,"run":
type jsonLayout struct {
	message string
	props   []frame.PropertyInfo
	keys    []jsonKey
}

// jsonKey is one of them. A copy of fixed size is the cheapest there is, so
// a short text is copied with what stands behind it, which is then cut off.
type jsonKey struct {
	text  [16]byte
	size  int
	whole string // a text that is longer
}

func newJSONKey(text []byte) jsonKey {
	k := jsonKey{size: len(text)}
	if len(text) > len(k.text) {
		k.whole = string(text)
	} else {
		copy(k.text[:], text)
	}
	return k
}

func (k *jsonKey) append(b []byte) []byte {
	if k.whole != "" {
		return append(b, k.whole...)
	}
	return append(b, k.text[:]...)[:len(b)+k.size]
}

// printAhead is how much is printed by one write.
const printAhead = 64 << 10

func newJSONSink(plan *frame.Plan, out io.Writer, flat bool) *jsonSink {
	s := &jsonSink{out: out, flat: flat, buf: make([]byte, 0, printAhead)}
	for _, m := range plan.Messages() {
		l := jsonLayout{message: m.Name, props: m.Properties()}
		for i, p := range m.Properties() {
			l.keys = append(l.keys, newJSONKey(appendKey(nil, i, p.Name)))
		}
		s.layouts = append(s.layouts, l)
	}
	return s
}

func appendKey(b []byte, i int, name string) []byte {
	if i == 0 {
		b = append(b, '{')
	} else {
		b = append(b, ',')
	}
	return append(reading.AppendQuoted(b, name), ':')
}

func (s *jsonSink) write(r *reading.Reading) error {
	b := s.buf
	if s.flat {
		b = s.appendValues(b, r)
	} else {
		b = appendHead(append(b, '{'), r)
		if s.elapsed {
			b = append(append(append(b, `"seconds":`...), elapsed(r.Stamp)...), ',')
		}
		b = append(b, `"values":`...)
		b = append(s.appendValues(b, r), '}')
	}
	s.buf = append(b, '\n')
	if len(s.buf) < printAhead-printAhead/16 {
		return nil
	}
	return s.flush()
}

func (s *jsonSink) flush() error {
	_, err := s.out.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}

// appendHead appends what a line says besides the values, with a comma behind.
func appendHead(b []byte, r *reading.Reading) []byte {
	if r.Board != "" {
		b = append(b, `"board":`...)
		b = reading.AppendQuoted(b, r.Board)
		b = append(b, ',')
	}
	b = append(b, `"message":`...)
	b = reading.AppendQuoted(b, r.Message)
	b = append(b, ',')
	if r.Stamp.Wall != 0 {
		b = append(b, `"time":"`...)
		b = r.Stamp.Time().AppendFormat(b, time.RFC3339Nano)
		b = append(b, `",`...)
	}
	return b
}

func (s *jsonSink) appendValues(b []byte, r *reading.Reading) []byte {
	if len(r.Props) == 0 {
		return append(b, "{}"...)
	}
	if keys := s.keys(r); keys != nil {
		for i := range keys {
			b = r.Props[i].Value.AppendJSON(keys[i].append(b))
		}
		return append(b, '}')
	}
	for i, p := range r.Props {
		b = p.Value.AppendJSON(appendKey(b, i, p.Name))
	}
	return append(b, '}')
}

// elapsed is the time since the recording began, seconds.
func elapsed(s reading.Stamp) string {
	return fmt.Sprintf("%d.%09d", s.Boot/1e9, s.Boot%1e9)
}

// keys returns the texts for all values of the reading's message; none when it
// does not hold just these, as a report rule can leave it.
func (s *jsonSink) keys(r *reading.Reading) []jsonKey {
	for i := range s.layouts {
		l := &s.layouts[i]
		if l.message != r.Message {
			continue
		}
		if len(l.keys) != len(r.Props) || s.thinned && !l.fits(r.Props) {
			return nil
		}
		return l.keys
	}
	return nil
}

func (l *jsonLayout) fits(props []reading.Property) bool {
	for i := range l.props {
		if props[i].Name != l.props[i].Name {
			return false
		}
	}
	return true
}

// csvSink has a column for every property of the plan, so that each line has
// the same ones whatever its message.
type csvSink struct {
	w       *csv.Writer
	timing  capture.Timing
	columns map[string]int
	row     []string
}

func (s *csvSink) header(published []config.Published) error {
	s.columns = make(map[string]int)
	header := []string{"message"}
	switch s.timing {
	case capture.Dated:
		header = append(header, "time")
	case capture.Elapsed:
		header = append(header, "seconds")
	}
	for _, p := range published {
		s.columns[p.Name] = len(header)
		header = append(header, p.Name)
	}
	s.row = make([]string, len(header))
	return s.w.Write(header)
}

func (s *csvSink) write(r *reading.Reading) error {
	clear(s.row)
	s.row[0] = r.Message
	switch s.timing {
	case capture.Dated:
		s.row[1] = r.Stamp.Time().Format(time.RFC3339Nano)
	case capture.Elapsed:
		s.row[1] = elapsed(r.Stamp)
	}
	for _, p := range r.Props {
		s.row[s.columns[p.Name]] = p.Value.String()
	}
	return s.w.Write(s.row)
}

func (s *csvSink) flush() error {
	s.w.Flush()
	return s.w.Error()
}

type tableSink struct {
	w      *tabwriter.Writer
	units  map[string]string
	timing capture.Timing
}

func units(published []config.Published) map[string]string {
	u := make(map[string]string)
	for _, p := range published {
		u[p.Name] = p.Unit
	}
	return u
}

func (s *tableSink) write(r *reading.Reading) error {
	for i, p := range r.Props {
		message := r.Message
		switch s.timing {
		case capture.Dated:
			message = r.Stamp.Time().Format("2006-01-02 15:04:05.000") + "\t" + message
		case capture.Elapsed:
			message = elapsed(r.Stamp) + "\t" + message
		}
		if i > 0 {
			message = strings.Repeat("\t", strings.Count(message, "\t"))
		}
		text := p.Value.String()
		if p.Label != "" {
			text += " (" + p.Label + ")"
		}
		if _, err := fmt.Fprintf(s.w, "%s\t%s\t%s %s\n", message, p.Name, text, s.units[p.Name]); err != nil {
			return err
		}
	}
	return nil
}

func (s *tableSink) flush() error { return s.w.Flush() }
