package frame

import (
	"slices"
	"time"

	"serialgw/internal/reading"
)

// Plan is a compiled Description. It never changes; any number of goroutines
// may use it.
type Plan struct {
	name     string
	sync     []bytePattern
	end      []byte
	idle     [256]bool
	hasIdle  bool
	gap      time.Duration
	id, seq  *number
	checks   []check // header checks first
	headed   int     // how many of checks stand in the head
	trailer  int     // bytes of checks and end marker behind the data
	min, max int
	strict   bool
	turned   bool   // some message has a turn
	doubt    uint64 // bytes of noise behind which a frame is doubted; 0: never [WIRE-13]

	messages []*MessagePlan
	open     *shape // takes frames whose id is not listed; nil: there are none
	early    *shape // judges bytes before the id is in; nil: shapes differ by message
	quick    quick  // the short way for plain frames
	steady   steady // the shortest, for those in a row
	split    byte   // lines of text: what stands between the pieces
	label    byte   // lines of text: what ends a label in front of a number; 0: nothing
	lineTail int    // lines of text: bytes behind the pieces
	counters int    // fields with a total
	pieces   bool   // no sync, no check: the end marker alone delimits [WIRE-12]

	stuff  stuffing // how the line escapes bytes
	masked masked   // what unmask undoes
	other  bool     // the frame is not what stands on the line, or not what its fields see
	whole  bool     // delimiters cut the frames
	skips  bool     // a frame whose check fails is passed over
	varint int      // where a length of its own size stands; -1: nowhere
	head   int      // bytes of sync, id and length
}

// MessagePlan is one kind of frame of a Plan: a compiled Message.
type MessagePlan struct {
	Name string
	IDs  []int  // empty: any id
	Turn string // "request", "reply" or ""

	first string // lines of text: the first piece; ? is any character

	shape  shape
	slots  []slot
	pairs  []short // the short ways, where each is a number of two bytes; else nil
	parts  bool    // decodeParts does it
	inputs int     // registers of its expressions
	props  []PropertyInfo
}

// PropertyInfo describes one property that a message can give.
type PropertyInfo struct {
	Name   string
	Unit   string
	Kind   reading.Kind
	Digits int              // Decimal: digits after the point
	Labels map[int64]string // enum: the text of each value; else nil
	// Range is [low, high] as described, otherwise what the bytes can express;
	// nil where nothing bounds the value (floats, text, booleans).
	Range []float64
	Size  int // Text: the most bytes it can have
	// Encoding says how a Text stands in the frame: "utf-8"; "gbk", of which a
	// character has at most 3 bytes here; or "hex", two digits a byte, all of them.
	Encoding string
}

// Name returns the name of the frame in gateway.toml.
func (p *Plan) Name() string { return p.name }

// Messages returns the messages in the order in which they are tried. The
// slice belongs to the plan.
func (p *Plan) Messages() []*MessagePlan { return p.messages }

// MinSize returns the smallest frame that can be accepted, in bytes.
func (p *Plan) MinSize() int { return p.min }

// MaxSize returns the largest frame that can be accepted, in bytes.
func (p *Plan) MaxSize() int { return p.max }

// CheckBits returns how many checksum bits guard a frame.
func (p *Plan) CheckBits() int {
	bits := 0
	for i := range p.checks {
		bits += p.checks[i].bits
	}
	return bits
}

// Checked reports whether any checksum guards a frame.
func (p *Plan) Checked() bool { return p.CheckBits() > 0 }

// Numbered reports whether the frames carry a sequence number.
func (p *Plan) Numbered() bool { return p.seq != nil }

// Message returns the message of that name, or nil.
func (p *Plan) Message(name string) *MessagePlan {
	i := slices.IndexFunc(p.messages, func(m *MessagePlan) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return p.messages[i]
}

// Properties returns what the message can give, in frame order. The slice
// belongs to the plan.
func (m *MessagePlan) Properties() []PropertyInfo { return m.props }

// Sizes returns how many bytes frames of m have, without escapes.
func (m *MessagePlan) Sizes() (least, most int) { return m.shape.min, m.shape.max }

// Trailer returns how many bytes of checks and end marker stand behind the
// data.
func (p *Plan) Trailer() int { return p.trailer }

// Renamed returns the plan with other names for its properties. The frames are
// the same, the messages are the new plan's own.
func (p *Plan) Renamed(name func(string) string) *Plan {
	out := *p
	out.messages = make([]*MessagePlan, len(p.messages))
	for i, m := range p.messages {
		out.messages[i] = m.renamed(name)
	}
	out.plainFrames()
	return &out
}

func (m *MessagePlan) matches(id int64) bool {
	if len(m.IDs) == 0 {
		return true
	}
	for _, one := range m.IDs {
		if int64(one) == id {
			return true
		}
	}
	return false
}
