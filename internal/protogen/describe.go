package protogen

import (
	"encoding/hex"
	"fmt"
	"strings"

	"serialgw/internal/frame"
)

// SyncText returns the truth's sync as a pattern: "AA 55 01|02".
func (p *Protocol) SyncText() string {
	words := make([]string, len(p.Sync))
	for i, values := range p.Sync {
		var each []string
		for _, v := range values {
			each = append(each, fmt.Sprintf("%02X", v))
		}
		words[i] = strings.Join(each, "|")
	}
	return strings.Join(words, " ")
}

// Description returns the truth in the frame language.
func (p *Protocol) Description() frame.Description {
	d := frame.Description{
		Sync: p.SyncText(), Length: p.Length, End: hex.EncodeToString(p.End), ID: p.ID, Seq: p.Seq,
		Idle: hex.EncodeToString(p.Idle), Data: p.head, Strict: p.ID != nil,
	}
	if p.Check != nil {
		d.Check = []frame.Check{*p.Check}
	}
	if p.Size == Fixed {
		d.Size = p.Total
	}
	if p.ID == nil {
		d.Fields = p.fields(&p.Messages[0])
		return d
	}
	for i := range p.Messages {
		m := &p.Messages[i]
		out := frame.Message{Name: m.Name, ID: []int{m.ID}, Fields: p.fields(m)}
		if p.Size == ByID {
			out.Size = p.size(m, 0)
		}
		d.Messages = append(d.Messages, out)
	}
	return d
}

func (p *Protocol) fields(m *Message) []frame.Field {
	var out []frame.Field
	for i := range m.signals {
		out = append(out, m.signals[i].field(p.Check == nil))
	}
	if m.rest != nil {
		f := m.rest.field(p.Check == nil)
		f.Name, f.Flags = m.rest.name, nil
		f.Repeat, f.Max = "rest", m.most
		if p.Check == nil && f.Range == nil && f.Map == nil {
			f.Range = []float64{m.rest.low * m.rest.scale, m.rest.top * m.rest.scale}
		}
		out = append(out, f)
	}
	return out
}
