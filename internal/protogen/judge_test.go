package protogen

import (
	"fmt"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// TestJudge_TheTruthIsRight: of every protocol, in the truth's own words.
func TestJudge_TheTruthIsRight(t *testing.T) {
	var table Table
	for seed := range uint64(100) {
		p := New(seed)
		s := p.Judge(p.Truth())
		if s.Sync.Outcome != Right || s.Size.Outcome != Right || s.Check.Outcome != Right || s.ID.Outcome != Right {
			t.Errorf("seed %d: the truth is judged %+v", seed, s)
		}
		table.Add(p, p.Truth(), s)
	}
	if table.WrongCertain() != 0 || table.Share("check") != 1 {
		t.Errorf("table of the truth:\n%s", &table)
	}
}

// find returns the first protocol for which is says true.
func find(t *testing.T, is func(*Protocol) bool) *Protocol {
	t.Helper()
	for seed := range uint64(5000) {
		if p := New(seed); is(p) {
			return p
		}
	}
	t.Fatal("no such protocol in 5000")
	return nil
}

// TestJudge: claims that are not the truth's own words, and what each is worth.
func TestJudge(t *testing.T) {
	twoFixed := func(p *Protocol) bool { return len(p.Sync) == 2 && p.fixes(1) }
	sealedBy := func(kind string) func(*Protocol) bool {
		return func(p *Protocol) bool { return p.Check != nil && p.Check.Kind == kind && p.seal.at < 0 && p.End == nil }
	}
	manyIDs := func(p *Protocol) bool { return p.ID != nil && len(p.Messages) > 2 && p.ID.Type == "B" }
	for _, one := range []struct {
		name   string
		is     func(*Protocol) bool
		change func(*Protocol, *Claim)
		part   func(Score) Judgement
		want   Outcome
	}{
		{"sync without its last byte", twoFixed, func(_ *Protocol, c *Claim) { c.Sync = c.Sync[:2] }, ofSync, Wrong},
		{"sync with a byte that varies", func(p *Protocol) bool { return twoFixed(p) && p.Seq != nil && p.Seq.At == 2 },
			func(_ *Protocol, c *Claim) { c.Sync += " 00" }, ofSync, Wrong},
		{"sync with the only id", func(p *Protocol) bool {
			return twoFixed(p) && p.ID != nil && p.ID.At == 2 && p.ID.Type == "B" && len(p.Messages) == 1
		}, func(p *Protocol, c *Claim) { c.Sync += fmt.Sprintf(" %02x", p.Messages[0].ID) }, ofSync, Equivalent},
		{"address left free", func(p *Protocol) bool { return !p.fixes(len(p.Sync) - 1) },
			func(_ *Protocol, c *Claim) { c.Sync = c.Sync[:strings.LastIndex(c.Sync, " ")] + " ??" }, ofSync, Equivalent},
		{"sync in small letters", twoFixed, func(_ *Protocol, c *Claim) { c.Sync = strings.ToLower(c.Sync) }, ofSync, Right},
		{"no sync claimed", twoFixed, func(_ *Protocol, c *Claim) { c.SyncGrade = Unknown }, ofSync, Silent},

		{"size too large", func(p *Protocol) bool { return p.Size == Fixed },
			func(_ *Protocol, c *Claim) { c.Fixed++ }, ofSize, Wrong},
		{"length off by one", func(p *Protocol) bool { return p.Size == ByLength }, func(_ *Protocol, c *Claim) {
			l := *c.Length
			l.Add++
			c.Length = &l
		}, ofSize, Wrong},
		{"a length that is always the same", func(p *Protocol) bool {
			return p.Size == ByLength && len(p.Messages) == 1 && p.Messages[0].rest == nil
		}, func(p *Protocol, c *Claim) { c.Length, c.Fixed = nil, p.size(&p.Messages[0], 0) }, ofSize, Equivalent},
		{"one size by id missing", func(p *Protocol) bool { return p.Size == ByID },
			func(p *Protocol, c *Claim) { delete(c.Sizes, p.Messages[0].ID) }, ofSize, Wrong},
		{"the end marker left out", func(p *Protocol) bool { return p.End != nil },
			func(_ *Protocol, c *Claim) { c.End = "" }, ofSize, Equivalent},
		{"an end marker that is none", func(p *Protocol) bool { return p.End == nil },
			func(_ *Protocol, c *Claim) { c.End = "0D 0A" }, ofSize, Wrong},
		{"an end marker that also stands within, told apart by the check", func(p *Protocol) bool {
			return p.Check != nil && len(p.End) == 1 && p.Size == ByLength
		}, func(_ *Protocol, c *Claim) { c.Length = nil }, ofSize, Equivalent},
		{"the same without a check", func(p *Protocol) bool { return p.Check != nil && len(p.End) == 1 && p.Size == ByLength },
			func(_ *Protocol, c *Claim) { c.Length, c.CheckGrade = nil, Unknown }, ofSize, Wrong},

		{"xor for sum", sealedBy("sum8"), func(_ *Protocol, c *Claim) { c.Check = with(c, "xor8") }, ofCheck, Wrong},
		{"half of a sum", sealedBy("sum16"), func(p *Protocol, c *Claim) {
			c.Check = with(c, "sum8")
			at := -2
			if p.seal.big {
				at = -1
			}
			c.Check.At, c.Check.Endian = &at, ""
		}, ofCheck, Wrong},
		{"sync taken into the CRC's start", func(p *Protocol) bool {
			return sealedBy("crc-16/ibm-3740")(p) && twoFixed(p) && p.seal.from == 0
		}, startBehindSync, ofCheck, Equivalent},
		{"a range that leaves out what the board never changes", func(p *Protocol) bool {
			return sealedBy("sum8")(p) && p.seal.from == p.head && zeroFirst(p)
		}, func(p *Protocol, c *Claim) {
			c.Check = with(c, "sum8")
			c.Check.Over = []string{fmt.Sprintf("%d:-1", p.head+1)}
		}, ofCheck, Wrong},
		{"the check denied", sealedBy("sum8"), func(_ *Protocol, c *Claim) { c.Check = nil }, ofCheck, Wrong},
		{"a check where there is none", func(p *Protocol) bool { return p.Check == nil && p.End == nil },
			func(_ *Protocol, c *Claim) { c.Check = &frame.Check{Kind: "sum8"} }, ofCheck, Wrong},
		{"a constant where the board only never says anything else", func(p *Protocol) bool {
			return p.Check == nil && zeroFirst(p)
		}, func(p *Protocol, c *Claim) {
			zero := 0
			c.Check = &frame.Check{Kind: "const", Value: &zero, At: &p.head}
		}, ofCheck, Wrong},
		{"the defaults left out", func(p *Protocol) bool { return sealedBy("sum8")(p) && p.seal.from == 0 },
			func(_ *Protocol, c *Claim) { c.Check = &frame.Check{Kind: "SUM8"} }, ofCheck, Right},

		{"ids denied", manyIDs, func(_ *Protocol, c *Claim) { c.ID = nil }, ofID, Wrong},
		{"id in sync", manyIDs, func(_ *Protocol, c *Claim) { c.ID = &frame.Ref{At: 0} }, ofID, Wrong},
		{"a count for an id", func(p *Protocol) bool { return manyIDs(p) && p.Seq != nil },
			func(p *Protocol, c *Claim) { c.ID = p.Seq }, ofID, Wrong},
		{"an id where one message has none", func(p *Protocol) bool { return p.ID == nil },
			func(_ *Protocol, c *Claim) { c.ID = &frame.Ref{At: 0} }, ofID, Equivalent},
	} {
		t.Run(one.name, func(t *testing.T) {
			p := find(t, one.is)
			c := p.Truth()
			one.change(p, &c)
			if got := one.part(p.Judge(c)); got.Outcome != one.want {
				t.Errorf("seed %d: %+v, want %s", p.Seed, got, one.want)
			} else if (got.Why != "") != (one.want == Wrong) {
				t.Errorf("seed %d: %s because %q", p.Seed, got.Outcome, got.Why)
			}
		})
	}
}

// zeroFirst reports whether the first field byte of the only message is 0 in
// every frame, though it belongs to a value that changes.
func zeroFirst(p *Protocol) bool {
	s := p.Messages[0].signals[0]
	small := s.low >= 0 && s.top < float64(uint64(1)<<(8*s.size-8))
	return len(p.Messages) == 1 && s.big && small && s.letter != "f" && s.course != constant
}

func ofSync(s Score) Judgement  { return s.Sync }
func ofSize(s Score) Judgement  { return s.Size }
func ofCheck(s Score) Judgement { return s.Check }
func ofID(s Score) Judgement    { return s.ID }

// with returns the claimed check with another kind.
func with(c *Claim, kind string) *frame.Check {
	k := *c.Check
	k.Kind = kind
	return &k
}

// startBehindSync writes a CRC over the whole frame as one that starts behind
// sync with what the register holds there.
func startBehindSync(p *Protocol, c *Claim) {
	ccitt := crc{width: 16, poly: 0x1021, init: 0xFFFF}
	k := with(c, "crc")
	k.Width, k.Poly, k.Init = ccitt.width, ccitt.poly, ccitt.sum([]byte{p.Sync[0][0], p.Sync[1][0]})
	k.Over = []string{"2:-2"}
	c.Check = k
}

// TestTable_CountsWhatWasSaid: a wrong claim stands in the column of its grade
// and in the list, with the reason.
func TestTable_CountsWhatWasSaid(t *testing.T) {
	p := find(t, func(p *Protocol) bool { return p.Size == Fixed && p.Check != nil })
	var table Table
	c := p.Truth()
	c.Fixed++
	c.CheckGrade = Unknown
	table.Add(p, c, p.Judge(c))
	c.SizeGrade = Likely
	table.Add(p, c, p.Judge(c))
	got := table.String()
	for _, want := range []string{
		"| sync | 2 | 2 | 0 | 0 | 0 | 0 | 100 % |\n",
		"| size | 2 | 0 | 0 | 0 | 1 | 1 | 0 % |\n",
		"| check | 2 | 0 | 0 | 2 | 0 | 0 | 0 % |\n",
		fmt.Sprintf("| %d | size | `fixed %d", p.Seed, p.Total),
		"What it was taken for, check:\n\n| truth \\ claim | unknown |\n|---|---:|\n| " + kindsOf(p.Truth(), Score{})[2] + " | 2 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if table.WrongCertain() != 1 || table.Share("size") != 0 || table.Share("sync") != 1 {
		t.Errorf("%d wrong as certain, shares %v and %v", table.WrongCertain(), table.Share("size"), table.Share("sync"))
	}
}
