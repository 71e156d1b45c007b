package protogen

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"

	"serialgw/internal/frame"
)

func hexOf(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

func spaceless(text string) string { return strings.ToUpper(strings.Join(strings.Fields(text), "")) }

// fixes reports whether sync gives the byte at i one value.
func (p *Protocol) fixes(i int) bool { return i < len(p.Sync) && len(p.Sync[i]) == 1 }

func (p *Protocol) judgeSync(claimed string) (why string, same bool) {
	pattern, err := parsePattern(claimed)
	if err != nil || len(pattern) == 0 {
		return fmt.Sprintf("%q is no pattern", claimed), false
	}
	r := random(p.Seed, 10)
	frames, _ := p.fresh(r, trials)
	for _, f := range frames {
		if !fits(pattern, f) {
			return fmt.Sprintf("a frame begins with % X", f[:min(len(f), len(pattern))]), false
		}
		for i := range p.Sync {
			if !p.fixes(i) {
				continue
			}
			before := f[i]
			f[i] ^= byte(1 + r.IntN(255))
			if fits(pattern, f) {
				return fmt.Sprintf("byte %d may be %02X", i, f[i]), false
			}
			f[i] = before
		}
	}
	return "", spaceless(claimed) == spaceless(p.SyncText())
}

// fits reports whether a frame begins with the pattern.
func fits(pattern [][256]bool, f []byte) bool {
	if len(f) < len(pattern) {
		return false
	}
	for i := range pattern {
		if !pattern[i][f[i]] {
			return false
		}
	}
	return true
}

// parsePattern reads "AA 5? 03|04 ??".
func parsePattern(text string) ([][256]bool, error) {
	var out [][256]bool
	for word := range strings.FieldsSeq(text) {
		var ok [256]bool
		for one := range strings.SplitSeq(strings.ToUpper(word), "|") {
			if len(one) != 2 || strings.Trim(one, "0123456789ABCDEF?") != "" {
				return nil, fmt.Errorf("%q is no byte", word)
			}
			for b := range 256 {
				digits := fmt.Sprintf("%02X", b)
				ok[b] = ok[b] || (one[0] == '?' || one[0] == digits[0]) && (one[1] == '?' || one[1] == digits[1])
			}
		}
		out = append(out, ok)
	}
	return out, nil
}

func (p *Protocol) judgeSize(c Claim, checkGood bool) (why string, same bool) {
	end, err := hex.DecodeString(spaceless(c.End))
	if err != nil {
		return fmt.Sprintf("%q are no bytes", c.End), false
	}
	alone := c.Fixed == 0 && c.Length == nil && c.Sizes == nil
	if alone && len(end) == 0 {
		return "nothing says the size", false
	}
	frames, _ := p.fresh(random(p.Seed, 11), trials)
	for _, f := range frames {
		total := len(f)
		if !alone {
			total = c.total(f)
		}
		switch {
		case total != len(f):
			return fmt.Sprintf("a frame of %d bytes would have %d: %X", len(f), total, f), false
		case !bytes.HasSuffix(f, end):
			return fmt.Sprintf("a frame does not end with %X: %X", end, f), false
		case alone && !checkGood && bytes.Index(f, end) != len(f)-len(end):
			return fmt.Sprintf("the end marker stands within a frame: %X", f), false
		}
	}
	return "", p.sameSize(c, end)
}

func (p *Protocol) sameSize(c Claim, end []byte) bool {
	t := p.Truth()
	length := (c.Length == nil) == (t.Length == nil)
	if length && c.Length != nil {
		length = reflect.DeepEqual(plainLength(*c.Length), plainLength(*t.Length))
	}
	return length && c.Fixed == t.Fixed && maps.Equal(c.Sizes, t.Sizes) && bytes.Equal(end, p.End)
}

// plainLength writes the defaults out.
func plainLength(l frame.Length) frame.Length {
	l.Mul = max(l.Mul, 1)
	l.Type = plainType(l.Type)
	return l
}

// plainType writes one byte as B: its order does not count.
func plainType(text string) string {
	if text = strings.TrimSpace(text); text == "" || strings.TrimLeft(text, "<>!") == "B" {
		return "B"
	}
	return text
}

// total returns the size that the claim gives a frame; -1: none.
func (c *Claim) total(f []byte) int {
	switch {
	case c.Fixed > 0:
		return c.Fixed
	case c.Sizes != nil:
		if c.ID == nil {
			return -1
		}
		id, ok := number(f, *c.ID)
		if total, listed := c.Sizes[int(id)]; ok && listed {
			return total
		}
		return -1
	}
	l := c.Length
	n, ok := number(f, frame.Ref{At: l.At, Type: l.Type})
	for _, ref := range l.Sum {
		more, in := number(f, ref)
		n, ok = n+more, ok && in
	}
	if !ok {
		return -1
	}
	return int(n)*max(l.Mul, 1) + l.Add
}

// number reads a number of a frame as a claim describes it; false: the frame
// has no such place or the type is none.
func number(f []byte, ref frame.Ref) (uint64, bool) {
	size, ok := map[string]int{"B": 1, "H": 2, "u24": 3, "I": 4, "L": 4}[strings.TrimLeft(plainType(ref.Type), "<>!")]
	at := ref.At
	if at < 0 {
		at += len(f)
	}
	if !ok || at < 0 || at+size > len(f) {
		return 0, false
	}
	big := strings.HasPrefix(ref.Type, ">") || strings.HasPrefix(ref.Type, "!")
	var n uint64
	for i := range size {
		k := at + size - 1 - i
		if big {
			k = at + i
		}
		n = n<<8 | uint64(f[k])
	}
	return n, true
}

func (p *Protocol) judgeID(claimed *frame.Ref) (why string, same bool) {
	if claimed == nil {
		if len(p.Messages) > 1 {
			return fmt.Sprintf("there are %d messages", len(p.Messages)), false
		}
		return "", p.ID == nil
	}
	frames, messages := p.fresh(random(p.Seed, 12), trials)
	ofNumber, ofMessage := map[uint64]int{}, map[int]uint64{}
	for i, f := range frames {
		n, ok := number(f, *claimed)
		if !ok {
			return fmt.Sprintf("a frame of %d bytes has no such place", len(f)), false
		}
		m := messages[i]
		if before, seen := ofNumber[n]; seen && before != m {
			return fmt.Sprintf("messages %d and %d both have %d there", before, m, n), false
		}
		if before, seen := ofMessage[m]; seen && before != n {
			return fmt.Sprintf("message %d has %d and %d there", m, before, n), false
		}
		ofNumber[n], ofMessage[m] = m, n
	}
	return "", p.ID != nil && claimed.At == p.ID.At && plainType(claimed.Type) == plainType(p.ID.Type)
}

// scramble replaces the field bytes that the board can change by random ones.
func (p *Protocol) scramble(r *rand.Rand, f []byte, message int) {
	at := p.head
	m := &p.Messages[message]
	fill := func(s *signal) {
		for i := range s.size {
			if s.course != constant {
				f[at+i] = byte(r.IntN(256))
			}
		}
		at += s.size
	}
	for i := range m.signals {
		fill(&m.signals[i])
	}
	for m.rest != nil && at < len(f)-p.tail {
		fill(m.rest)
	}
}
