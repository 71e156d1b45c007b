package gateway

import (
	"serialgw/internal/frame"
	"serialgw/internal/reading"
	"serialgw/internal/report"
)

// identifier is what the cloud calls a property of the board.
func (b Board) identifier(property string) string {
	if to, ok := b.Rename[property]; ok {
		property = to
	}
	return b.Prefix + property
}

// properties lists what the board's messages can give, as the report rules see
// it.
func (b Board) properties() (out []report.Property) {
	for _, m := range b.Plan.Messages() {
		for _, p := range m.Properties() {
			out = append(out, report.Property{Message: m.Name, Name: p.Name, Identifier: b.identifier(p.Name),
				Kind: p.Kind, Digits: p.Digits, Enum: p.Labels != nil})
		}
	}
	return out
}

// publishes lists the identifiers that the board publishes, those of the link
// last.
func (b Board) publishes() (out []string) {
	for _, p := range report.Publish(b.Rules, b.properties()) {
		out = append(out, p.Identifier)
	}
	if b.Health > 0 {
		for _, p := range report.LinkProperties(b.Plan.Numbered()) {
			out = append(out, b.identifier(p.Name))
		}
	}
	return out
}

// newLink returns what tells the link's health; nil where nobody wants to know.
func newLink(b Board) *report.Link {
	if b.Health == 0 {
		return nil
	}
	return report.NewLink(b.Name, b.Health, b.Plan.Numbered(), b.identifier)
}

func linkCounts(m frame.Metrics) report.LinkCounts {
	return report.LinkCounts{
		Frames: m.Frames, FrameBytes: m.FrameBytes, Noise: m.Noise,
		CheckFailed: m.CheckFailed, Lost: m.SeqLost, Repeated: m.SeqRepeated,
	}
}

// tellLink stores how the link was in the interval that has ended, if one has.
func (in *ingest) tellLink(now reading.Stamp) {
	if in.link == nil {
		return
	}
	r := in.link.Take(now, linkCounts(in.scanner.Metrics()))
	if r == nil {
		return
	}
	in.mu.Lock()
	in.status.latest(r)
	in.mu.Unlock()
	in.store(r)
}
