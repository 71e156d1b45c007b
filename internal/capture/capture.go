// Package capture keeps recordings of serial ports: it writes them, reads them
// back, and plays them at their own pace.
//
// On disk a recording is pcapng, which Wireshark opens too. One block a chunk,
// each written by one write and never changed, so that a power cut costs at
// most the last:
//
//	┌ section ┐┌ interface ──────────┐┌ packet ───────────────────┐┌ packet ──
//	│ magic   ││ if_name ttyUSB0     ││ interface, time ns, bytes ││ ...
//	│ 1.0     ││ if_description 8N1  ││ epb_flags in/out, comment ││
//	└─────────┘└─────────────────────┘└───────────────────────────┘└──────────
//	every block: type u32 │ length u32 │ body, padded to 4 │ length u32
//
// What other programs wrote can be read as well: raw bytes, logs and dumps.
// Each has a file of its own here, and format.go has the table of them.
package capture

import (
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Direction says who sent a packet's bytes.
type Direction uint8

// The values are those of pcapng's epb_flags.
const (
	Unknown  Direction = 0
	Inbound  Direction = 1 // from the board
	Outbound Direction = 2 // to the board
)

// Packet is one chunk of bytes, or, without bytes, a marker with a comment.
type Packet struct {
	Port      string // as the port was called when recorded, "interface 0" without a name; empty in raw and hex files
	Direction Direction
	Time      int64  // Unix time of the last byte, nanoseconds; 0 when unknown; TimingOf says what it is worth
	Bytes     []byte // valid until the next packet is read
	Comment   string

	Span time.Duration // how long the bytes took to come in; 0 = at once. Only Paced knows it
}

// Port is one recorded port.
type Port struct {
	Name        string // "/dev/ttyUSB0"
	Description string // "115200 8N1"
	Hardware    string // "usb:1a86:7523 ch341-uart"; empty when unknown
}

// Is reports whether p is the port that a configuration calls name: a path, a
// link to it, or a USB identity.
func (p Port) Is(name string) bool {
	return p.Name == name || slices.Contains(strings.Fields(p.Hardware), name)
}

// Baud returns the recorded bits/s; 0 when they are not known.
func (p Port) Baud() int {
	first, _, _ := strings.Cut(p.Description, " ")
	baud, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return baud
}

// Source yields packets in the order they were recorded. Next returns io.EOF
// after the last, and goes on doing so.
type Source interface {
	Next() (Packet, error)
}

// Packets iterates over what src yields up to its end. An error that ends it
// early comes as the last pair.
func Packets(src Source) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for {
			p, err := src.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// pcapng's numbers, as its specification (draft-ietf-opsawg-pcapng) has them.
const (
	blockSection   = 0x0A0D0D0A // the same in both byte orders
	blockInterface = 1
	blockPacket    = 6
	byteOrderMagic = 0x1A2B3C4D

	optEnd, optComment                 = 0, 1
	optIfName, optIfDescription        = 2, 3
	optIfTimeResolution, optIfTimeZero = 9, 14
	optIfHardware                      = 15
	optUserApplication                 = 4
	optPacketFlags                     = 2

	blockFrame   = 12       // type and the two lengths
	sectionFixed = 16       // body of a section header before its options
	ifFixed      = 8        // of an interface
	packetFixed  = 20       // of a packet
	maxBlock     = 16 << 20 // a longer one is damage, not data

	maxInterfaces = 4096 // of a section, and ports of a recording; more are damage
)

// MaxPacket is how many bytes one packet may hold.
const MaxPacket = 1 << 20
