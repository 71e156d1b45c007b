package capture

import (
	"bufio"
	"bytes"
	"errors"
)

// sniffGPSD knows a test log of gpsd by the lines it begins with.
//
//	# Name: u-blox NEO-M8U
//	# Date: 2021-06-16
//	raw bytes
func sniffGPSD(h head) verdict {
	rest, titled := h.bytes, false
	for len(rest) > 0 {
		if rest[0] != '#' {
			if titled {
				return yes
			}
			return no
		}
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if len(line) > 1 && line[1] != ' ' && line[1] != '\t' && line[1] != '#' && line[1] != '\r' || !isText(line) {
			return no
		}
		if !whole {
			break
		}
		titled = titled || bytes.Contains(line, []byte(": "))
		rest = after
	}
	if h.last() {
		return no
	}
	return maybe
}

// gpsdLog is raw bytes behind the lines that begin with #.
type gpsdLog struct {
	rawSource
	in   *bufio.Reader
	over bool // the lines are passed
}

func newGPSD(in *bufio.Reader) Source { return &gpsdLog{rawSource: rawSource{r: in}, in: in} }

// Next returns the next packet, or io.EOF.
func (g *gpsdLog) Next() (Packet, error) {
	for !g.over {
		b, _ := g.in.Peek(1) // an error comes again when it is read
		if g.over = len(b) == 0 || b[0] != '#'; !g.over {
			g.read += discardLine(g.in)
		}
	}
	return g.rawSource.Next()
}

// discardLine reads to the end of a line, however long, and returns its bytes.
func discardLine(in *bufio.Reader) (n int64) {
	for {
		b, err := in.ReadSlice('\n')
		n += int64(len(b))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return n
		}
	}
}
