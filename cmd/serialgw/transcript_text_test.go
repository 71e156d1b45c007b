package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/onenetsim"
	"serialgw/internal/reading"
)

// transcript is the story of one recording, an event a line. What the recording
// does stands at the margin, with its time since the beginning and the board;
// what the program makes of it stands below, indented:
//
//	+0.1000  board1  bytes    22 at 31: AA 55 13 01 ...
//	                 frame    status, id 01, 22 bytes at 31, check good
//	                 reading  status {"temp":25.37}
//	                 record   1
//	                 post     1 thing/property/post {"id":"1", ...}
//	                 verdict  1 confirmed: 200 success (record 1)
//
// Boards, uplink and simulator tell what they do from goroutines of their own.
// The queue parts them: what happened before it is kept apart from what
// happened behind it, and written first. Each side keeps its own order, so the
// story is the same however the goroutines ran.
//
// Two things are not written as they are. A post's id is random, so posts are
// numbered as they appear; and nothing that names a TCP port is written.
type transcript struct {
	mu     sync.Mutex
	out    strings.Builder
	before []string // what this step caused up to the queue
	behind []string // and from there on
	ids    []string // of the posts, in order of appearance
}

// margin is as wide as time and name of a cause.
const margin = 18

// cause begins a step: the recording does something.
func (s *transcript) cause(at time.Duration, who, station, format string, args ...any) {
	head := fmt.Sprintf("%-9s%s", seconds(at), who)
	s.write(head, station, fmt.Sprintf(format, args...))
}

// seconds is a time since the recording's beginning.
func seconds(at time.Duration) string { return fmt.Sprintf("%+.4f", at.Seconds()) }

// board adds what happened up to the queue.
func (s *transcript) board(station, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = append(s.before, entry("", station, fmt.Sprintf(format, args...)))
}

// uplink adds what happened behind the queue.
func (s *transcript) uplink(station, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind = append(s.behind, entry("", station, fmt.Sprintf(format, args...)))
}

// settle ends a step: all that it caused has happened.
func (s *transcript) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range slices.Concat(s.before, s.behind) {
		s.out.WriteString(line)
	}
	s.before, s.behind = nil, nil
}

// head adds a line of the transcript's own.
func (s *transcript) head(name, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(&s.out, "%-9s%s\n", name, fmt.Sprintf(format, args...))
}

// notes writes what a recording says about itself.
func (s *transcript) notes(notes []string) {
	for _, note := range notes {
		for line := range strings.Lines(note) {
			s.head("note", "%s", strings.TrimSpace(line))
		}
	}
}

func (s *transcript) write(head, station, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.WriteString(entry(head, station, text))
}

func (s *transcript) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

func entry(head, station, text string) string {
	return strings.TrimRight(fmt.Sprintf("%-*s %-8s %s", margin, head, station, text), " ") + "\n"
}

// frame adds a frame that was accepted.
func (s *transcript) frame(f *frame.Frame, id *frame.Ref, checked bool) {
	name := "of an unknown id"
	if f.Message != nil {
		name = f.Message.Name
	}
	check := "check good"
	if !checked {
		check = "no check"
	}
	s.board("frame", "%s%s, %d bytes at %d, %s", name, idText(id, f.Bytes), len(f.Raw()), int(f.End)-len(f.Raw()), check)
}

// idText is a frame's id, byte by byte as it stands there.
func idText(id *frame.Ref, b []byte) string {
	if id == nil {
		return ""
	}
	size := map[string]int{"": 1, "B": 1, "H": 2, "u24": 3, "I": 4}[strings.TrimLeft(id.Type, "<>!")]
	at := id.At
	if at < 0 {
		at += len(b)
	}
	return fmt.Sprintf(", id % X", b[at:at+size])
}

// noise adds bytes in front of a frame, or of the end, that are in no frame.
func (s *transcript) noise(at int, b []byte, idle int) {
	if len(b) == 0 {
		return
	}
	text := ""
	if idle > 0 {
		text = fmt.Sprintf(", %d of them idle", idle)
	}
	s.board("noise", "%d at %d%s: % X", len(b), at, text, b)
}

// reading adds one that goes to the queue. now is the time of the step: a
// reading that was held back is older.
func (s *transcript) reading(r *reading.Reading, now time.Duration) {
	older := ""
	if at := time.Duration(r.Stamp.Boot); at != now {
		older = " of " + seconds(at)
	}
	s.board("reading", "%s%s %s", r.Message, older, flatJSON(r))
}

// flatJSON is a reading's values alone.
func flatJSON(r *reading.Reading) []byte {
	b := []byte{'{'}
	for i, p := range r.Props {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(reading.AppendQuoted(b, p.Name), ':')
		b = p.Value.AppendJSON(b)
	}
	return append(b, '}')
}

// records adds what the queue made of the readings.
func (s *transcript) records(first uint64, n int) {
	if first == 0 {
		s.board("record", "lost")
		return
	}
	for seq := range uint64(n) {
		s.board("record", "%d", first+seq)
	}
}

// post adds a message as it came to the simulator.
func (s *transcript) post(p onenetsim.Post) {
	n := s.number(p.ID)
	payload := bytes.Replace(p.Payload, []byte(`"id":"`+p.ID+`"`), []byte(`"id":"`+n+`"`), 1)
	s.uplink("post", "%s %s %s", n, p.Topic, payload)
}

// verdict adds what the uplink learnt: of a post, or of its link.
func (s *transcript) verdict(o reading.Outcome) {
	if o.Post == 0 {
		state := "down"
		if o.Link == reading.LinkReady {
			state = "ready"
		}
		s.uplink("link", "%s", state)
		return
	}
	text := o.Text
	if o.Code != 0 {
		text = fmt.Sprintf("%d %s", o.Code, text)
	}
	if o.Late {
		text += ", late"
	}
	s.uplink("verdict", "%s %s: %s (%s)", s.number(fmt.Sprint(o.Post)), o.Verdict, text, spans(o.Seqs))
}

// number is a post's place in the order of appearance.
func (s *transcript) number(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.ids, id)
	if i < 0 {
		i = len(s.ids)
		s.ids = append(s.ids, id)
	}
	return fmt.Sprint(i + 1)
}

// spans words ascending record numbers: "record 3", "records 3-7 9".
func spans(seqs []uint64) string {
	if len(seqs) == 1 {
		return fmt.Sprintf("record %d", seqs[0])
	}
	text := "records"
	for i := 0; i < len(seqs); {
		last := i
		for last+1 < len(seqs) && seqs[last+1] == seqs[last]+1 {
			last++
		}
		text += fmt.Sprintf(" %d", seqs[i])
		if last > i {
			text += fmt.Sprintf("-%d", seqs[last])
		}
		i = last + 1
	}
	return text
}

// Write takes a line of the program's log, as the logger's output. Those about
// the link name TCP ports and waiting times, which are never the same; what
// becomes of the link is told anyway.
func (s *transcript) Write(line []byte) (int, error) {
	var said struct{ State, Board string }
	if err := json.Unmarshal(line, &said); err != nil {
		return 0, err
	}
	switch {
	case said.State != "":
	case said.Board != "":
		s.board("log", "%s", bytes.TrimSpace(line))
	default:
		s.uplink("log", "%s", bytes.TrimSpace(line))
	}
	return len(line), nil
}

// counter is one number that the program keeps, under its name in JSON.
type counter struct {
	name string
	n    uint64
}

// counters lists the uint64 fields of a struct of counters, and of the structs
// in it, so that no counter has to be named here to be seen.
func counters(of any) (all []counter) {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch f := v.Field(i); {
		case name == "": // not for others to see
		case f.Kind() == reflect.Uint64:
			all = append(all, counter{name, f.Uint()})
		case f.Type() == reflect.TypeFor[frame.Metrics]():
			all = append(all, counters(f.Interface())...)
		}
	}
	return all
}

// told are the counters that other lines of a step tell already, and the one
// that is no sum.
var told = []string{"bytes_in", "frame_bytes", "frames", "unknown_id", "stored", "longest_loss"}

// counted adds what the board's doubts have grown by.
func (s *transcript) counted(before, now []counter) {
	var parts []string
	for i, c := range now {
		if n := c.n - before[i].n; n > 0 && !slices.Contains(told, c.name) {
			parts = append(parts, fmt.Sprintf("%s +%d", c.name, n))
		}
	}
	if len(parts) > 0 {
		s.board("count", "%s", strings.Join(parts, ", "))
	}
}

// total adds a line of counters, without those that are 0.
func (s *transcript) total(name string, all []counter) {
	var parts []string
	for _, c := range all {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", c.name, c.n))
		}
	}
	s.head("total", "%s: %s", name, strings.Join(parts, ", "))
}
