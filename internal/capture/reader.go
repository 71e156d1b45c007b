package capture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// ErrCut says that a recording ends inside a block, as a power cut leaves it.
// All packets before it have been returned. It matches io.ErrUnexpectedEOF.
var ErrCut = fmt.Errorf("recording ends inside a block: %w", io.ErrUnexpectedEOF)

// Reader reads a pcapng recording, of either byte order and any number of
// sections. Blocks of other kinds, and packets that are not raw serial bytes,
// are skipped.
type Reader struct {
	in      *bufio.Reader
	order   binary.ByteOrder // of the present section; nil before the first
	ifs     []netIf          // of the present section
	ports   []Port
	known   map[Port]bool // those in ports
	notes   []string
	skipped int
	at      int64        // where the present block begins
	next    int64        // where the one after it does
	long    bytes.Buffer // a block that is longer than in's buffer
	err     error        // the end, once reached
}

// readAhead is how much is read at once; nearly all blocks are shorter.
const readAhead = 64 << 10

// NewReader reads a recording from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, readAhead), known: map[Port]bool{}} // r itself when it is one
}

// place is where the next block begins.
func (r *Reader) place() int64 { return r.next }

// Notes returns what the sections met so far say about themselves.
func (r *Reader) Notes() []string { return slices.Clone(r.notes) }

// Ports returns the ports met so far, each once.
func (r *Reader) Ports() []Port { return slices.Clone(r.ports) }

// Skipped returns how many packets were left out because they hold something
// else than raw serial bytes.
func (r *Reader) Skipped() int { return r.skipped }

// Next returns the next packet; io.EOF at the end, ErrCut at a torn one.
func (r *Reader) Next() (Packet, error) {
	for r.err == nil {
		var p Packet
		var ok bool
		if p, ok, r.err = r.block(); ok {
			return p, nil
		}
	}
	return Packet{}, r.err
}

// block reads one block; ok means that it was a packet to return.
func (r *Reader) block() (p Packet, ok bool, err error) {
	kind, body, err := r.readBlock()
	if err != nil {
		return Packet{}, false, err
	}
	switch kind {
	case blockSection:
		r.ifs = r.ifs[:0] // interfaces are numbered anew
		for code, value := range r.options(body[sectionFixed:]) {
			if code == optComment {
				r.notes = append(r.notes, string(value))
			}
		}
		return Packet{}, false, nil
	case blockInterface:
		return Packet{}, false, r.addInterface(body)
	case blockPacket:
		return r.packet(body)
	}
	return Packet{}, false, nil
}

// readBlock returns a block's type and body, which is valid until the next
// call. The length is believed only within bounds, and memory grows with what
// is really there.
func (r *Reader) readBlock() (kind uint32, body []byte, err error) {
	r.at = r.next
	head, err := r.in.Peek(blockFrame) // no block is shorter
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return 0, nil, io.EOF
	}
	if len(head) < 8 {
		return 0, nil, cut(err)
	}
	if binary.LittleEndian.Uint32(head) == blockSection {
		if err != nil {
			return 0, nil, cut(err)
		}
		if r.order = orderOf(head[8:]); r.order == nil {
			return 0, nil, r.damaged("unknown byte order % X", head[8:])
		}
	}
	if r.order == nil {
		return 0, nil, r.damaged("not a pcapng recording")
	}
	kind, length := r.order.Uint32(head), r.order.Uint32(head[4:])
	if kind == 0 && length == 0 && r.onlyZeros() {
		return 0, nil, ErrCut
	}
	least := uint32(blockFrame)
	if kind == blockSection {
		least += sectionFixed
	}
	if length < least || length > maxBlock || length%4 != 0 {
		return 0, nil, r.damaged("impossible block length %d", length)
	}
	block, err := r.whole(int(length))
	if err != nil {
		return 0, nil, cut(err)
	}
	r.next += int64(length)
	end := len(block) - 4
	if again := r.order.Uint32(block[end:]); again != length {
		return 0, nil, r.damaged("block lengths differ: %d and %d", length, again)
	}
	return kind, block[8:end], nil
}

// onlyZeros reads to the end and reports whether nothing else stands there. A
// power cut may leave the length of a file and lose its last bytes.
func (r *Reader) onlyZeros() bool {
	for {
		b, err := r.in.ReadByte()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if b != 0 {
			return false
		}
	}
}

// whole takes n bytes out of the buffer, where they stay until the next read.
func (r *Reader) whole(n int) ([]byte, error) {
	if n > r.in.Size() {
		r.long.Reset()
		_, err := io.CopyN(&r.long, r.in, int64(n))
		return r.long.Bytes(), err
	}
	block, err := r.in.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = r.in.Discard(n)
	return block, err
}

func orderOf(magic []byte) binary.ByteOrder {
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(magic):
		return binary.LittleEndian
	case binary.BigEndian.Uint32(magic):
		return binary.BigEndian
	}
	return nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCut
	}
	return fmt.Errorf("cannot read the recording: %w", err)
}

func (r *Reader) damaged(format string, args ...any) error {
	return fmt.Errorf("recording damaged at byte %d: %s", r.at, fmt.Sprintf(format, args...))
}

func (r *Reader) packet(body []byte) (p Packet, ok bool, err error) {
	if len(body) < packetFixed {
		return Packet{}, false, r.damaged("packet block of %d bytes", len(body))
	}
	id, size := r.order.Uint32(body), r.order.Uint32(body[12:])
	data := body[packetFixed:]
	if uint64(id) >= uint64(len(r.ifs)) {
		return Packet{}, false, r.damaged("packet of interface %d, which is not described", id)
	}
	if uint64(size) > uint64(len(data)) {
		return Packet{}, false, r.damaged("packet of %d bytes in a block that holds %d", size, len(data))
	}
	from := r.ifs[id]
	if !from.raw {
		r.skipped++
		return Packet{}, false, nil
	}
	stamp := uint64(r.order.Uint32(body[4:]))<<32 | uint64(r.order.Uint32(body[8:]))
	p = Packet{Port: from.name, Time: from.nanoseconds(stamp), Bytes: data[:size:size]}
	for code, value := range r.options(data[min(pad4(int(size)), len(data)):]) {
		switch {
		case code == optComment:
			p.Comment = string(value)
		case code == optPacketFlags && len(value) == 4:
			p.Direction = Direction(r.order.Uint32(value) & 3)
		}
	}
	return p, true, nil
}

func pad4(n int) int { return (n + 3) &^ 3 }

// options iterates over a block's options up to the first that does not fit:
// the packet's bytes are worth more than a comment.
func (r *Reader) options(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, size := r.order.Uint16(b), int(r.order.Uint16(b[2:]))
			if b = b[4:]; code == optEnd || size > len(b) || !yield(code, b[:size]) {
				return
			}
			b = b[min(pad4(size), len(b)):]
		}
	}
}
