package frame

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	// inserted is how far into a frame, in bytes, a missing one is looked for.
	inserted = 256
	// mostPlaces is how many places are named.
	mostPlaces = 2
	// insertedBits is from how many bits of checks on the place of a missing byte
	// can be told: under fewer, some value fits at every place.
	insertedBits = 16
)

// damaged says of each failed check what it cannot tell: which byte is wrong.
func (a *attempt) damaged() []string {
	var out []string
	for _, i := range a.bad {
		c := &a.x.p.checks[i]
		if c.kind == kindConst || a.sure {
			continue
		}
		covered, n := c.coveredPlaces(a.total)
		which := "any of them"
		if n == 1 {
			which = "it"
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("the check covers %s: %s, or the check itself, may be the damaged one", covered, which))
		}
	}
	return out
}

// coveredPlaces names the bytes that the check covers of a frame, and counts
// them.
func (c *check) coveredPlaces(total int) (text string, n int) {
	var pieces []string
	for _, s := range c.over {
		from, to := s.resolve(total)
		if to <= from {
			continue
		}
		piece := place(from, to-from)
		if len(pieces) > 0 {
			piece = strings.TrimPrefix(strings.TrimPrefix(piece, "bytes "), "byte ")
			if n == 1 {
				pieces[0] = "bytes " + strings.TrimPrefix(pieces[0], "byte ")
			}
		}
		pieces, n = append(pieces, piece), n+to-from
	}
	return strings.Join(pieces, " and "), n
}

// edits looks for one wrong byte under a CRC of 16 bits and more. Every other
// check is made right by some value of each byte.
func (a *attempt) edits(c *check, b []byte) []string {
	if c.kind != kindCRC || c.size < 2 {
		return nil
	}
	changed := slices.Clone(b)
	at := resolveAt(c.at, len(b))
	var out []string
	tries := 0
	for i := range b {
		if i >= at && i < at+c.size || !c.covers(i, len(b)) {
			continue
		}
		for v := range 256 {
			if byte(v) == b[i] {
				continue
			}
			tries++
			changed[i] = byte(v)
			if c.verify(changed, len(b), a.s.extra) {
				out = append(out, fmt.Sprintf("with byte %d %02X instead of %02X the check would hold", i, v, b[i]))
			}
		}
		changed[i] = b[i]
	}
	chance := float64(tries) * math.Pow(2, -float64(c.crc.spec.width))
	if len(out) > mostHints || chance > likelyLuck {
		return nil
	}
	a.sure = a.sure || len(out) > 0
	for i := range out {
		out[i] += "; " + luckOfEdits(tries, chance)
	}
	return out
}

func luckOfEdits(tries int, chance float64) string {
	return fmt.Sprintf("of %d such changes luck would make %.2g fit", tries, chance)
}

// oneByte says where one byte more or less would make a frame of bytes that are
// none, if luck would hardly do it.
func (x *explainer) oneByte() []string {
	if !x.p.Checked() || x.p.pieces || x.p.split > 0 {
		return nil
	}
	return append(x.tooMany(), x.tooFew()...)
}

// tooMany leaves out each byte in turn. Of equal ones side by side it does not
// matter which, and the last is named.
func (x *explainer) tooMany() []string {
	b := x.b[:min(len(x.b), searched)]
	var places []string
	tries := 0
	for i := range b {
		if i+1 < len(b) && b[i+1] == b[i] {
			continue
		}
		if !x.reaches(i) {
			break
		}
		tries++
		if x.frameOf(slices.Delete(slices.Clone(x.b), i, i+1), i) > 0 {
			places = append(places, fmt.Sprintf("byte %d (%02X)", i, b[i]))
		}
	}
	if len(places) == 0 || x.luck(tries) > likelyLuck {
		return nil
	}
	if more := len(places) - mostPlaces; more > 0 {
		places = append(places[:mostPlaces], fmt.Sprintf("one of %d more", more))
	}
	return []string{fmt.Sprintf("there may be one byte too many: without %s it is a whole frame; of %d such changes luck would make %.2g fit",
		strings.Join(places, " or "), tries, x.luck(tries))}
}

// tooFew puts each value in front of each byte in turn, and behind the last.
func (x *explainer) tooFew() []string {
	if x.p.CheckBits() < insertedBits {
		return nil
	}
	var found []string
	tries := 0
	for i := 0; i <= len(x.b) && x.reaches(i); i++ {
		if i > inserted {
			return nil
		}
		changed := slices.Insert(slices.Clone(x.b), i, 0)
		for v := range 256 {
			if i > 0 && x.b[i-1] == byte(v) {
				continue // the same as one place before
			}
			tries++
			changed[i] = byte(v)
			if total := x.frameOf(changed, i); total == i+1 {
				found = append(found, fmt.Sprintf("%02X behind byte %d", v, i-1))
			} else if total > 0 {
				found = append(found, fmt.Sprintf("%02X in front of byte %d", v, i))
			}
		}
	}
	if len(found) == 0 || len(found) > mostPlaces || x.luck(tries) > likelyLuck {
		return nil
	}
	return []string{fmt.Sprintf("there may be one byte too few: with %s it is a whole frame; of %d such changes luck would make %.2g fit",
		strings.Join(found, " or "), tries, x.luck(tries))}
}

// reaches reports whether the frame that the bytes in front of the place i begin
// goes on there: where they are none already, no change at i mends them, and
// trying it would only raise what luck is said to do.
func (x *explainer) reaches(i int) bool {
	if x.p.stuff.delimited() { // the line says where it ends
		return true
	}
	y := *x
	y.b = x.b[:i]
	return y.judge().why == undecided
}

// luck returns how many of the tries the checks let pass by chance.
func (x *explainer) luck(tries int) float64 {
	return float64(tries) * math.Pow(2, -float64(x.p.CheckBits()))
}

// frameOf returns the size of the frame of a listed message that b begins with,
// if it reaches the place i, and where nothing else should be there, is no more
// than that; else 0.
func (x *explainer) frameOf(b []byte, i int) int {
	y := *x
	y.b = b
	v := y.judge()
	if v.why != accepted || v.message == nil {
		return 0
	}
	if total := int(v.extent.total); total == len(b) || !x.whole && total > i {
		return total
	}
	return 0
}
