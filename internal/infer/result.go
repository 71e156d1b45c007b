package infer

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// result turns the guess, which was made in s, into claims, each tried with the
// gateway's own scanner on all bytes.
func (g *guess) result(all, s []byte) Result {
	out := Result{}
	g.claimSync(&out)
	g.claimSize(&out)
	g.claimCheck(&out)
	if g.id != nil {
		out.ID = ID{Ref: &frame.Ref{At: g.id.at, Type: g.id.typeName()}, Values: g.ids, Grade: Likely, Why: g.idWhy}
	}
	if g.seq != nil {
		out.Seq = Seq{Ref: &frame.Ref{At: g.seq.at, Type: g.seq.typeName()}, Grade: Likely, Why: "it counts the frames"}
	}
	if g.id == nil && len(g.frames) >= plainSeen {
		out.ID = ID{Grade: Likely, Why: "no byte tells messages apart"}
	}
	var contents []content
	out.Description, contents = g.describe(&out, s)
	plan, errs := frame.Compile("board", out.Description)
	if len(errs) > 0 {
		return Result{Sync: Sync{Why: errs.Error()}}
	}
	m := scan(plan, all)
	out.Frames, out.Explained = int(m.Frames), m.Explained()
	g.grade(&out, contents)
	out.Draft = g.draft(&out, contents)
	return out
}

func scan(plan *frame.Plan, s []byte) frame.Metrics {
	sc := frame.NewScanner(plan, 0)
	for len(s) > 0 {
		n := min(len(s), 64<<10)
		sc.Feed(reading.Chunk{Bytes: s[:n]})
		for sc.Scan() {
		}
		s = s[n:]
	}
	sc.Flush()
	for sc.Scan() {
	}
	return sc.Metrics()
}

func (g *guess) claimSync(out *Result) {
	out.Sync.Pattern = fmt.Sprintf("% X", g.run.bytes[:g.sync])
}

func (g *guess) claimSize(out *Result) {
	r := g.rule
	switch {
	case r.fixed > 0:
		out.Size.Fixed = r.fixed
	case r.length != nil:
		ref := r.length.ref(g.start)
		out.Size.Length = &frame.Length{At: ref.At, Type: ref.Type, Mul: r.mul, Add: r.add}
	case r.id != nil:
		out.Size.ByID = r.table
	}
	if g.tail > 0 {
		out.Size.End = fmt.Sprintf("% X", g.end())
	}
}

func (g *guess) claimCheck(out *Result) {
	if g.check == nil {
		return
	}
	c := g.check.check()
	out.Check.Check = &c
	for _, other := range g.others {
		if other.at == g.check.at && other.size == g.check.size && !same(other, *g.check) && len(out.Check.Equal) < equalMost {
			out.Check.Equal = append(out.Check.Equal, other.check())
		}
	}
	if g.head != nil {
		h := g.head.check()
		out.Check.Head = &h
	}
}

// equalMost is how many checks that accept the same frames are named.
const equalMost = 8

// clearly is how many times more likely a beginning must be than any other to be
// certain.
const clearly = 5

// grade says how sure each claim is, from what the whole stream shows.
func (g *guess) grade(out *Result, contents []content) {
	out.Sync.Grade, out.Size.Grade = Likely, Likely
	out.Sync.Why = fmt.Sprintf("%d frames begin with it", len(g.frames))
	out.Size.Why = fmt.Sprintf("it leads from one frame to the next for %d frames, %.1f %% of the bytes", len(g.frames), 100*out.Explained)
	if g.check == nil {
		out.Check.Why = "no kind of check holds at any usual place"
		switch {
		case len(distinct(g.frames)) < sureFrames:
		case g.ordinaryEnd(contents) || g.restingEnd():
			out.Check.Grade = Likely
			out.Check.Why += ", and the last bytes are values"
		case g.independent():
			out.Check.Grade = Likely
			out.Check.Why += ", and no bit of the last bytes is an exclusive or of others, as in a sum, an exclusive or and any CRC"
		}
		return
	}
	k := g.check
	out.Check.Grade = Likely
	digits := int(float64(k.held*k.bits()) * math.Log10(2))
	out.Check.Why = fmt.Sprintf("right for %d of %d frames that were not used to find it; by chance once in 10^%d", k.held, k.tried, digits)
	if g.unsettled() {
		out.Check.Why += "; whether it covers a byte that never changes is not to be seen"
	}
	if g.solid() && out.Explained > k.share()-0.04 && g.clear > clearly && !g.composed() {
		g.certain(out)
	}
}

// certain raises what the check proves.
func (g *guess) certain(out *Result) {
	if !g.unsettled() {
		out.Check.Grade = Certain
	}
	switch {
	case g.widened:
		out.Size.Why += "; a zero beside the length is taken for its high byte"
	case g.rule.id != nil:
		out.Size.Why += "; another byte of few values may tell it as well"
	default:
		out.Size.Grade = Certain
	}
	from := g.check.over[0].from
	if g.id != nil && (from == 0 || from == g.sync) && g.sync == len(g.run.bytes) {
		out.Sync.Grade = Certain
	}
}

// unsettled reports whether another check that accepts the same frames covers
// other bytes behind sync: those rest, and adding or leaving them changes
// nothing.
func (g *guess) unsettled() bool {
	total := g.rule.commonest()
	covered := g.check.covers(total)
	from := min(g.sync, total)
	return slices.ContainsFunc(g.others, func(m match) bool { return !slices.Equal(covered[from:], m.covers(total)[from:]) })
}

// solid reports whether the check proves that these are frames.
func (g *guess) solid() bool {
	return g.check.tried >= sureFrames && g.check.share() > 0.85 && g.wide()
}

// wide reports whether the check covers half of a frame and more. One that
// covers a few bytes may be a sum among the values.
func (g *guess) wide() bool {
	f := g.frames[0]
	covered := 0
	for _, v := range g.check.over {
		covered += len(v.cut(f))
	}
	return 2*covered >= len(f)
}

// composed reports whether the frames may be several or not all: their first
// bytes repeat within, another rule finds more of them, or a length says nearly
// always the same.
func (g *guess) composed() bool {
	r := g.rule
	return r.several > 1.2 || r.outdone || r.open && r.same(0.9) || r.weak || r.length != nil && r.same(0.97) || g.repeats()
}

// same reports whether more than such a share of the frames have one size.
func (r *rule) same(share float64) bool {
	n, most := 0, r.commonest()
	for _, f := range r.frames {
		n += b2i(f.total == most)
	}
	return float64(n) > share*float64(len(r.frames))
}

// repeats reports whether a frame's first bytes stand at another place in most
// frames, too.
func (g *guess) repeats() bool {
	begin := g.run.bytes[:min(len(g.run.bytes), max(2, g.sync))]
	var at [maxTotal + 1]int
	for _, f := range g.frames {
		for i := 1; i+len(begin) <= len(f); i++ {
			at[i] += b2i(bytes.HasPrefix(f[i:], begin))
		}
	}
	return len(begin) > 1 && 2*slices.Max(at[:]) > len(g.frames)
}

// restingEnd reports whether the last bytes of the frames are often the same
// few, as those of values are, and those of a check are not.
func (g *guess) restingEnd() bool {
	var count [256]int
	n := 0
	for _, f := range g.frames {
		if at := len(f) - g.tail - 1; at >= 0 {
			count[f[at]]++
			n++
		}
	}
	return 20*slices.Max(count[:]) > n
}

// ordinaryEnd reports whether every message ends with a value that a check would
// not look like: one that rests, or moves little.
func (g *guess) ordinaryEnd(contents []content) bool {
	for _, c := range contents {
		if len(c.values) == 0 || c.more > 0 {
			return false
		}
		last := c.values[len(c.values)-1]
		if last.size == 1 && last.kind != "" && last.high-last.low > 128 {
			return false
		}
	}
	return true
}
