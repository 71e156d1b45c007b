package gateway

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"serialgw/internal/report"
)

// bitsPerByte is a byte on the wire: start bit, eight data bits, stop bit.
const bitsPerByte = 10

// Rates compares what the boards give with what the uplink carries, in values
// per second. A board that reports everything is taken at the full speed of its
// line. Uplink is +Inf without a pace.
type Rates struct {
	Boards float64
	Sure   float64 // of Boards: what comes however little changes, and however slow the frames are
	Uplink float64
	AtMost bool // Boards is a bound, not a rate known from the configuration
}

// CapacityOf computes the two figures for a configuration.
func CapacityOf(boards []Board, up Uplink) Rates {
	var r Rates
	properties, most := 0, 1
	for _, b := range boards {
		r.add(b)
		properties, most = properties+len(b.publishes()), max(most, mostOf(b))
	}
	r.Uplink = up.carries(properties, most)
	return r
}

// add counts what one board gives after its report rules.
func (r *Rates) add(b Board) {
	props := b.properties()
	frame := make(map[string]int)        // message to values that go out with every frame
	paced := make(map[time.Duration]int) // interval to values that go out once in it
	every := func(interval time.Duration, changes bool) {
		paced[interval]++
		if changes {
			r.AtMost = true
		} else {
			r.Sure += 1 / interval.Seconds()
		}
	}
	for _, p := range report.Publish(b.Rules, props) {
		switch rule := ruleOf(b, p); {
		case rule.Window > 0:
			every(rule.Window, rule.Changes())
		case rule.MinInterval > 0:
			every(rule.MinInterval, rule.Changes())
		default:
			for _, q := range props {
				if q.Identifier == props[p.Of].Identifier {
					frame[q.Message]++
				}
			}
		}
	}
	if b.Health > 0 {
		links := len(report.LinkProperties(b.Plan.Numbered()))
		paced[b.Health] += links
		r.Sure += float64(links) / b.Health.Seconds()
	}
	for _, interval := range slices.Sorted(maps.Keys(paced)) {
		r.Boards += float64(paced[interval]) / interval.Seconds()
	}
	if len(frame) > 0 {
		r.AtMost = true
		size := max(b.Plan.MinSize(), 1)
		r.Boards += float64(b.Baud) / bitsPerByte / float64(size) * float64(slices.Max(slices.Collect(maps.Values(frame))))
	}
}

// ruleOf returns the rule that is for a property; the board's report is one, too.
func ruleOf(b Board, p report.Published) report.Rule {
	if p.Rule < 0 {
		return report.Rule{MinInterval: b.Period}
	}
	return b.Rules[p.Rule]
}

// carries returns values/s when more is waiting than fits. A post of history
// holds whole readings, of perReading values at most. With live values first
// only every backlogShare-th post can be one.
func (up Uplink) carries(properties, perReading int) float64 {
	if up.PostInterval == 0 {
		return math.Inf(1)
	}
	live, full := float64(properties), float64(properties)
	if up.History {
		full = float64(max(up.HistoryValues/perReading*perReading, properties))
	}
	perPost := full
	if !up.OldestFirst {
		perPost = ((backlogShare-1)*live + full) / backlogShare
	}
	return perPost / up.PostInterval.Seconds()
}

// mostOf returns the most values of one reading of a board.
func mostOf(b Board) (most int) {
	count := make(map[string]int)
	for _, p := range b.properties() {
		count[p.Message] += len(report.Publish(b.Rules, []report.Property{p}))
		most = max(most, count[p.Message])
	}
	if b.Health > 0 {
		most = max(most, len(report.LinkProperties(b.Plan.Numbered())))
	}
	return most
}

// Fits reports whether the uplink carries all that the boards can give.
func (r Rates) Fits() bool { return r.Boards <= r.Uplink }

// fewer is the cure when too much is given.
const fewer = "a longer period in report, and a min_interval or window in each rule, make it fewer"

// Warning says when the boards give more than the uplink carries, or could at
// worst; "" = they cannot.
func (r Rates) Warning() string {
	switch {
	case r.Sure > r.Uplink:
		return "the boards give more than the uplink carries: readings pile up in the queue, and when that is full the oldest are dropped; " + fewer
	case !r.Fits():
		return "the boards give more than the uplink carries only if frames come without a pause and every value in them is to be sent; " +
			"while that lasts readings wait in the queue, and none is lost until that is full; " + fewer
	}
	return ""
}

// String is the start-up line.
func (r Rates) String() string {
	most := ""
	if r.AtMost {
		most = "at most "
	}
	carries := perSecond(r.Uplink)
	if math.IsInf(r.Uplink, 1) {
		carries = "as many as the network takes"
	}
	return fmt.Sprintf("the boards give %s%s, the uplink carries %s", most, perSecond(r.Boards), carries)
}

// perSecond writes four digits, and all of them before the point.
func perSecond(values float64) string {
	if values >= 1000 {
		return fmt.Sprintf("%.0f values/s", values)
	}
	return fmt.Sprintf("%.4g values/s", values)
}

func sortBoards(boards []BoardStatus) {
	slices.SortFunc(boards, func(a, b BoardStatus) int { return cmp.Compare(a.Name, b.Name) })
}
