package frame

import (
	"fmt"
	"math"
	"slices"
)

// otherID says with which one listed id all else holds, where a rule is broken
// as the bytes stand; "" where that is none or several, as where no check covers
// the id. Of an id that is listed luck may make another fit, so it is said how
// often.
func (x *explainer) otherID(a *attempt) string {
	p := x.p
	if a.fault == nil || a.fault.Rule == "sync" || a.fault.Rule == "cut" || p.id == nil || !p.Checked() || len(x.b) < p.id.end() {
		return ""
	}
	stands := p.id.get(x.b)
	right := slices.Clone(x.b)
	tried, fits := map[uint64]bool{}, uint64(0)
	found := 0
	for _, m := range p.messages {
		for _, id := range m.IDs {
			one := uint64(id)
			if one == stands || tried[one] {
				continue
			}
			tried[one] = true
			p.id.store(right[p.id.at:p.id.end()], one)
			if x.whollyFits(right) {
				fits, found = one, found+1
			}
		}
	}
	chance := float64(len(tried)) * math.Pow(2, -float64(p.CheckBits()))
	if found != 1 || chance > likelyLuck {
		return ""
	}
	text := fmt.Sprintf("with id %0*X there, all else holds", 2*p.id.size, fits)
	if a.fault.Rule != "id" {
		text += "; " + luckOfEdits(len(tried), chance)
	}
	a.reID, a.sure = true, a.sure || chance < hardlyLuck
	return text
}

// whollyFits reports whether bytes are a frame of a listed message: all of them,
// where they should be one.
func (x *explainer) whollyFits(b []byte) bool {
	y := *x
	y.b = b
	v := y.judge()
	return v.why == accepted && v.message != nil && (!x.whole || int(v.extent.total) == len(b))
}
