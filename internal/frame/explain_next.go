package frame

import (
	"fmt"
	"math"
)

// missingMost is how many missing bytes are told by where the next frame begins.
const missingMost = 8

// bytesMissing says that the next frame begins before this one should end: it is
// whole, so bytes of this one went under. It returns "" where that does not
// stand, or where luck may have made that frame.
func (x *explainer) bytesMissing(a *attempt) string {
	p, total := x.p, a.total
	if a.fault == nil || a.mended || a.fault.Rule == "sync" && a.fault.At == 0 || p.pieces || p.split > 0 {
		return ""
	}
	if total <= 0 && p.min == p.max {
		total = p.min
	}
	if chance := missingMost * math.Pow(2, -float64(p.CheckBits()+p.syncBits())); chance > hardlyLuck {
		return ""
	}
	for at := max(total-missingMost, len(p.sync), 1); at < min(total, len(x.ahead)); at++ {
		if v := p.judge(x.ahead[at:], turns{}); v.why != accepted || v.message == nil {
			continue
		}
		missing, are := "one byte", "is"
		if n := total - at; n > 1 {
			missing, are = count(n, "byte"), "are"
		}
		return fmt.Sprintf("the next frame begins at byte %d: %s of this one %s missing", at, missing, are)
	}
	return ""
}

// syncBits returns how many bits of sync are one value each.
func (p *Plan) syncBits() int {
	bits := 0
	for i := range p.sync {
		if p.sync[i].literal {
			bits += 8
		}
	}
	return bits
}
