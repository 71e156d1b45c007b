package capture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
)

const (
	detectBytes = 4096     // how much of a file decides its format at most
	rawChunk    = 64 << 10 // bytes in one packet of a raw file
	maxLine     = 1 << 20  // longest line of a text
)

// File is an open recording of any format.
type File struct {
	Source
	Format Format
	Size   int64 // bytes; 0 when nobody knows, as of a pipe

	file  *os.File
	place atomic.Int64
}

// placed is a source that knows its place in the file.
type placed interface {
	Source
	place() int64 // bytes before what Next returns next
}

// OpenAny opens a recording of any format.
func OpenAny(path string) (*File, error) { return OpenAs(path, "") }

// OpenAs opens a recording whose format is known; "" = found out.
func OpenAs(path string, format Format) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the recording: %w", err)
	}
	f := &File{file: file}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		f.Size = info.Size()
	}
	if f.Source, f.Format, err = DetectAs(file, format); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// Next returns the next packet, or io.EOF.
func (f *File) Next() (Packet, error) {
	p, err := f.Source.Next()
	if s, ok := f.Source.(placed); ok {
		f.place.Store(s.place())
	}
	return p, err
}

// Consumed returns how many bytes of the file the packets so far were read
// from. It may be called at any time.
func (f *File) Consumed() int64 { return f.place.Load() }

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Detect looks at the first bytes of r and returns a source that reads all of
// it. What is of no known format is taken as raw bytes, but for the older pcap,
// which is refused. No more is read before the answer than decides it: a board
// that speaks through a pipe is heard at once.
func Detect(r io.Reader) (Source, Format, error) { return DetectAs(r, "") }

// DetectAs is Detect where the format may be known.
func DetectAs(r io.Reader, format Format) (Source, Format, error) {
	in := bufio.NewReaderSize(r, readAhead)
	if format == "" {
		var err error
		if format, err = detect(in); err != nil {
			return nil, "", err
		}
	}
	for _, f := range formats {
		if f.name == format {
			return f.open(in), format, nil
		}
	}
	return nil, "", fmt.Errorf("unknown format %q: %s exist", format, FormatNames())
}

// IsPcapNG reports whether a file that begins so is a pcapng recording. Four
// bytes are enough.
func IsPcapNG(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\n\r\r\n")) // the section block's type
}

var errClassicPcap = errors.New("a classic pcap file: save it as pcapng (editcap -F pcapng IN OUT)") //nolint:gochecknoglobals // a constant

// isClassicPcap knows the magic of micro- and nanoseconds in both byte orders.
func isClassicPcap(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	switch binary.BigEndian.Uint32(head) {
	case 0xA1B2C3D4, 0xD4C3B2A1, 0xA1B23C4D, 0x4D3CB2A1:
		return true
	}
	return false
}

// detect reads ahead until the format is certain: until the first format that
// may still be it is it.
func detect(in *bufio.Reader) (Format, error) {
	for size := 1; ; size = min(in.Buffered()+1, detectBytes) {
		_, err := in.Peek(size)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("cannot read the recording: %w", err)
		}
		head, _ := in.Peek(min(in.Buffered(), detectBytes))
		if isClassicPcap(head) {
			return "", errClassicPcap
		}
		h := newHead(head, err != nil)
		if format := h.format(); format != "" {
			return format, nil
		}
	}
}

// format returns the one that the head shows; "" = more is to be read.
func (h head) format() Format {
	for _, f := range formats {
		switch v := f.sniff(h); {
		case v == yes:
			return f.name
		case v == maybe && !h.last():
			return ""
		}
	}
	return Raw
}

// looksHex reports whether all lines seen are hex, and at least one is not
// empty. A line that runs past the head counts up to its last blank.
func looksHex(h head) verdict {
	text := h.bytes
	if !h.end {
		text = text[:bytes.LastIndexAny(text, hexBlanks)+1]
	}
	some := false
	for line := range bytes.Lines(text) {
		b, err := parseLine(string(line))
		if err != nil {
			return no
		}
		some = some || len(b) > 0
	}
	if !h.end && !plausibleHex(h.bytes[len(text):]) {
		return no
	}
	switch {
	case !h.last():
		return maybe
	case some:
		return yes
	}
	return no
}

// plausibleHex reports whether the beginning of a word may become hex.
func plausibleHex(word []byte) bool {
	for _, c := range word {
		if !isHexDigit(c) && !bytes.ContainsRune([]byte("xX:#"), rune(c)) {
			return c >= ' ' && bytes.ContainsRune(word, '#')
		}
	}
	return true
}

// parseLine reads one line of a hex file:
//
//	AA 55 01 0x1F, 02ff   # what follows is a comment
func parseLine(line string) ([]byte, error) {
	line, _, _ = strings.Cut(line, "#")
	return ParseHex(line)
}

// hexLines is a file of nothing but hex, a packet a line.
type hexLines struct{ untimed }

func (hexLines) line(text []byte) (Packet, bool, error) {
	b, err := parseLine(string(text))
	return Packet{Direction: Inbound, Bytes: b}, len(b) > 0, err
}

func newHexSource(r io.Reader) *lineSource { return newLineSource(r, hexLines{}) }

// rawSource yields what one read gives: a pipe must not wait for more.
type rawSource struct {
	r    io.Reader
	read int64 // bytes so far
	buf  [rawChunk]byte
}

func (s *rawSource) place() int64 { return s.read }

// Next returns the next packet, or io.EOF.
func (s *rawSource) Next() (Packet, error) {
	for {
		n, err := s.r.Read(s.buf[:])
		switch {
		case n > 0:
			s.read += int64(n)
			return Packet{Direction: Inbound, Bytes: s.buf[:n]}, nil
		case errors.Is(err, io.EOF):
			return Packet{}, io.EOF
		case err != nil:
			return Packet{}, fmt.Errorf("cannot read the recording: %w", err)
		}
	}
}
