package codegen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"serialgw/internal/frame"
)

// texts of a member: what a program must know to fill it.

// isText reports whether the value is a text, given as bytes.
func (it *item) isText() bool {
	switch it.pos.Type.Kind {
	case frame.TypeText, frame.TypeTextZ, frame.TypeHex:
		return it.hasType()
	}
	return false
}

// textSize returns the most bytes of a text.
func (it *item) textSize() int {
	if it.pos.Type.Bits == 0 {
		return it.Max
	}
	return it.pos.Type.Bytes()
}

// isFloat reports whether the value is a floating-point number.
func (it *item) isFloat() bool { return it.hasType() && it.pos.Type.Kind == frame.TypeFloat }

// signed reports whether the value may be negative.
func (it *item) signed() bool { return it.pos.Type.Kind == frame.TypeInt || it.Sign == "msb" }

// valueBits returns how many bits the raw value has in a program.
func (it *item) valueBits() int {
	t := it.pos.Type
	switch t.Kind {
	case frame.TypeBCD:
		switch n := t.Bytes(); {
		case n <= 4:
			return 32
		case n <= 7:
			return 47 // fourteen digits, which a double holds
		}
		return 64
	case frame.TypeMidi:
		return 7 * t.Bytes()
	}
	return t.Bits
}

// note says what the raw value means: "0.01 degC, -40 to 125, 32767: none".
func (it *item) note() string {
	var parts []string
	unit := it.Unit
	if it.Scale != nil {
		unit = strings.TrimSpace(number(it.Scale) + " " + unit)
	}
	if it.Offset != nil {
		unit = strings.TrimSpace(unit + " from " + number(it.Offset))
	}
	if unit != "" {
		parts = append(parts, unit)
	}
	if len(it.Range) == 2 {
		parts = append(parts, fmt.Sprintf("%s to %s", short(it.Range[0]), short(it.Range[1])))
	}
	if len(it.Invalid) > 0 {
		var none []string
		for _, v := range it.Invalid {
			none = append(none, number(v))
		}
		parts = append(parts, strings.Join(none, ", ")+": no value")
	}
	if labels := it.labels(); len(labels) > 0 {
		parts = append(parts, strings.Join(labels, ", "))
	}
	if it.Sign != "" && it.Sign != "msb" {
		parts = append(parts, "magnitude; negative where "+strings.TrimLeft(it.Sign, "_")+" is not 0")
	}
	return strings.Join(parts, "; ")
}

// labels lists the map, in the order of its numbers: "0 idle".
func (it *item) labels() []string {
	var out []string
	for _, key := range it.mapKeys() {
		out = append(out, key+" "+it.Map[key])
	}
	return out
}

func (it *item) mapKeys() []string {
	var keys []string
	for key := range it.Map {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, byNumber)
	return keys
}

// number writes a number of a description: 0.01, 16/32768.
func number(v any) string {
	switch v := v.(type) {
	case float64:
		return short(v)
	case string:
		return v
	}
	return fmt.Sprint(v)
}

func short(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// about writes what the frame is, for the head of a file.
func (m *model) about() []string {
	var out []string
	for _, line := range []struct{ label, text string }{
		{"", m.d.Title}, {"source: ", m.d.Source}, {"only probable: ", m.d.Likely},
	} {
		if line.text != "" {
			out = append(out, line.label+strings.Join(strings.Fields(line.text), " "))
		}
	}
	return out
}

// unnamed says which bytes have no name and are sent as 0, and how to change
// that: the board that is described may send something else.
func (m *model) unnamed() []string {
	var out []string
	for _, one := range m.messages {
		for _, it := range one.items {
			if it.Name != "_" || it.Const != nil || len(it.Names) > 0 || it.pos.Run || it.pos.Loose || m.known(it.pos.At, it.pos.Size) {
				continue
			}
			out = append(out, fmt.Sprintf("%s: %s without a name, sent as 0.", one.Name, bytesAt(it.pos.At, it.n*it.pos.Size)))
		}
	}
	if len(out) > 0 {
		out = append(out, `If a board sends something else there, say so in the description: name it "_id"`,
			`with { name = "_id", const = 7 } in fields, or write id = { at = ... } and a`,
			"[[message]] for each number.")
	}
	return out
}

// known reports whether all bytes of a place are written by sync, id, length or
// sequence number.
func (m *model) known(at, size int) bool {
	written := map[int]bool{}
	for i := range m.sync {
		written[i] = true
	}
	refs := []*frame.Ref{m.d.ID, m.d.Seq}
	if l := m.d.Length; l != nil {
		refs = append(refs, &frame.Ref{At: l.At, Type: l.Type})
	}
	for _, r := range refs {
		for i := 0; r != nil && i < refBytes(r.Type); i++ {
			written[r.At+i] = true
		}
	}
	for i := range size {
		if !written[at+i] {
			return false
		}
	}
	return true
}

func bytesAt(at, size int) string {
	if size == 1 {
		return fmt.Sprintf("byte %d", at)
	}
	return fmt.Sprintf("bytes %d to %d", at, at+size-1)
}

// headChecksFirst orders checks as they must be made: those that stand in the
// head and cover nothing but it come first.
func headChecksFirst(checks []sum) []sum {
	early := func(s sum) bool {
		if s.at < 0 {
			return false
		}
		for _, o := range s.over {
			if o.from < 0 || o.to < 0 || o.toEnd {
				return false
			}
		}
		return true
	}
	var first, then []sum
	for _, s := range checks {
		if early(s) {
			first = append(first, s)
		} else {
			then = append(then, s)
		}
	}
	return append(first, then...)
}

// head returns how many bytes stand before the data: sync, id and length.
func (m *model) head() int {
	head := len(m.sync)
	refs := []*frame.Ref{m.d.ID}
	if l := m.d.Length; l != nil {
		refs = append(refs, &frame.Ref{At: l.At, Type: l.Type})
		for i := range l.Sum {
			refs = append(refs, &l.Sum[i])
		}
	}
	for _, r := range refs {
		if r != nil {
			head = max(head, r.At+refBytes(r.Type))
		}
	}
	return head
}

func refBytes(text string) int {
	t, err := frame.ParseType(text)
	if err != nil {
		return 1
	}
	return t.Bytes()
}
