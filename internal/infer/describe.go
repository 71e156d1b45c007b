package infer

import (
	"fmt"
	"slices"

	"serialgw/internal/frame"
)

// describe draws up the description.
func (g *guess) describe(out *Result) frame.Description {
	d := frame.Description{Sync: out.Sync.Pattern, End: out.Size.End, Size: out.Size.Fixed, Length: out.Size.Length}
	for _, c := range []*frame.Check{out.Check.Head, out.Check.Check} {
		if c != nil {
			d.Check = append(d.Check, *c)
		}
	}
	d.ID = out.ID.Ref
	if out.Seq.Ref != nil {
		d.Seq = out.Seq.Ref
	}
	for _, f := range g.frames {
		d.Max = max(d.Max, len(f))
	}
	if d.Size > 0 {
		d.Max = 0
	}
	d.Idle = g.idle()
	if g.id == nil {
		d.Fields = []frame.Field{{Name: "byte0", Type: "B", At: &g.sync, Range: []float64{0, 255}}}
		return d
	}
	at := g.id.at
	for _, id := range g.ids {
		m := frame.Message{Name: fmt.Sprintf("message_%02X", id), ID: []int{id}, Fields: []frame.Field{{Name: fmt.Sprintf("byte_%02X", id), Type: "B", At: &at, Range: []float64{0, 255}}}}
		if out.Size.ByID != nil {
			m.Size = out.Size.ByID[id]
		}
		d.Messages = append(d.Messages, m)
	}
	return d
}

// idle returns the bytes between frames, if there are some.
func (g *guess) idle() string {
	r, gaps := g.rule, 0
	for i := 1; i < len(r.frames); i++ {
		gap := r.frames[i].at - r.frames[i-1].at - r.frames[i-1].total
		gaps += b2i(gap > 0 && gap <= 64)
	}
	if 100*gaps < 3*len(r.frames) {
		return ""
	}
	return "FF 00"
}

var _ = slices.Max[[]int]
