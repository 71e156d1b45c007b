package infer

import (
	"bytes"
	"fmt"
	"slices"

	"serialgw/internal/frame"
)

// content is what one message carries.
type content struct {
	name   string
	id     int // -1: there is only one message
	size   int // of its own; 0: none
	data   int
	values []value
	more   int // bytes behind the values in the longest frame
}

// describe draws up the description, and what each message carries.
func (g *guess) describe(out *Result, s []byte) (frame.Description, []content) {
	d := frame.Description{Sync: out.Sync.Pattern, End: out.Size.End, Size: out.Size.Fixed, Length: out.Size.Length, ID: out.ID.Ref, Seq: out.Seq.Ref, Idle: g.idle(s)}
	for _, c := range []*frame.Check{out.Check.Head, out.Check.Check} {
		if c != nil {
			d.Check = append(d.Check, *c)
		}
	}
	if d.Size == 0 {
		for _, f := range g.frames {
			d.Max = max(d.Max, len(f))
		}
	}
	contents := g.contents()
	if g.order = orderOf(contents); g.order != anyOrder {
		contents = g.contents()
	}
	for _, c := range contents {
		fields := c.fields(len(d.Check) > 0, g.rule.open)
		if c.id < 0 {
			d.Fields, d.Data = fields, c.data
			break
		}
		data := c.data
		d.Messages = append(d.Messages, frame.Message{Name: c.name, ID: []int{c.id}, Size: c.size, Data: &data, Fields: fields})
	}
	return d, contents
}

// contents guesses what the messages carry.
func (g *guess) contents() []content {
	if g.id == nil {
		return []content{g.contentOf(g.frames, content{id: -1})}
	}
	var out []content
	for _, id := range g.ids {
		var frames [][]byte
		for _, f := range g.frames {
			if g.id.get(f, 0) == id {
				frames = append(frames, f)
			}
		}
		if len(frames) == 0 {
			continue
		}
		out = append(out, g.contentOf(frames, content{id: id, name: fmt.Sprintf("message_%02X", id), size: g.rule.table[id]}))
	}
	return out
}

func (g *guess) contentOf(frames [][]byte, c content) content {
	shortest := g.usual(frames)
	frames = slices.DeleteFunc(slices.Clone(frames), func(f []byte) bool { return len(f) < shortest })
	end := shortest - g.tail
	if g.check != nil && g.check.at < 0 {
		end = shortest + g.check.at
	}
	for _, f := range frames {
		c.more = max(c.more, len(f)-shortest)
	}
	c.data = max(g.sync, g.headEnd())
	if c.data >= end {
		c.data = max(g.sync, 0)
		end = c.data
	}
	c.values = g.valuesOf(frames, c.data, end, g.busy)
	return c
}

// usual returns the smallest size that is no damage.
func (g *guess) usual(frames [][]byte) int {
	count := map[int]int{}
	for _, f := range frames {
		count[len(f)]++
	}
	smallest := 0
	for n, c := range count {
		if (c >= max(1, len(frames)/200)) && (smallest == 0 || n < smallest) {
			smallest = n
		}
	}
	return smallest
}

// headEnd returns where the constant, length, id and sequence bytes in front
// end.
func (g *guess) headEnd() int {
	at := g.sync
	for g.busy(at) {
		at++
	}
	return at
}

// busy reports whether the byte at the offset is no value.
func (g *guess) busy(i int) bool {
	one := number{at: i, size: 1}
	in := func(n *number) bool { return n != nil && i >= n.at && i < n.at+n.size }
	return g.taken(one) || in(g.id) || in(g.seq)
}

// fields returns the content as a description has it.
func (c *content) fields(checked, open bool) []frame.Field {
	var out []frame.Field
	at := c.data
	for i := range c.values {
		v := &c.values[i]
		if v.at > at {
			out = append(out, frame.Field{Skip: v.at - at})
		}
		out = append(out, v.field(c.nameOf(v), checked))
		at = v.at + v.size
	}
	switch {
	case open:
		rest := frame.Field{Name: c.restName(), Type: "B", Repeat: "rest", Max: max(c.more, 1)}
		if !checked {
			rest.Range = []float64{0, 255}
		}
		out = append(out, rest)
	case len(out) == 0:
		out = append(out, frame.Field{Skip: 1})
	}
	return out
}

func (c *content) nameOf(v *value) string {
	if c.id < 0 {
		return fmt.Sprintf("v%d", v.at)
	}
	return fmt.Sprintf("m%02X_v%d", c.id, v.at)
}

func (c *content) restName() string {
	if c.id < 0 {
		return "rest"
	}
	return fmt.Sprintf("m%02X_rest", c.id)
}

// idle returns the bytes that stand between frames, as a description has them.
func (g *guess) idle(s []byte) string {
	r, gaps := g.rule, map[byte]int{}
	for i := 1; i < len(r.frames); i++ {
		end := r.frames[i-1].at + r.frames[i-1].total
		gap := r.frames[i].at - end
		if gap > 0 && gap <= idleMost && g.start >= 0 && len(bytes.TrimLeft(s[end:end+gap], string(s[end:end+1]))) == 0 {
			gaps[s[end]]++
		}
	}
	var out []byte
	for b, n := range gaps {
		if 100*n >= len(r.frames) {
			out = append(out, b)
		}
	}
	slices.Sort(out)
	return fmt.Sprintf("% X", out)
}
