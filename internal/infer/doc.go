// Package infer finds out how a board frames its bytes, from the bytes alone:
// what begins a frame, what tells its size, which check guards it, where the
// message id stands. It draws up a description that frame.Compile accepts.
//
//	stream ─▶ repeated bytes ─▶ a size rule that leads from one to the next ─▶ frames
//	frames ─▶ constant columns, check (found on some frames, tried on others), id, counters, types
//	all    ─▶ Description ─▶ frame.Scanner over the whole stream ─▶ Result
//
// Every claim carries a grade and the reason for it. Certain is said only where
// chance cannot have made it; where bytes cannot tell, the claim is Unknown.
package infer

import (
	"fmt"

	"serialgw/internal/frame"
)

// Grade says how sure a claim is.
type Grade uint8

// The grades, weakest first.
const (
	Unknown Grade = iota // nothing is claimed
	Likely               // the best explanation, but another one is possible
	Certain              // chance or another reading of the same bytes cannot explain it
)

// String returns the grade's name.
func (g Grade) String() string {
	return [...]string{"unknown", "likely", "certain"}[g]
}

// Result is what Infer found. The zero Result knows nothing.
type Result struct {
	Sync  Sync
	Size  Size
	Check Check
	ID    ID
	Seq   Seq

	Frames    int     // frames that Description accepts in the stream
	Explained float64 // share of the stream's bytes in them, 0 to 1

	Description frame.Description // compiles whenever Size is known
	Draft       string            // the same as commented TOML, "[frame.board]"; "" when Size is unknown
}

// Sync is what every frame begins with. Bytes behind the maker's own sync that
// never change, such as a lone message's id, belong to it as far as bytes can
// tell: the pattern accepts the same frames.
type Sync struct {
	Pattern string // "AA 55"; "" with Unknown, and for frames that only end with a marker
	Grade   Grade
	Why     string
}

// Size is how a frame's size is told: one of Fixed, Length, ByID and End. An end
// marker may stand beside the others too.
type Size struct {
	Fixed  int           // total bytes; 0: not fixed
	Length *frame.Length // total = mul * field + add; nil: none
	ByID   map[int]int   // total bytes of each message id; nil: the id does not tell
	End    string        // end marker, "0D 0A"; "" = none
	Grade  Grade
	Why    string
}

// Check is the checksum that guards a frame, and, where there is one, that of
// the head alone. Equal lists other descriptions that accept the same frames.
type Check struct {
	Check *frame.Check // with kind, over, at and endian; nil: none was found
	Head  *frame.Check // a further check over the head; nil: none
	Equal []frame.Check
	// Grade of a check that was found; without one, Likely says that there is
	// probably none, Unknown that it was not found.
	Grade Grade
	Why   string
}

// ID is where the message id stands.
type ID struct {
	Ref    *frame.Ref // nil: none was found
	Values []int      // the ids seen, sorted
	Grade  Grade
	Why    string
}

// Seq is a number that counts the frames.
type Seq struct {
	Ref   *frame.Ref // nil: none was found
	Grade Grade
	Why   string
}

// Infer looks at a stream of frames, with or without noise and idle bytes
// between them. Some hundred frames are needed; 2,000 are good. It looks at the
// last MiB, since a recording often ends between two frames. It is pure and takes some seconds at most.
func Infer(stream []byte) Result {
	return infer(stream)
}

// Claim is one thing that was found, in words.
type Claim struct {
	What  string // "sync", "size", "check", "id", "seq"
	Text  string // as in a description: `"AA 55"`; "" = nothing
	Grade Grade
	Why   string
}

// Claims lists what was found, in the order of a description.
func (r Result) Claims() []Claim {
	out := []Claim{{"sync", fmt.Sprintf("%q", r.Sync.Pattern), r.Sync.Grade, r.Sync.Why}, {"size", r.Size.text(), r.Size.Grade, r.Size.Why}}
	check := Claim{"check", "none", r.Check.Grade, r.Check.Why}
	if r.Check.Check != nil {
		check.Text = checkText(r.Check.Check)
	}
	out = append(out, check)
	if r.ID.Ref != nil {
		out = append(out, Claim{"id", refText(r.ID.Ref), r.ID.Grade, r.ID.Why})
	}
	if r.Seq.Ref != nil {
		out = append(out, Claim{"seq", refText(r.Seq.Ref), r.Seq.Grade, r.Seq.Why})
	}
	return out
}

// text returns the size as a description has it.
func (s *Size) text() string {
	switch {
	case s.Fixed > 0:
		return fmt.Sprint(s.Fixed)
	case s.Length != nil:
		return lengthText(s.Length)
	case s.ByID != nil:
		return "by id"
	case s.End != "":
		return fmt.Sprintf("up to %q", s.End)
	}
	return "unknown"
}
