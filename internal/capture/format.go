package capture

import (
	"bufio"
	"bytes"
	"strings"
)

// Format is how a recording is stored.
type Format string

// The formats. All but Raw are known by what stands in the file, never by its
// name.
const (
	PcapNG    Format = "pcapng"
	TLog      Format = "tlog"      // MAVLink: microseconds and a frame, again and again
	PuTTY     Format = "putty"     // raw bytes behind PuTTY's header
	SSCOM     Format = "sscom"     // SSCOM, UartAssist: clock, direction, hex
	Logic1    Format = "logic1"    // Saleae Logic 1, CSV of an async serial analyser
	Logic2    Format = "logic2"    // Saleae Logic 2, the same
	Socat     Format = "socat"     // socat -x, with or without -v
	XXD       Format = "xxd"       // and what PyPMS writes
	Hexdump   Format = "hexdump"   // with and without -C
	Tio       Format = "tio"       // tio --output-mode hex --timestamp
	Text2pcap Format = "text2pcap" // od -Ax -tx1, tshark -x; direction and time before a packet
	Hex       Format = "hex"       // hex bytes as text, a packet a line
	GPSD      Format = "gpsd"      // raw bytes behind # lines
	Raw       Format = "raw"       // the bytes themselves
)

// Timing is what the times of a recording are.
type Timing uint8

// Untimed recordings have no times. Those of Elapsed count from no known date:
// the difference of two is true, and they begin on 2 January 1970. Dated ones
// are Unix times.
const (
	Untimed Timing = iota
	Elapsed
	Dated
)

// TimingOf returns what the times of a source are. What it has read so far
// decides nothing: the source looks ahead.
func TimingOf(src Source) Timing {
	if t, ok := src.(interface{ Timing() Timing }); ok {
		return t.Timing()
	}
	return Untimed
}

// LeftOut says what of a recording was passed over so far, or taken in spite of a
// fault, for people.
func LeftOut(src Source) []string {
	if n, ok := src.(interface{ LeftOut() []string }); ok {
		return n.LeftOut()
	}
	return nil
}

// Timing says that the times of pcapng are Unix times.
func (r *Reader) Timing() Timing { return Dated }

// format is one entry of the table.
type format struct {
	name  Format
	sniff func(head) verdict
	open  func(*bufio.Reader) Source
}

// formats are tried in this order: a format that another may be taken for
// stands before it.
//
//nolint:gochecknoglobals // a constant
var formats = []format{
	{PcapNG, sniffPcapNG, func(in *bufio.Reader) Source { return NewReader(in) }},
	{TLog, sniffTLog, newTLog},
	{PuTTY, sniffPuTTY, newPuTTY},
	{SSCOM, sniffSSCOM, newSSCOM},
	{Logic1, sniffLogic1, newLogic1},
	{Logic2, sniffLogic2, newLogic2},
	{Socat, sniffSocat, newSocat},
	{XXD, sniffXXD, newXXD},
	{Hexdump, sniffHexdump, newHexdump},
	{Tio, sniffTio, newTio},
	{Text2pcap, sniffText2pcap, newText2pcap},
	{Hex, looksHex, func(in *bufio.Reader) Source { return newHexSource(in) }},
	{GPSD, sniffGPSD, newGPSD},
	{Raw, func(head) verdict { return yes }, func(in *bufio.Reader) Source { return &rawSource{r: in} }},
}

// FormatNames lists the formats for people.
func FormatNames() string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// verdict is what the beginning of a file says about one format.
type verdict uint8

const (
	no verdict = iota
	maybe
	yes
)

// head is the beginning of a file, without a byte order mark.
type head struct {
	bytes []byte
	lines [][]byte // those that are whole, without their ends
	part  []byte   // of the next one
	end   bool     // the file is no longer
	full  bool     // no more is looked at
	text  bool     // no byte that a text in ASCII does not have
}

func newHead(b []byte, end bool) head {
	h := head{end: end, full: len(b) >= detectBytes}
	if b = bytes.TrimPrefix(b, []byte(bom)); prefixed(b, bom) == maybe && !end {
		b = nil // what follows it decides
	}
	h.bytes, h.text = b, isText(b)
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole && !end {
			h.part = line
			break
		}
		h.lines = append(h.lines, bytes.TrimRight(line, "\r"))
		b = rest
	}
	return h
}

// bom is what some programs of Windows put before a text.
const bom = "\xEF\xBB\xBF"

// last reports whether no more is looked at.
func (h head) last() bool { return h.end || h.full }

// first returns the first line that is not blank, as far as it is there.
func (h head) first() (line []byte, whole bool) {
	for _, line := range h.lines {
		if len(bytes.TrimSpace(line)) > 0 {
			return line, true
		}
	}
	return h.part, false
}

func isText(b []byte) bool {
	for _, c := range b {
		if c >= 0x7F || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// prefixed is the verdict on a file that has to begin with want.
func prefixed(b []byte, want string) verdict {
	switch {
	case len(b) >= len(want) && string(b[:len(want)]) == want:
		return yes
	case len(b) < len(want) && string(b) == want[:len(b)]:
		return maybe
	}
	return no
}

func sniffPcapNG(h head) verdict { return prefixed(h.bytes, "\n\r\r\n") }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHexDigit(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
