package gateway

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// bitsPerByte is a byte on the wire: start bit, eight data bits, stop bit.
const bitsPerByte = 10

// Rates compares what the boards give with what the uplink carries, in values
// per second. A board that reports everything is taken at the full speed of its
// line. Uplink is +Inf without a pace.
type Rates struct {
	Boards float64
	Uplink float64
	AtMost bool // Boards is a bound, not a rate known from the configuration
}

// CapacityOf computes the two figures for a configuration.
func CapacityOf(boards []Board, up Uplink) Rates {
	var r Rates
	properties, most := 0, 1
	for _, b := range boards {
		perFrame, all := valuesOf(b)
		properties, most = properties+all, max(most, perFrame)
		if b.Period > 0 {
			r.Boards += float64(all) / b.Period.Seconds()
			continue
		}
		r.AtMost = true
		size := max(b.Plan.MinSize(), 1)
		r.Boards += float64(b.Baud) / bitsPerByte / float64(size) * float64(perFrame)
	}
	r.Uplink = up.carries(properties, most)
	return r
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

// valuesOf returns the most values of one frame and the number of different
// properties of a board.
func valuesOf(b Board) (perFrame, all int) {
	seen := make(map[string]bool)
	for _, m := range b.Plan.Messages() {
		props := m.Properties()
		perFrame = max(perFrame, len(props))
		for _, p := range props {
			seen[p.Name] = true
		}
	}
	return perFrame, len(seen)
}

// Fits reports whether the uplink carries all that the boards can give.
func (r Rates) Fits() bool { return r.Boards <= r.Uplink }

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
