package capture

import (
	"encoding/binary"
	"io"
	"time"
)

// Link says what the bytes of a packet are, by the numbers of tcpdump.org.
type Link uint16

// Recordings are of LinkUser0, which is private to its users: the bytes, and
// nothing else. LinkRTAC has a header in front, so that Wireshark's dissectors
// of serial protocols, Modbus among them, can follow.
const (
	LinkUser0 Link = 147
	LinkRTAC  Link = 250
)

const rtacHead = 12

// Events of LINKTYPE_RTAC_SERIAL.
const (
	rtacSent     = 1
	rtacReceived = 2
)

// NewLinkWriter is NewWriter for packets of another link. What is not LinkUser0
// is no recording: Reader passes over it.
func NewLinkWriter(w io.Writer, link Link, notes ...string) (*Writer, error) {
	rec := &Writer{w: w, link: link, ports: map[string]uint32{}}
	return rec, rec.section(notes)
}

func (l Link) headSize() int {
	if l == LinkRTAC {
		return rtacHead
	}
	return 0
}

// linkHead appends what the link has in front of the bytes: seconds and
// microseconds, high byte first, event, control lines, two reserved.
func (w *Writer) linkHead(p Packet) {
	if w.link != LinkRTAC {
		return
	}
	event := byte(rtacReceived)
	if p.Direction == Outbound {
		event = rtacSent
	}
	at := max(p.Time, 0)
	w.block = binary.BigEndian.AppendUint32(w.block, uint32(at/int64(time.Second)))
	w.block = binary.BigEndian.AppendUint32(w.block, uint32(at%int64(time.Second)/int64(time.Microsecond)))
	w.block = append(w.block, event, 0, 0, 0)
}
