package protogen

import "serialgw/internal/frame"

// Grade says how sure a search is of a part of its claim.
type Grade string

// The grades.
const (
	Certain Grade = "certain"
	Likely  Grade = "likely"
	Unknown Grade = "unknown" // nothing is claimed; "" means the same
)

// Claim is what a search says about a protocol. Offsets count from the first
// sync byte, as in the frame language.
type Claim struct {
	Sync      string // a pattern: "AA 55", "AA ??"
	SyncGrade Grade

	// The size is one of these, or an end marker alone.
	Fixed     int           // total bytes of every frame
	Length    *frame.Length // total = mul * field + add
	Sizes     map[int]int   // id to total bytes; ID says where the id stands
	End       string        // end marker, beside the size or alone
	SizeGrade Grade

	Check      *frame.Check // nil with a grade other than Unknown: there is none
	CheckGrade Grade

	ID      *frame.Ref // nil with a grade other than Unknown: there is none
	IDGrade Grade
}

// Outcome is what became of one part of a claim.
type Outcome string

// The outcomes; the package comment says what decides.
const (
	Right      Outcome = "right"
	Equivalent Outcome = "equivalent"
	Wrong      Outcome = "wrong"
	Silent     Outcome = "unknown" // nothing was claimed
)

// Judgement is the outcome of one part, and why it is that.
type Judgement struct {
	Outcome Outcome
	Grade   Grade
	Why     string // of Wrong: the first frame that speaks against it
}

// Good reports whether the claim is right in effect.
func (j Judgement) Good() bool { return j.Outcome == Right || j.Outcome == Equivalent }

// Score is the judgement on each part of a claim.
type Score struct{ Sync, Size, Check, ID Judgement }

// trials is how many fresh frames each question is put to.
const trials = 500

// Judge decides what each part of a claim is worth.
func (p *Protocol) Judge(c Claim) Score {
	s := Score{Check: part(c.CheckGrade, func() (string, bool) { return p.judgeCheck(c.Check) })}
	s.Sync = part(c.SyncGrade, func() (string, bool) { return p.judgeSync(c.Sync) })
	s.Size = part(c.SizeGrade, func() (string, bool) { return p.judgeSize(c, s.Check.Good()) })
	s.ID = part(c.IDGrade, func() (string, bool) { return p.judgeID(c.ID) })
	return s
}

// part turns the answer of one judge, why it is wrong and else whether it is
// the truth itself, into a judgement.
func part(g Grade, judge func() (why string, same bool)) Judgement {
	if g == "" || g == Unknown {
		return Judgement{Outcome: Silent, Grade: Unknown}
	}
	why, same := judge()
	switch {
	case why != "":
		return Judgement{Wrong, g, why}
	case same:
		return Judgement{Right, g, ""}
	}
	return Judgement{Equivalent, g, ""}
}

// Truth returns the claim that says the truth.
func (p *Protocol) Truth() Claim {
	c := Claim{
		Sync: p.SyncText(), Length: p.Length, End: hexOf(p.End), Check: p.Check, ID: p.ID,
		SyncGrade: Certain, SizeGrade: Certain, CheckGrade: Certain, IDGrade: Certain,
	}
	switch p.Size {
	case Fixed:
		c.Fixed = p.Total
	case ByID:
		c.Sizes = map[int]int{}
		for i := range p.Messages {
			c.Sizes[p.Messages[i].ID] = p.size(&p.Messages[i], 0)
		}
	}
	return c
}
