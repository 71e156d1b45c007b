package infer

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

const (
	rivals    = 7   // rules whose frames are searched for a check
	closeTo   = 0.2 // of the best rule's score
	leastSeen = 8   // frames below which nothing is said
	plainSeen = 100 // the same without a check
	plainOdds = 0.1 // without a check a frame must begin as makers let them begin
)

// guess is one complete explanation of the stream.
type guess struct {
	rule    *rule
	start   int // where a frame begins, from the anchor
	run     run // the constant bytes that hold the beginning, from start on
	tail    int // bytes of the end marker
	clear   float64
	check   *match // guards the frame; nil: none found
	head    *match // guards the head alone
	equal   []match
	frames  [][]byte
	id, seq *number // relative to the frame's beginning
	ids     []int
	idWhy   string
	sync    int // bytes of run that are sync
}

func infer(stream []byte) Result {
	s := stream[:min(len(stream), maxStream)]
	found := rules(s[:min(len(s), window)])
	if len(found) == 0 || len(found[0].frames) < leastSeen {
		return Result{}
	}
	g := choose(s, found)
	if g == nil {
		return Result{}
	}
	g.findSync()
	g.findSeq()
	g.findID()
	return g.result(s)
}

// choose takes the best rule whose frames a check confirms; without one, the
// best rule.
func choose(s []byte, found []*rule) *guess {
	seen := map[string]bool{}
	tried := map[bool]int{}
	var plain *guess
	for _, r := range found {
		if r.score(min(len(s), window)) < found[0].score(min(len(s), window))-closeTo {
			break
		}
		if seen[r.signature()] || tried[r.open] == rivals {
			continue
		}
		seen[r.signature()] = true
		tried[r.open]++
		r.follow(s)
		g := r.guess(s)
		if g == nil {
			continue
		}
		if g.check != nil {
			return g
		}
		if plain == nil {
			plain = g
		}
	}
	return plain
}

// signature is the same for rules that differ in their anchor alone.
func (r *rule) signature() string {
	switch {
	case r.length != nil:
		return fmt.Sprint("length ", r.mul, r.add, r.length.size)
	case r.id != nil:
		var sizes []int
		for _, n := range r.table {
			sizes = append(sizes, n)
		}
		slices.Sort(sizes)
		return fmt.Sprint("table ", sizes)
	case r.open:
		return fmt.Sprintf("open % X", r.anchor.gram)
	}
	return fmt.Sprint("fixed ", r.fixed)
}

// guess finds where the frames of the rule begin, and what guards them.
func (r *rule) guess(s []byte) *guess {
	all := r.runs(s)
	if len(all) == 0 {
		return nil
	}
	var best *guess
	for _, one := range all {
		if g := r.guarded(s, one); g != nil && (best == nil || better(*g.check, *best.check) < 0) {
			best = g
		}
	}
	if best == nil {
		best = r.unnamed(s, all)
	}
	if best == nil {
		if len(r.frames) < plainSeen {
			return nil
		}
		first := slices.MaxFunc(all, func(a, b run) int { return cmp.Compare(likelyStart(a), likelyStart(b)) })
		if likelyStart(first) < plainOdds {
			return nil
		}
		best = &guess{rule: r, run: first, start: first.start}
		best.place(-1)
	}
	best.frames = r.cutAll(s, best.start)
	usual := best.usual(best.frames)
	best.frames = slices.DeleteFunc(best.frames, func(f []byte) bool { return len(f) < usual })
	if len(best.frames) < leastSeen || !best.headInside() {
		return nil
	}
	if best.check == nil {
		best.tail = max(best.tail, best.constantTail())
	}
	return best
}

// headInside reports whether what tells the size stands in the frame itself,
// before its check and end marker, and not in the next one.
func (g *guess) headInside() bool {
	for _, n := range []*number{g.rule.length, g.rule.id} {
		if n != nil && (n.at < g.start || n.at+n.size-g.start > g.shortest()) {
			return false
		}
	}
	return true
}

// guarded finds a check of frames that begin in a run of constant bytes; nil:
// there is none. A check in the head shows only where the frame begins rightly.
func (r *rule) guarded(s []byte, one run) *guess {
	for n := range min(4, len(one.bytes)) {
		found := searchCheck(r.cutAll(s, one.start+n))
		i := slices.IndexFunc(found, func(m match) bool { return !m.head })
		if i < 0 {
			continue
		}
		g := &guess{rule: r, run: run{one.start + n, one.bytes[n:]}, start: one.start + n, tail: n}
		g.take(found, i)
		return g
	}
	return nil
}

// unnamed looks for a CRC that is in no catalogue.
func (r *rule) unnamed(s []byte, all []run) *guess {
	for _, one := range all {
		if found := searchGenerator(r.cutAll(s, one.start)); len(found) > 0 {
			g := &guess{rule: r, run: one, start: one.start}
			g.take(found, 0)
			return g
		}
	}
	return nil
}

// take makes found[i] the check, and settles where the frame begins.
func (g *guess) take(found []match, i int) {
	m := found[i]
	g.check = &m
	covered := m.over[0].from
	if m.at >= 0 && m.at < covered {
		covered = m.at
	}
	for _, other := range found {
		switch {
		case other.head && g.head == nil && !overlap(other, m):
			h := other
			g.head = &h
		case !other.head && other.at == m.at && other.size == m.size && other.bits() == m.bits() && !same(other, m):
			g.equal = append(g.equal, other)
		}
	}
	g.equal = g.equal[:min(len(g.equal), 8)]
	if m.at >= 0 {
		g.tail += max(0, -m.over[len(m.over)-1].to)
	} else {
		g.tail += max(0, -m.at-m.size)
	}
	g.place(covered)
}

func same(a, b match) bool {
	return a.spec.Kind == b.spec.Kind && a.big == b.big && slices.Equal(a.over, b.over) && a.blank == b.blank
}

func overlap(a, b match) bool {
	return a.at >= 0 && b.at >= 0 && a.at < b.at+b.size && b.at < a.at+a.size
}

// place moves the beginning behind an end marker that stands before it.
func (g *guess) place(covered int) {
	least := 0
	if g.rule.open && g.tail == 0 {
		least = 1 // nothing else tells its size
	}
	sp := splitRun(g.run, covered, least)
	g.clear = sp.clear
	if sp.at == 0 {
		return
	}
	g.start += sp.at
	g.run = run{start: g.run.start + sp.at, bytes: g.run.bytes[sp.at:]}
	g.tail += sp.at
	if g.check != nil {
		g.check.shift(sp.at)
	}
	if g.head != nil {
		g.head.shift(sp.at)
	}
	for i := range g.equal {
		g.equal[i].shift(sp.at)
	}
}

// constantTail returns how many bytes at the end of every frame are the same,
// where frames are set apart by idle bytes or differ in size.
func (g *guess) constantTail() int {
	for n := 1; n <= 4; n++ {
		var count [256]int
		most := 0
		for _, f := range g.frames {
			if len(f) > n {
				count[f[len(f)-n]]++
				most = max(most, count[f[len(f)-n]])
			}
		}
		if float64(most) < steady*float64(len(g.frames)) {
			return n - 1
		}
	}
	return 4
}

// end returns the end marker.
func (g *guess) end() []byte {
	count := map[string]int{}
	best := ""
	for _, f := range g.frames {
		if len(f) <= g.tail {
			continue
		}
		one := string(f[len(f)-g.tail:])
		if count[one]++; count[one] > count[best] {
			best = one
		}
	}
	return []byte(best)
}

// findSync decides how many of the constant bytes at the front are sync: not
// those that a check leaves out by design, nor a length, nor the zeros behind.
func (g *guess) findSync() {
	r := g.rule
	g.widenLength()
	g.sync = min(len(g.run.bytes), 4)
	if r.length != nil {
		g.sync = min(g.sync, r.length.at-g.start)
	}
	if r.id != nil {
		g.sync = min(g.sync, r.id.at-g.start)
	}
	if g.check != nil {
		if from := g.check.over[0].from; from > 1 && from < g.sync || from == 1 && g.sync > 1 && g.run.bytes[1] < 0x10 {
			g.sync = from
		}
		if g.check.at > 0 {
			g.sync = min(g.sync, g.check.at)
		}
	}
	if i := bytes.IndexByte(g.run.bytes[:max(g.sync, 0)], 0); i > 0 {
		g.sync = i
	}
	if r.fixed > 0 {
		for i := 1; i < g.sync; i++ {
			if left := r.fixed - int(g.run.bytes[i]); left >= 0 && left <= i+6 && r.fixed > 8 {
				g.sync = i // it may be a length
			}
		}
	}
	g.sync = max(g.sync, 0)
}

// widenLength takes a zero beside a length as its high byte.
func (g *guess) widenLength() {
	n := g.rule.length
	if n == nil || n.size != 1 {
		return
	}
	k := n.at - g.start
	zero := func(i int) bool {
		if i < 0 {
			return false
		}
		hits := 0
		for _, f := range g.frames {
			hits += b2i(i < len(f) && f[i] == 0)
		}
		return float64(hits) > 0.98*float64(len(g.frames))
	}
	switch {
	case zero(k+1) && !g.used(k+1):
		n.size = 2
	case k > 1 && zero(k-1) && !g.used(k-1):
		n.at, n.size, n.big = n.at-1, 2, true
	}
}

// used reports whether a check stands at the offset.
func (g *guess) used(i int) bool {
	for _, m := range []*match{g.check, g.head} {
		if m != nil && m.at >= 0 && i >= m.at && i < m.at+m.size {
			return true
		}
	}
	return false
}

// result turns the guess into claims, each tried with the gateway's own scanner.
func (g *guess) result(s []byte) Result {
	out := Result{}
	g.claimSync(&out)
	g.claimSize(&out)
	g.claimCheck(&out, s)
	if g.id != nil {
		out.ID = ID{Ref: &frame.Ref{At: g.id.at, Type: g.id.typeName()}, Values: g.ids, Grade: Likely, Why: g.idWhy}
	}
	if g.seq != nil {
		out.Seq = Seq{Ref: &frame.Ref{At: g.seq.at, Type: g.seq.typeName()}, Grade: Likely, Why: "it counts the frames"}
	}
	var contents []content
	out.Description, contents = g.describe(&out, s)
	plan, errs := frame.Compile("board", out.Description)
	if len(errs) > 0 {
		return Result{Sync: Sync{Why: errs.Error()}}
	}
	m := scan(plan, s)
	out.Frames, out.Explained = int(m.Frames), m.Explained()
	g.grade(&out, m)
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

func (g *guess) claimCheck(out *Result, _ []byte) {
	if g.check == nil {
		return
	}
	c := g.check.check()
	out.Check.Check = &c
	for i := range g.equal {
		out.Check.Equal = append(out.Check.Equal, g.equal[i].check())
	}
	if g.head != nil {
		h := g.head.check()
		out.Check.Head = &h
	}
}

// grade says how sure each claim is, from what the whole stream shows.
func (g *guess) grade(out *Result, m frame.Metrics) {
	out.Sync.Grade, out.Size.Grade = Likely, Likely
	out.Sync.Why = fmt.Sprintf("%d frames begin with it", len(g.frames))
	out.Size.Why = fmt.Sprintf("it leads from one frame to the next for %d frames, %.1f %% of the bytes", len(g.frames), 100*out.Explained)
	if g.check == nil {
		return
	}
	k := g.check
	out.Check.Grade = Likely
	digits := int(float64(k.held*k.bits()) * math.Log10(2))
	out.Check.Why = fmt.Sprintf("right for %d of %d frames that were not used to find it; by chance once in 10^%d", k.held, k.tried, digits)
	share := float64(k.held) / float64(k.tried)
	if k.tried >= sureFrames && share > 0.85 && out.Explained > share-0.04 {
		out.Check.Grade, out.Size.Grade = Certain, Certain
		from := k.over[0].from
		if g.clear > 5 && g.id != nil && (from == 0 || from == g.sync) && g.sync == len(g.run.bytes) {
			out.Sync.Grade = Certain
		}
	}
}
