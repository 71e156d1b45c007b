package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// One segment file, all numbers little-endian. docs/queue.md explains each
// byte; the tags are its paragraphs.
//
//	header, 32 bytes [QUEUE-1]
//	off  size  field
//	0    4     magic "SGWQ"
//	4    1     major version, 1: a newer one is refused [QUEUE-2]
//	5    1     minor version, 1: ignored, but for the id
//	6    1     flags: 1 recycled
//	7    1     reserved, 0
//	8    8     first: no record here has a smaller number
//	16   8     nonce, random: seeds every CRC of this file [QUEUE-3]
//	24   4     low half of the id in the file's name; minor version 0: 0
//	28   4     CRC-32C of bytes 0 to 27
//
//	frame, 20 bytes and its payload, back to back, then zeros [QUEUE-4]
//	off  size  field
//	0    1     marker 0xD7
//	1    1     type: 1 record, 2 state; 0 is never valid [QUEUE-5]
//	2    2     reserved, 0
//	4    4     length of the payload, at most 1 MiB
//	8    8     record: its number; state: the number the next record gets
//	16   4     CRC-32C of nonce, bytes 0 to 15, payload
//	20   ..    payload
//
//	payload of a state frame [QUEUE-6]: one byte of flags (1 complete,
//	2 closed), then unsigned varints: synced, dropped, drop episodes,
//	damaged; number of spans, and for each the gap from the end of the one
//	before and its length; number of segments, and for each id and first;
//	cleared.
const (
	magic        = "SGWQ"
	versionMajor = 1
	versionMinor = 1
	headerSize   = 32
	flagRecycled = 1

	frameHeader = 20
	frameMarker = 0xD7
	frameRecord = 1
	frameState  = 2

	flagComplete = 1
	flagClosed   = 2
)

// MaxRecord is the longest record in bytes; segments under 4 MiB take at most
// a quarter of their size.
const MaxRecord = 1 << 20

// maxSeq keeps arithmetic on numbers from wrapping, whatever a file says.
const maxSeq = 1 << 62

// ErrVersion says that a newer program wrote the store. Nothing was touched.
var ErrVersion = errors.New("the queue was written by a newer version")

var errHeader = errors.New("bad segment header")

// castagnoli returns the one table of the process.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// header is the fixed start of a segment.
type header struct {
	first    uint64
	nonce    uint64
	id       uint32 // low half of the id in the file's name
	minor    byte   // 0: the id is not there
	recycled bool   // behind the end may stand bytes of an earlier life
}

// of reports whether the header belongs to the segment of that id. A recycled
// file has its new name before its new header. [QUEUE-17]
func (h header) of(id uint64) bool { return h.minor == 0 || h.id == uint32(id) }

func (h header) append(b []byte) []byte {
	start := len(b)
	b = append(b, magic...)
	var flags byte
	if h.recycled {
		flags |= flagRecycled
	}
	b = append(b, versionMajor, versionMinor, flags, 0)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	b = binary.LittleEndian.AppendUint64(b, h.nonce)
	b = binary.LittleEndian.AppendUint32(b, h.id)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli()))
}

// parseHeader refuses damage before it believes the version: a flipped bit
// must not pass for a newer program. [QUEUE-2]
func parseHeader(b []byte) (header, error) {
	if len(b) < headerSize || string(b[:4]) != magic ||
		binary.LittleEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], castagnoli()) {
		return header{}, errHeader
	}
	if b[4] > versionMajor {
		return header{}, fmt.Errorf("format %d.%d, this program reads up to %d: %w", b[4], b[5], versionMajor, ErrVersion)
	}
	h := header{
		first: binary.LittleEndian.Uint64(b[8:]), nonce: binary.LittleEndian.Uint64(b[16:]),
		id: binary.LittleEndian.Uint32(b[24:]), minor: b[5], recycled: b[5] > 0 && b[6]&flagRecycled != 0,
	}
	if h.first > maxSeq {
		return header{}, errHeader
	}
	return h, nil
}

// seed starts the CRC of every frame of one file, so that bytes of another
// file, or of an earlier life of the same blocks, are never valid. [QUEUE-3]
func (h header) seed() uint32 {
	return crc32.Checksum(binary.LittleEndian.AppendUint64(nil, h.nonce), castagnoli())
}

// frame is one decoded frame; payload aliases the reader's buffer.
type frame struct {
	kind    byte
	seq     uint64
	payload []byte
}

func appendFrame(b []byte, seed uint32, kind byte, seq uint64, payload []byte) []byte {
	start := len(b)
	b = append(b, frameMarker, kind, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint64(b, seq)
	sum := crc32.Update(seed, castagnoli(), b[start:])
	sum = crc32.Update(sum, castagnoli(), payload)
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, payload...)
}

// frameSize returns the whole size that a frame header claims, or false when
// it cannot be one. Lengths are checked before anything is read. [QUEUE-4]
func frameSize(b []byte) (int, bool) {
	if b[0] != frameMarker || (b[1] != frameRecord && b[1] != frameState) {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n > MaxRecord {
		return 0, false
	}
	return frameHeader + int(n), true
}

// parseFrame checks the CRC of a whole frame. [QUEUE-3]
func parseFrame(b []byte, seed uint32) (frame, bool) {
	sum := crc32.Update(seed, castagnoli(), b[:16])
	sum = crc32.Update(sum, castagnoli(), b[frameHeader:])
	if sum != binary.LittleEndian.Uint32(b[16:]) {
		return frame{}, false
	}
	fr := frame{kind: b[1], seq: binary.LittleEndian.Uint64(b[8:]), payload: b[frameHeader:]}
	return fr, fr.seq <= maxSeq
}

// place says where a segment's numbers begin.
type place struct{ id, first uint64 }

// state is what a state frame says. A complete one stands first in every
// segment and replaces all that was known; the others add to it.
type state struct {
	complete bool
	closed   bool   // the process ended in order: nothing follows
	synced   uint64 // every number below had been synced
	dropped  uint64 // records dropped for want of room, ever
	episodes uint64
	damaged  uint64 // records lost to damage, ever
	cleared  uint64 // records cleared, ever
	gone     []span // numbers done with; the first span is the floor
	table    []place
}

func (s state) append(b []byte) []byte {
	var flags byte
	if s.complete {
		flags |= flagComplete
	}
	if s.closed {
		flags |= flagClosed
	}
	b = append(b, flags)
	for _, n := range []uint64{s.synced, s.dropped, s.episodes, s.damaged, uint64(len(s.gone))} {
		b = binary.AppendUvarint(b, n)
	}
	var end uint64
	for _, g := range s.gone {
		b = binary.AppendUvarint(b, g.from-end)
		b = binary.AppendUvarint(b, g.to-g.from)
		end = g.to
	}
	b = binary.AppendUvarint(b, uint64(len(s.table)))
	for _, p := range s.table {
		b = binary.AppendUvarint(b, p.id)
		b = binary.AppendUvarint(b, p.first)
	}
	return binary.AppendUvarint(b, s.cleared)
}

// cursor reads varints and remembers that they ran out.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// count reads a number of things that take at least two bytes each.
func (c *cursor) count() int {
	n := c.uvarint()
	if n > uint64(len(c.b)/2) {
		c.bad, c.b = true, nil
		return 0
	}
	return int(n)
}

// parseState returns false when the payload is not a state, whatever its CRC
// says.
func parseState(b []byte) (state, bool) {
	if len(b) == 0 {
		return state{}, false
	}
	c := &cursor{b: b[1:]}
	s := state{complete: b[0]&flagComplete != 0, closed: b[0]&flagClosed != 0}
	s.synced, s.dropped, s.episodes, s.damaged = c.uvarint(), c.uvarint(), c.uvarint(), c.uvarint()
	var end uint64
	for range c.count() {
		from := end + c.uvarint()
		to := from + c.uvarint()
		if from < end || to <= from || to > maxSeq {
			return state{}, false
		}
		s.gone = append(s.gone, span{from, to})
		end = to
	}
	for range c.count() {
		s.table = append(s.table, place{c.uvarint(), c.uvarint()})
	}
	if len(c.b) > 0 { // a state of before there was clearing ends here
		s.cleared = c.uvarint()
	}
	return s, !c.bad && s.synced <= maxSeq
}
