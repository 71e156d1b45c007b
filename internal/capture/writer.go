package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
)

// maxText bounds comments and names, bytes.
const maxText = 4096

// Writer appends packets to a recording. It may be used by several goroutines.
type Writer struct {
	mu    sync.Mutex
	w     io.Writer
	link  Link
	ports map[string]uint32
	block []byte
	err   error // the first failure; a half written block must stay the last
}

// NewWriter begins a section of a recording on w. At the end of an older,
// whole recording that is allowed: a file may hold several sections. The notes
// say what was recorded, for people.
func NewWriter(w io.Writer, notes ...string) (*Writer, error) {
	rec := &Writer{w: w, link: LinkUser0, ports: map[string]uint32{}}
	return rec, rec.section(notes)
}

func (w *Writer) section(notes []string) error {
	w.begin(blockSection)
	w.u32(byteOrderMagic)
	w.u16(1) // version 1.0
	w.u16(0)
	w.u32(0xFFFFFFFF) // section length: not known yet
	w.u32(0xFFFFFFFF)
	for _, note := range notes {
		w.option(optComment, note)
	}
	w.option(optUserApplication, "serialgw")
	w.option(optEnd, "")
	return w.end()
}

// AddPort describes a port before its first packet. A port that is known
// already keeps its description.
func (w *Writer) AddPort(p Port) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.addPort(p)
}

func (w *Writer) addPort(p Port) error {
	if _, known := w.ports[p.Name]; known {
		return nil
	}
	w.begin(blockInterface)
	w.u16(uint16(w.link))
	w.u16(0) // reserved
	w.u32(0) // no snap length
	w.option(optIfName, p.Name)
	if p.Description != "" {
		w.option(optIfDescription, p.Description)
	}
	if p.Hardware != "" {
		w.option(optIfHardware, p.Hardware)
	}
	w.option(optIfTimeResolution, "\x09") // nanoseconds
	w.option(optEnd, "")
	if err := w.end(); err != nil {
		return err
	}
	w.ports[p.Name] = uint32(len(w.ports))
	return nil
}

// Write appends one packet, by one write to the file. nil promises that the
// file took all of it. After an error every further call returns that error.
func (w *Writer) Write(p Packet) error {
	if len(p.Bytes) > MaxPacket {
		return fmt.Errorf("cannot record a packet of %d bytes: %d is the most", len(p.Bytes), MaxPacket)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.addPort(Port{Name: p.Port}); err != nil {
		return err
	}
	stamp := uint64(max(p.Time, 0))
	w.begin(blockPacket)
	w.u32(w.ports[p.Port])
	w.u32(uint32(stamp >> 32))
	w.u32(uint32(stamp))
	size := w.link.headSize() + len(p.Bytes)
	w.u32(uint32(size)) // captured
	w.u32(uint32(size)) // on the wire
	w.linkHead(p)
	w.block = append(w.block, p.Bytes...)
	w.pad()
	if p.Comment != "" {
		w.option(optComment, p.Comment)
	}
	if p.Direction != Unknown {
		w.option(optPacketFlags, string([]byte{byte(p.Direction), 0, 0, 0}))
	}
	w.option(optEnd, "")
	return w.end()
}

func (w *Writer) u16(v uint16) { w.block = binary.LittleEndian.AppendUint16(w.block, v) }
func (w *Writer) u32(v uint32) { w.block = binary.LittleEndian.AppendUint32(w.block, v) }

func (w *Writer) pad() {
	for len(w.block)%4 != 0 {
		w.block = append(w.block, 0)
	}
}

// option appends one option; a text that is too long is cut.
func (w *Writer) option(code uint16, value string) {
	if len(value) > maxText {
		value = strings.ToValidUTF8(value[:maxText], "")
	}
	w.u16(code)
	w.u16(uint16(len(value)))
	w.block = append(w.block, value...)
	w.pad()
}

func (w *Writer) begin(kind uint32) {
	w.block = w.block[:0]
	w.u32(kind)
	w.u32(0) // the length, known at the end
}

func (w *Writer) end() error {
	if w.err != nil {
		return w.err
	}
	length := uint32(len(w.block) + 4)
	w.u32(length)
	binary.LittleEndian.PutUint32(w.block[4:], length)
	if _, err := w.w.Write(w.block); err != nil {
		w.err = fmt.Errorf("cannot write the recording: %w", err)
	}
	return w.err
}
