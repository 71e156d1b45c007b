package protogen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"serialgw/internal/frame"
)

// Classes returns what kind of sync, size, check and id the truth has, in a few
// words each: the rows of the table.
func (p *Protocol) Classes() [4]string {
	sync := fmt.Sprintf("%d fixed", len(p.Sync))
	if len(p.Sync[len(p.Sync)-1]) > 1 {
		sync = fmt.Sprintf("%d fixed, then an address", len(p.Sync)-1)
	}
	size := string(p.Size)
	if p.Length != nil {
		size = fmt.Sprintf("length %s, counts %s", strings.TrimLeft(p.Length.Type, "<>"), p.Counts)
	}
	id := "none"
	switch {
	case p.ID != nil && len(p.Messages) == 1:
		id = "one message"
	case p.ID != nil:
		id = "several messages"
	}
	return [4]string{sync, size, p.checkClass(), id}
}

func (p *Protocol) checkClass() string {
	if p.Check == nil {
		return "none"
	}
	class := p.Check.Kind
	switch {
	case class == "crc":
		class = fmt.Sprintf("crc-%d, own polynomial", 8*p.seal.size)
	case strings.HasPrefix(class, "crc-"):
		class = strings.SplitN(class, "/", 2)[0]
	}
	if p.seal.at >= 0 {
		class += ", in the head"
	}
	return class
}

// wordsOf returns the four parts of a claim in few words.
func wordsOf(c Claim) [4]string {
	var size []string
	if c.Fixed > 0 {
		size = append(size, fmt.Sprint("fixed ", c.Fixed))
	}
	if l := c.Length; l != nil {
		size = append(size, fmt.Sprintf("%d * %s at %d + %d", max(l.Mul, 1), plainType(l.Type), l.At, l.Add))
	}
	for _, id := range slices.Sorted(maps.Keys(c.Sizes)) {
		size = append(size, fmt.Sprintf("id %d: %d", id, c.Sizes[id]))
	}
	if c.End != "" {
		size = append(size, "end "+c.End)
	}
	id := "none"
	if c.ID != nil {
		id = fmt.Sprintf("%s at %d", plainType(c.ID.Type), c.ID.At)
	}
	return [4]string{c.Sync, strings.Join(size, ", "), checkWords(c.Check), id}
}

func checkWords(c *frame.Check) string {
	if c == nil {
		return "none"
	}
	out := c.Kind
	if c.Kind == "crc" {
		out += fmt.Sprintf(" %d poly %X init %X xorout %X reflect %v", c.Width, c.Poly, c.Init, c.XorOut, c.Reflect)
	}
	if len(c.Over) > 0 {
		out += " over " + strings.Join(c.Over, ",")
	}
	if c.At != nil {
		out += fmt.Sprint(" at ", *c.At)
	}
	return strings.TrimSpace(out + " " + c.Endian)
}

// kindsOf returns the coarse kinds of a claim's parts, of which s says which
// were claimed: the columns of the confusion tables. The zero Score stands for
// the truth.
func kindsOf(c Claim, s Score) [4]string {
	size := "end marker"
	switch {
	case c.Fixed > 0:
		size = string(Fixed)
	case c.Sizes != nil:
		size = string(ByID)
	case c.Length != nil:
		size = "length " + strings.TrimLeft(plainType(c.Length.Type), "<>!")
	}
	check := "none"
	if c.Check != nil {
		check = strings.SplitN(strings.ToLower(c.Check.Kind), "/", 2)[0]
		if check == "crc" {
			check = fmt.Sprintf("crc-%d", c.Check.Width)
		}
	}
	id := "none"
	if c.ID != nil {
		id = plainType(c.ID.Type)
	}
	kinds := [4]string{fmt.Sprintf("%d bytes", len(strings.Fields(c.Sync))), size, check, id}
	for i, j := range []Judgement{s.Sync, s.Size, s.Check, s.ID} {
		if j.Outcome == Silent {
			kinds[i] = "unknown"
		}
	}
	return kinds
}
