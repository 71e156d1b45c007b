package frame

import (
	"fmt"
	"slices"
)

// Work returns how many bytes the scanner's judgements may have read, plus
// those it moved.
func (s *Scanner) Work() uint64 {
	s.settle()
	return s.work
}

// Quick reports whether the plan's frames are judged in one step.
func (p *Plan) Quick() bool { return p.quick.on }

// Steady reports whether frames in a row have the shortest way.
func (p *Plan) Steady() bool { return p.steady.size > 0 }

// Unsteady returns the plan without it.
func (p *Plan) Unsteady() *Plan {
	out := *p
	out.steady = steady{}
	return &out
}

// JudgeQuickly and JudgeSlowly say what each way makes of the bytes held; ok is
// false where the quick way leaves it to the slow one.
func (p *Plan) JudgeQuickly(held []byte) (text string, ok bool) {
	if len(held) < p.min {
		return "", false
	}
	v, ok := p.judgeQuick(held)
	return v.String(), ok
}

func (p *Plan) JudgeSlowly(held []byte) string { return p.judgeSlowly(held, turns{}).String() }

// Whole makes b a frame of m: all that is not data.
func (p *Plan) Whole(m *MessagePlan, b []byte) error {
	for i, s := range p.sync {
		b[i] = s.first
	}
	return p.encodeFixed(m, b, m.firstID())
}

func (v verdict) String() string {
	name := ""
	if v.message != nil {
		name = v.message.Name
	}
	if v.why == accepted {
		return fmt.Sprintf("%s, %d bytes", name, v.extent.total)
	}
	return fmt.Sprintf("reason %d, %d bytes dropped", v.why, v.drop)
}

// Derived reports whether the message's value of that name is made from others:
// encoding it alone does not bring it back.
func (m *MessagePlan) Derived(name string) bool {
	i := slices.IndexFunc(m.slots, func(s slot) bool { return s.name == name })
	return i >= 0 && m.slots[i].more != nil && m.slots[i].more.calc != nil
}

// Lines reports whether frames are lines of text.
func (p *Plan) Lines() bool { return p.split > 0 }

// Paired reports whether the plan's only message is read by pairs.
func (p *Plan) Paired() bool { return p.messages[0].pairs != nil }

// Unpaired returns the plan, of one message, without that.
func (p *Plan) Unpaired() *Plan {
	out, m := *p, *p.messages[0]
	m.pairs = nil
	out.messages = []*MessagePlan{&m}
	return &out
}
