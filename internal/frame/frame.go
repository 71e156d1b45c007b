package frame

import "serialgw/internal/reading"

// Frame is one accepted frame.
type Frame struct {
	Bytes   []byte        // without escapes and delimiters; valid until the next Feed or Scan
	Message *MessagePlan  // nil: its id is not listed
	Stamp   reading.Stamp // arrival of the frame's last byte
	Skipped int           // noise bytes since the frame before
	End     uint64        // bytes of the stream up to here, with this frame

	raw  []byte // as it stands on the line, where that may be something else
	view []byte // what the fields see, where it is neither
}

// Raw returns the frame as it stands on the line, valid as long as Bytes.
func (f *Frame) Raw() []byte {
	if f.raw != nil {
		return f.raw
	}
	return f.Bytes
}

// fields returns the frame as its fields see it.
func (f *Frame) fields() []byte {
	if f.view != nil {
		return f.view
	}
	return f.Bytes
}

// data returns the same without the checks and the end marker.
func (f *Frame) data(p *Plan) []byte {
	b := f.fields()
	return b[:len(b)-p.trailer]
}
