package capture

import (
	"errors"
	"io"
	"time"
)

// bitsPerByte is a byte on the wire: start bit, eight data bits, stop bit.
const bitsPerByte = 10

// Paced gives packets without a time the one that a line of baud bits/s would
// bring them at, one behind the other and counted from 0. With a step they come
// in pieces that take no longer; 0 leaves them whole. Packets that have a time
// keep it.
func Paced(src Source, baud int, step time.Duration) Source {
	byteTime := bitsPerByte * time.Second / time.Duration(baud)
	p := &paced{src: src, byteTime: byteTime}
	if step > 0 {
		p.most = max(int(step/byteTime), 1)
	}
	return p
}

type paced struct {
	src      Source
	byteTime time.Duration
	most     int // bytes in a piece; 0 = no bound
	now      time.Duration
	rest     Packet // what is left of the packet read last
}

// Next returns the next piece.
func (p *paced) Next() (Packet, error) {
	if len(p.rest.Bytes) == 0 {
		next, err := p.src.Next()
		if err != nil || next.Time != 0 || len(next.Bytes) == 0 {
			return next, err
		}
		p.rest = next
	}
	piece := p.rest
	if p.most > 0 && len(piece.Bytes) > p.most {
		piece.Bytes = piece.Bytes[:p.most]
	}
	p.rest.Bytes = p.rest.Bytes[len(piece.Bytes):]
	piece.Span = time.Duration(len(piece.Bytes)) * p.byteTime
	p.now += piece.Span
	piece.Time = int64(p.now)
	return piece, nil
}

// Close closes the source.
func (p *paced) Close() error { return closeSource(p.src) }

func closeSource(src Source) error {
	if c, ok := src.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Extent reads a recording from the board to its end and returns the times of
// the first and the last packet that take accepts; 0 and 0 when there is none.
// One that is cut or damaged ends at its last whole packet; damage before any
// is an error.
func Extent(src Source, take func(Packet) bool) (first, last int64, err error) {
	whole := 0
	for p, err := range Packets(src) {
		if err != nil && whole == 0 && !errors.Is(err, ErrCut) {
			return 0, 0, err
		}
		if err != nil {
			break
		}
		whole++
		if len(p.Bytes) == 0 || !take(p) {
			continue
		}
		if first == 0 {
			first = p.Time
		}
		last = max(last, p.Time)
	}
	return first, last, nil
}
