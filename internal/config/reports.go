package config

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
	"serialgw/internal/report"
)

// Published is one identifier that a board publishes, as the thing model has to
// have it.
type Published struct {
	frame.PropertyInfo        // Name is the identifier
	Of                 string // the property that it comes from, as the frame names it
	Message            string // the first that gives it
	Aggregate          report.Aggregate
}

// properties lists what the messages of a frame can give, as the report rules
// see it, and what the frame says of each.
func (b Board) properties(plan *frame.Plan) (props []report.Property, infos []frame.PropertyInfo) {
	for _, m := range plan.Messages() {
		for _, p := range m.Properties() {
			props = append(props, report.Property{Message: m.Name, Name: p.Name, Identifier: b.Identifier(p.Name),
				Kind: p.Kind, Digits: p.Digits, Enum: p.Labels != nil})
			infos = append(infos, p)
		}
	}
	return props, infos
}

// link lists what the board says of its link.
func (b Board) link(plan *frame.Plan) []report.Property {
	if b.Health == 0 {
		return nil
	}
	return report.LinkProperties(plan.Numbered())
}

func isLink(name string) bool {
	return slices.ContainsFunc(report.LinkProperties(true), func(p report.Property) bool { return p.Name == name })
}

// names lists what the messages of a frame can give, each name once.
func names(plan *frame.Plan) (names []string) {
	for _, m := range plan.Messages() {
		for _, p := range m.Properties() {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// Publishes returns what the board publishes of a frame after its report rules,
// under the identifiers of the cloud, and what it says of its link.
func (b Board) Publishes(plan *frame.Plan) (out []Published) {
	props, infos := b.properties(plan)
	for _, p := range report.Publish(b.Rules, props) {
		info := infos[p.Of]
		info.Name, info.Kind, info.Digits = p.Identifier, p.Kind, p.Digits
		out = append(out, Published{PropertyInfo: info, Of: props[p.Of].Name, Message: props[p.Of].Message, Aggregate: p.Aggregate})
	}
	for _, p := range b.link(plan) {
		info := frame.PropertyInfo{Name: b.Identifier(p.Name), Kind: p.Kind, Digits: p.Digits, Range: linkRange(p.Kind)}
		out = append(out, Published{PropertyInfo: info, Of: p.Name, Message: p.Message})
	}
	return out
}

// linkRange bounds what a board says of its link: a share, or a count.
func linkRange(kind reading.Kind) []float64 {
	switch kind {
	case reading.Decimal:
		return []float64{0, 1}
	case reading.Int:
		return []float64{0, math.MaxInt64}
	}
	return nil
}

// checkRules checks a board's report rules against its frame.
func (d *doc) checkRules(path string, b Board, plan *frame.Plan) {
	names := names(plan)
	for i := range b.Rules {
		d.checkRuleNames(indexPath(path+".rule", i), b, &b.Rules[i], plan, names)
	}
	if d.brokenBelow(path + ".rule") {
		return
	}
	props, _ := b.properties(plan)
	for _, m := range report.Check(b.Rules, props) {
		at := indexPath(path+".rule", m.Rule)
		if m.Key != "" {
			at += "." + m.Key
		}
		d.fail(at, m.Found, m.Want, m.Cure)
	}
}

// checkRuleNames refuses a message and properties that the frame does not have.
func (d *doc) checkRuleNames(path string, b Board, r *report.Rule, plan *frame.Plan, names []string) {
	if r.Message != "" {
		m := plan.Message(r.Message)
		if m == nil {
			d.fail(path+".message", shown(r.Message), "a message of the frame", nearestMessage(b, r.Message, plan))
			return
		}
		names = nil
		for _, p := range m.Properties() {
			names = append(names, p.Name)
		}
	}
	for i, name := range r.Property {
		if !slices.Contains(names, name) {
			d.fail(indexPath(path+".property", i), shown(name), "a property of the frame", nearestProperty(b, name, names))
		}
	}
}

func nearestMessage(b Board, name string, plan *frame.Plan) string {
	var names []string
	for _, m := range plan.Messages() {
		names = append(names, m.Name)
	}
	if near := Nearest(name, names); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	return "frame " + strconv.Quote(b.Frame) + " has " + strings.Join(names, ", ")
}
