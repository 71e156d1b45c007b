package capture

import (
	"bytes"
	"errors"
	"math"
	"time"
)

// elapsedZero is where times without a date begin: 2 January 1970, so that none
// is 0, which says that there is none, and times before a trigger fit as well.
const elapsedZero = 24 * time.Hour

// parseStamp reads the time at the beginning of text as programs write it, and
// returns what follows. A time of day has no date: its value counts from
// midnight. Without a zone it is that of this machine, as the programs mean it.
//
//	22:00:41.748   2026-08-22 10:42:33,5   2026/08/22 10:42:33.000839   2026-08-22T10:42:33Z
func parseStamp(text []byte) (ns int64, kind Timing, rest []byte) {
	year, month, day, afterDate, dated := parseDate(text)
	clock, after, ok := parseClock(afterDate)
	switch {
	case !ok:
		return 0, Untimed, text
	case !dated:
		return int64(clock), Elapsed, after
	}
	zone := time.Local
	if offset, behind, ok := parseZone(after); ok {
		zone, after = time.FixedZone("", offset), behind
	}
	at := time.Date(year, time.Month(month), day, 0, 0, int(clock/time.Second), int(clock%time.Second), zone)
	return at.UnixNano(), Dated, after
}

// parseDate reads 2026-08-22 or 2026/08/22 and the separator behind it.
func parseDate(text []byte) (year, month, day int, rest []byte, ok bool) {
	if len(text) < 11 || text[4] != '-' && text[4] != '/' || text[7] != text[4] || !bytes.ContainsRune([]byte(" T_"), rune(text[10])) {
		return 0, 0, 0, text, false
	}
	year, a := number(text[:4])
	month, b := number(text[5:7])
	day, c := number(text[8:10])
	ok = a && b && c && year >= 1970 && year < 2255 && month >= 1 && month <= 12 && day >= 1 && day <= 31
	if !ok {
		return 0, 0, 0, text, false
	}
	return year, month, day, text[11:], true
}

// parseClock reads 22:00:41 with up to nine digits of a fraction.
func parseClock(text []byte) (clock time.Duration, rest []byte, ok bool) {
	if len(text) < 8 || text[2] != ':' || text[5] != ':' {
		return 0, text, false
	}
	h, a := number(text[:2])
	m, b := number(text[3:5])
	s, c := number(text[6:8])
	if !a || !b || !c || h > 23 || m > 59 || s > 60 {
		return 0, text, false
	}
	clock = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	rest = text[8:]
	if len(rest) < 2 || rest[0] != '.' && rest[0] != ',' && rest[0] != ':' || !isDigit(rest[1]) {
		return clock, rest, true
	}
	unit := time.Second
	for rest = rest[1:]; len(rest) > 0 && isDigit(rest[0]); rest = rest[1:] {
		unit /= 10
		clock += time.Duration(rest[0]-'0') * unit
	}
	return clock, rest, true
}

// parseZone reads Z, +08:00 or +0800.
func parseZone(text []byte) (seconds int, rest []byte, ok bool) {
	if len(text) > 0 && text[0] == 'Z' {
		return 0, text[1:], true
	}
	if len(text) < 5 || text[0] != '+' && text[0] != '-' {
		return 0, text, false
	}
	minutes := text[3:]
	if minutes[0] == ':' {
		minutes = minutes[1:]
	}
	if len(minutes) < 2 {
		return 0, text, false
	}
	h, a := number(text[1:3])
	m, b := number(minutes[:2])
	if !a || !b || h > 14 || m > 59 {
		return 0, text, false
	}
	seconds = h*3600 + m*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, minutes[2:], true
}

// number reads digits and nothing else; a number beyond an int is none.
func number(text []byte) (n int, ok bool) {
	for _, c := range text {
		if !isDigit(c) || n > (math.MaxInt-9)/10 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, len(text) > 0
}

// stamps turns the stamps of one file into times. A clock without a date goes
// on behind midnight.
type stamps struct {
	kind Timing // of all stamps; the first decides
	last int64  // clock read last
	days int64  // midnights passed
}

var errMixedStamps = errors.New("a time with a date among times without one, or the reverse: these are two recordings, part them") //nolint:gochecknoglobals // a constant

func (s *stamps) time(ns int64, kind Timing) (int64, error) {
	if s.kind == Untimed {
		s.kind = kind
	}
	if kind != s.kind {
		return 0, errMixedStamps
	}
	if kind == Dated {
		return ns, nil
	}
	const day = int64(24 * time.Hour)
	if s.last-ns > day/2 { // a clock that was set back a little is no midnight
		s.days++
	}
	s.last = ns
	return int64(elapsedZero) + s.days*day + ns, nil
}

// foresee learns the kind from the first stamp that find sees in the lines.
func (s *stamps) foresee(head []byte, find func(line []byte) (kind Timing, ok bool)) {
	for line := range bytes.Lines(bytes.TrimPrefix(head, []byte(bom))) {
		if kind, ok := find(line); ok {
			s.kind = kind
			return
		}
	}
}
