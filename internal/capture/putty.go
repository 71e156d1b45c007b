package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// putty reads a log of "all session output": raw bytes behind a header, which
// stands again wherever a later session was appended.
//
//	=~=~=~=~=~=~=~=~=~=~=~= PuTTY log 2026.08.22 10:42:33 =~=~=~=~=~=~=~=~=~=~=~=
type putty struct {
	in   *bufio.Reader
	read int64
	used int // of in, by the packet returned last
}

const puttyHead = "=~=~=~=~=~=~=~=~=~=~=~= PuTTY log "

func sniffPuTTY(h head) verdict { return prefixed(h.bytes, puttyHead) }

func newPuTTY(in *bufio.Reader) Source { return &putty{in: in} }

func (p *putty) place() int64 { return p.read + int64(p.used) }

// Next returns the next packet, or io.EOF.
func (p *putty) Next() (Packet, error) {
	_, _ = p.in.Discard(p.used) // it was peeked at
	p.read, p.used = p.read+int64(p.used), 0
	for size := 1; ; {
		_, err := p.in.Peek(size)
		b, _ := p.in.Peek(p.in.Buffered())
		if len(b) == 0 && errors.Is(err, io.EOF) {
			return Packet{}, io.EOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return Packet{}, fmt.Errorf("cannot read the recording: %w", err)
		}
		at := bytes.Index(b, []byte(puttyHead))
		if at == 0 {
			p.read += discardLine(p.in)
			size = 1
			continue
		}
		if at < 0 {
			at = len(b)
			if err == nil {
				at -= beginsAtEnd(b, puttyHead)
			}
		}
		if at > 0 {
			p.used = at
			return Packet{Direction: Inbound, Bytes: b[:at]}, nil
		}
		size = len(b) + 1 // they may begin a header
	}
}

// beginsAtEnd returns how many bytes at the end of b begin want.
func beginsAtEnd(b []byte, want string) int {
	for n := min(len(want)-1, len(b)); n > 0; n-- {
		if string(b[len(b)-n:]) == want[:n] {
			return n
		}
	}
	return 0
}
