package reading

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The durable form of a reading: what the queue stores. All numbers are
// little-endian or unsigned varints; strings are a varint length and bytes.
//
//	off  size  field
//	0    1     version, 1
//	1    1     flags: bit 0 = the wall clock was synchronised; others written 0, ignored
//	2    8     wall time, Unix ns
//	10   8     boot time, ns
//	18   16    boot id
//	34   ..    board, message (strings)
//	..   ..    number of properties (varint), then for each:
//	           kind (1), name (string), value:
//	             Int, Decimal: zig-zag varint (Decimal: digits byte first)
//	             Uint: varint   Float32: 4 bytes   Float64: 8 bytes
//	             Bool: 1 byte   Text: string
//
// The CRC that guards it belongs to the queue.
const (
	codecVersion = 1
	codecHeader  = 34
	flagSynced   = 1

	// maxProps bounds what a damaged count can make the decoder allocate.
	maxProps = 4096
)

// ErrVersion says that the record was written by a newer program.
var ErrVersion = errors.New("record of an unknown version")

var errShort = errors.New("record ends early")

// AppendRecord appends the durable form of r to b.
func AppendRecord(b []byte, r Reading) []byte {
	var flags byte
	if r.Stamp.Synced {
		flags |= flagSynced
	}
	b = append(b, codecVersion, flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Stamp.Wall))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Stamp.Boot))
	b = append(b, r.Stamp.BootID[:]...)
	b = appendString(b, r.Board)
	b = appendString(b, r.Message)
	b = binary.AppendUvarint(b, uint64(len(r.Props)))
	for _, p := range r.Props {
		b = append(b, byte(p.Value.Kind))
		b = appendString(b, p.Name)
		b = p.Value.appendRecord(b)
	}
	return b
}

func (v Value) appendRecord(b []byte) []byte {
	switch v.Kind {
	case Int:
		return binary.AppendVarint(b, int64(v.bits))
	case Decimal:
		return binary.AppendVarint(append(b, v.Digits), int64(v.bits))
	case Uint:
		return binary.AppendUvarint(b, v.bits)
	case Float32:
		return binary.LittleEndian.AppendUint32(b, uint32(v.bits))
	case Float64:
		return binary.LittleEndian.AppendUint64(b, v.bits)
	case Bool:
		return append(b, byte(v.bits))
	case Text:
		return appendString(b, v.text)
	}
	return b
}

// ParseRecord reads what AppendRecord wrote. A record that is cut, too long or
// of an unknown version is an error; the reading then holds nothing.
func ParseRecord(b []byte) (Reading, error) {
	var p Parser
	return p.Parse(b, nil)
}

// Parser is ParseRecord for many records: it keeps the names, which are the
// same in nearly all of them. The zero value is ready; one goroutine uses it.
type Parser struct {
	names map[string]string
	seen  []string // the names of the record before, in order
	next  int      // which of them is expected next
}

// maxNames bounds the names that are kept: a damaged store may hold any.
const maxNames = 4096

// Parse is ParseRecord with memory for the properties; what props holds is
// lost.
func (p *Parser) Parse(b []byte, props []Property) (Reading, error) {
	if len(b) == 0 {
		return Reading{}, errShort
	}
	if b[0] != codecVersion {
		return Reading{}, fmt.Errorf("%w: %d", ErrVersion, b[0])
	}
	if len(b) < codecHeader {
		return Reading{}, errShort
	}
	var r Reading
	r.Stamp.Synced = b[1]&flagSynced != 0
	r.Stamp.Wall = int64(binary.LittleEndian.Uint64(b[2:]))
	r.Stamp.Boot = int64(binary.LittleEndian.Uint64(b[10:]))
	copy(r.Stamp.BootID[:], b[18:codecHeader])

	c := cursor{rest: b[codecHeader:]}
	p.next = 0
	r.Board = p.name(c.text())
	r.Message = p.name(c.text())
	n := c.uvarint()
	if n > maxProps {
		return Reading{}, fmt.Errorf("record claims %d properties, at most %d are possible", n, maxProps)
	}
	room := int(min(n, uint64(len(c.rest))))
	if r.Props = props[:0]; cap(props) < room || props == nil {
		r.Props = make([]Property, 0, room)
	}
	for range n {
		kind := Kind(c.byte())
		name := p.name(c.text())
		r.Props = append(r.Props, Property{Name: name, Value: c.value(kind)})
		if c.err != nil {
			return Reading{}, c.err
		}
	}
	if c.err == nil && len(c.rest) > 0 {
		c.err = fmt.Errorf("record has %d bytes too many", len(c.rest))
	}
	if c.err != nil {
		return Reading{}, c.err
	}
	return r, nil
}

// name returns the text as a string, the one that was made of it before if
// there is one.
func (p *Parser) name(b []byte) string {
	i := p.next
	p.next++
	if i < len(p.seen) && string(b) == p.seen[i] { // compares, makes no string
		return p.seen[i]
	}
	name, ok := p.names[string(b)]
	if !ok {
		name = string(b)
		if p.names == nil || len(p.names) == maxNames {
			p.names = make(map[string]string)
		}
		p.names[name] = name
	}
	if i < len(p.seen) {
		p.seen[i] = name
	} else if i == len(p.seen) && i < maxNames {
		p.seen = append(p.seen, name)
	}
	return name
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cursor reads fields one after the other; the first error sticks and later
// reads return zeros.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) take(n uint64) []byte {
	if c.err != nil || n > uint64(len(c.rest)) {
		if c.err == nil {
			c.err = errShort
		}
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		n = len(c.rest) + 1 // cut, or more than 64 bits
	}
	if c.take(uint64(n)) == nil {
		return 0
	}
	return v
}

func (c *cursor) varint() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1) // zig-zag
}

func (c *cursor) text() []byte { return c.take(c.uvarint()) }

func (c *cursor) value(kind Kind) Value {
	switch kind {
	case None:
		return Value{}
	case Int:
		return IntValue(c.varint())
	case Decimal:
		digits := c.byte()
		if digits > 18 && c.err == nil {
			c.err = fmt.Errorf("decimal with %d digits, at most 18 are possible", digits)
		}
		return DecimalValue(c.varint(), digits)
	case Uint:
		return UintValue(c.uvarint())
	case Float32:
		if b := c.take(4); b != nil {
			return Value{Kind: Float32, bits: uint64(binary.LittleEndian.Uint32(b))}
		}
	case Float64:
		if b := c.take(8); b != nil {
			return Value{Kind: Float64, bits: binary.LittleEndian.Uint64(b)}
		}
	case Bool:
		return BoolValue(c.byte() != 0)
	case Text:
		return TextValue(string(c.text()))
	default:
		if c.err == nil {
			c.err = fmt.Errorf("value of unknown kind %d", kind)
		}
	}
	return Value{}
}
