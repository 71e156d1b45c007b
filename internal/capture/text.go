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

// Format is how a recording is stored.
type Format string

// The formats that Detect tells apart.
const (
	PcapNG Format = "pcapng"
	Hex    Format = "hex" // hex bytes as text, a packet a line
	Raw    Format = "raw" // the bytes themselves
)

const (
	detectBytes = 4096     // how much of a file decides its format
	rawChunk    = 64 << 10 // bytes in one packet of a raw file
	maxLine     = 1 << 20  // longest line of a hex file
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
// it. What is neither pcapng nor hex text is taken as raw bytes, but for the
// older pcap, which is refused.
func Detect(r io.Reader) (Source, Format, error) { return DetectAs(r, "") }

// DetectAs is Detect where the format may be known.
func DetectAs(r io.Reader, format Format) (Source, Format, error) {
	in := bufio.NewReaderSize(r, readAhead)
	if format == "" {
		head, err := in.Peek(detectBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, "", fmt.Errorf("cannot read the recording: %w", err)
		}
		if isClassicPcap(head) {
			return nil, "", errClassicPcap
		}
		format = detect(head)
	}
	switch format {
	case PcapNG:
		return NewReader(in), PcapNG, nil
	case Hex:
		return newHexSource(in), Hex, nil
	case Raw:
		return &rawSource{r: in}, Raw, nil
	}
	return nil, "", fmt.Errorf("unknown format %q: pcapng, hex and raw exist", format)
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

func detect(head []byte) Format {
	switch {
	case IsPcapNG(head):
		return PcapNG
	case looksHex(head):
		return Hex
	}
	return Raw
}

// looksHex reports whether all lines seen are hex, and at least one is not
// empty. A line that runs past head counts up to its last blank.
func looksHex(head []byte) bool {
	if len(head) == detectBytes {
		head = head[:bytes.LastIndexAny(head, hexBlanks)+1]
	}
	some := false
	for line := range strings.Lines(string(head)) {
		b, err := parseLine(line)
		if err != nil {
			return false
		}
		some = some || len(b) > 0
	}
	return some
}

// parseLine reads one line of a hex file:
//
//	AA 55 01 0x1F, 02ff   # what follows is a comment
func parseLine(line string) ([]byte, error) {
	line, _, _ = strings.Cut(line, "#")
	return ParseHex(line)
}

type hexSource struct {
	lines  *bufio.Scanner
	number int
	read   int64 // bytes of the lines so far
	err    error
}

func (s *hexSource) place() int64 { return s.read }

func newHexSource(r io.Reader) *hexSource {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, detectBytes), maxLine)
	return &hexSource{lines: lines}
}

// Next returns the next packet, or io.EOF.
func (s *hexSource) Next() (Packet, error) {
	for s.err == nil {
		if !s.lines.Scan() {
			s.err = io.EOF
			if err := s.lines.Err(); err != nil {
				s.err = fmt.Errorf("cannot read line %d of the recording: %w", s.number+1, err)
			}
			break
		}
		s.number++
		s.read += int64(len(s.lines.Bytes())) + 1
		b, err := parseLine(s.lines.Text())
		if err != nil {
			s.err = fmt.Errorf("line %d of the recording: %w", s.number, err)
		} else if len(b) > 0 {
			return Packet{Direction: Inbound, Bytes: b}, nil
		}
	}
	return Packet{}, s.err
}

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
