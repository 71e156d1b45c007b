package protogen

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// verifier asks the product whether a frame passes a claimed check: compiled
// for a frame of just that size, so that nothing else of the frame matters.
type verifier struct {
	claimed frame.Check
	plans   map[int]*frame.Plan // by size; nil: the check has no place in it
}

func (v *verifier) holds(f []byte) bool {
	plan, ok := v.plans[len(f)]
	if !ok {
		d := frame.Description{
			Sync: "??", Size: len(f), Check: []frame.Check{v.claimed},
			Fields: []frame.Field{{Name: "_", Type: "B"}},
		}
		plan, _ = frame.Compile("claim", d)
		v.plans[len(f)] = plan
	}
	if plan == nil {
		return false
	}
	s := frame.NewScanner(plan, 0)
	s.Feed(reading.Chunk{Bytes: f})
	return s.Scan() && len(s.Frame().Bytes) == len(f)
}

func (p *Protocol) judgeCheck(claimed *frame.Check) (why string, same bool) {
	if claimed == nil {
		if p.Check != nil {
			return "there is one: " + p.Check.Kind, false
		}
		return "", true
	}
	v := &verifier{*claimed, map[int]*frame.Plan{}}
	r := random(p.Seed, 13)
	frames, messages := p.fresh(r, trials)
	for i, f := range frames {
		if !v.holds(f) {
			return fmt.Sprintf("fails in an intact frame: %X", f), false
		}
		p.scramble(r, f, messages[i])
		if p.seal != nil {
			p.seal.put(f)
		}
		if !v.holds(f) {
			return fmt.Sprintf("fails in a frame with other values: %X", f), false
		}
		if p.seal == nil {
			continue
		}
		if at := p.damageOne(r, f); v.holds(f) {
			return fmt.Sprintf("holds although byte %d was changed: %X", at, f), false
		}
	}
	return "", p.sameCheck(*claimed)
}

// damageOne changes one byte that the check covers, or one of its own, but none
// that sync fixes, and returns its place.
func (p *Protocol) damageOne(r *rand.Rand, f []byte) int {
	own := p.seal.place(len(f))
	var places []int
	for i := range f {
		covered := i >= p.seal.from && i < len(f)-p.seal.back || i >= own && i < own+p.seal.size
		if covered && !p.fixes(i) {
			places = append(places, i)
		}
	}
	at := places[r.IntN(len(places))]
	f[at] ^= byte(1 + r.IntN(255))
	return at
}

// sameCheck reports whether the claim says the truth in the same terms, with
// the defaults written out.
func (p *Protocol) sameCheck(c frame.Check) bool {
	if p.Check == nil {
		return false
	}
	t := *p.Check
	c.Kind = strings.ToLower(c.Kind)
	if c.At == nil {
		at := -(len(p.End) + p.seal.size)
		c.At = &at
	}
	if len(c.Over) == 0 {
		c.Over = []string{fmt.Sprintf("0:%d", *c.At)}
	}
	if len(c.Over) == 1 {
		c.Over = []string{plainSlice(c.Over[0])}
	}
	if p.seal.size == 1 {
		c.Endian = ""
	}
	return reflect.DeepEqual(c, t)
}

// plainSlice writes ":-2" as "0:-2".
func plainSlice(text string) string {
	if text = strings.ReplaceAll(text, " ", ""); strings.HasPrefix(text, ":") {
		text = "0" + text
	}
	return text
}
