package codegen

import (
	"fmt"
	"strconv"
	"strings"

	"serialgw/internal/frame"
)

// model is a description with everything said, as the generators need it.
type model struct {
	name     string
	ident    string // the name as an identifier
	d        frame.Description
	plan     *frame.Plan
	sync     []byte
	end      []byte
	trailer  int // bytes of checks and end marker behind the data
	checks   []sum
	messages []*message
}

// sum is one check.
type sum struct {
	frame.Check
	size int
	at   int
	over []slice
	crc  *frame.CRC // nil: another kind
}

// slice is a Python slice; toEnd: "2:".
type slice struct {
	from, to int
	toEnd    bool
}

// message is one kind of frame.
type message struct {
	frame.Message
	ident    string
	id       int
	hasID    bool
	min, max int // bytes without escapes, as sent
	fixed    bool
	data     int
	items    []*item
	members  []*member
}

// item is one field.
type item struct {
	frame.Field
	pos     frame.Place
	key     string
	members []*member // flags: one a bit; names: one a value; else one, or none
	n       int       // values; with repeat the most
	many    bool      // count or repeat: the member is an array
	count   *member   // repeat: how many there are
	group   []*item
}

// member is one value, or array, that a program gives for a message.
type member struct {
	name string // as an identifier
	prop string // as the description calls it
	it   *item  // nil: how many of a repeat there are
	n    int    // elements of an array; 0: one value
	bit  int    // flags: which; else -1
	// arg: an id that the description does not say. C takes it as an argument of
	// its own: in a struct one that is forgotten would silently be 0.
	arg bool
	// list is the field whose count or repeat makes it an array; nil: one value.
	list *item
}

// newModel expands and compiles a description.
func newModel(name string, d frame.Description) (*model, error) {
	expanded, errs := frame.Expand(name, d)
	if len(errs) > 0 {
		return nil, errs
	}
	plan, errs := frame.Compile(name, expanded)
	if len(errs) > 0 {
		return nil, errs
	}
	m := &model{name: name, ident: identifier(name), d: expanded, plan: plan,
		sync: plan.SyncBytes(), end: plan.EndBytes(), trailer: plan.Trailer()}
	if d.Split != "" {
		return nil, fmt.Errorf("split: lines of text cannot be generated; a line is written with printf")
	}
	if err := m.makeChecks(); err != nil {
		return nil, err
	}
	idents := map[string]bool{}
	for i, one := range expanded.Messages {
		out, err := m.makeMessage(one, plan.Messages()[i])
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", one.Name, err)
		}
		out.ident = unique(out.ident, idents)
		m.messages = append(m.messages, out)
	}
	return m, nil
}

func (m *model) makeChecks() error {
	for _, k := range m.d.Check {
		c, err := frame.NewChecksum(k)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		s := sum{Check: k, size: c.Size(), at: *k.At}
		s.Kind = c.Name()
		if crc, ok := c.CRC(); ok {
			s.crc = &crc
		}
		if k.Form != "" {
			return fmt.Errorf("check: form = %q cannot be generated", k.Form)
		}
		for _, text := range k.Over {
			one, err := parseSlice(text)
			if err != nil {
				return err
			}
			s.over = append(s.over, one)
		}
		m.checks = append(m.checks, s)
	}
	return nil
}

func parseSlice(text string) (slice, error) {
	from, to, _ := strings.Cut(text, ":")
	var s slice
	var err error
	s.toEnd = strings.TrimSpace(to) == ""
	for _, side := range []struct {
		text string
		n    *int
	}{{from, &s.from}, {to, &s.to}} {
		if text := strings.TrimSpace(side.text); text != "" && err == nil {
			*side.n, err = strconv.Atoi(text)
		}
	}
	return s, err
}

func (m *model) makeMessage(d frame.Message, plan *frame.MessagePlan) (*message, error) {
	out := &message{Message: d, data: *d.Data, ident: m.ident + "_" + identifier(d.Name)}
	if d.Name == m.name {
		out.ident = m.ident
	}
	out.ZeroFill = d.ZeroFill || m.d.ZeroFill
	if len(d.ID) > 0 {
		out.id, out.hasID = d.ID[0], true
	}
	b := builder{used: map[string]bool{}}
	var err error
	if out.items, err = b.items("fields", d.Fields, out.data, nil); err != nil {
		return nil, err
	}
	out.members = b.members
	m.addRef(out, &b, "id", m.d.ID, !out.hasID)
	m.addRef(out, &b, "seq", m.d.Seq, true)
	out.min, _ = plan.Sizes()
	out.max = out.reach(m.trailer)
	out.fixed = !out.varies()
	if out.ZeroFill && out.fixed {
		out.min = out.max // what is generated sends the zeros at the end too
	}
	size := d.Size
	if size == 0 && d.Length == nil {
		size = m.d.Size
	}
	if size > 0 {
		out.min, out.max = size, size
	}
	out.max = max(out.max, out.min)
	if out.fixed {
		out.max = out.min
	}
	return out, nil
}

// addRef makes a member of the id or the sequence number where no field
// stands in its place and the description does not say its value.
func (m *model) addRef(out *message, b *builder, name string, r *frame.Ref, wanted bool) {
	if r == nil || !wanted {
		return
	}
	for _, it := range out.items {
		if it.pos.At == r.At && len(it.members) > 0 && !it.pos.Run && !it.pos.Loose {
			return
		}
	}
	at := r.At
	f := frame.Field{Name: name, Type: r.Type, At: &at}
	it := &item{Field: f, pos: frame.Places(0, []frame.Field{f})[0], key: name, n: 1}
	it.members = []*member{b.member(name, it, 0, -1)}
	it.members[0].arg = r == m.d.ID
	out.items = append(out.items, it)
	out.members = b.members
}

// varies reports whether frames of the message have several sizes.
func (m *message) varies() bool {
	for _, it := range m.items {
		if it.Repeat != "" || it.pos.Type.Bits == 0 && it.hasType() {
			return true
		}
	}
	return false
}

// hasType reports whether the field has bytes of a type of its own.
func (it *item) hasType() bool { return len(it.group) == 0 && it.Type != "" }

// reach returns the most bytes that the fields make a frame have.
func (m *message) reach(trailer int) int {
	end, base := 0, 0
	for _, it := range m.items {
		if !it.pos.Loose {
			base = 0
		}
		if it.pos.At < 0 {
			continue
		}
		at := base + it.pos.At + it.most()
		if it.Repeat != "" || it.pos.Type.Bits == 0 && it.hasType() {
			base = at
		}
		end = max(end, at)
	}
	return end + trailer
}

// most returns the most bytes that the values of a field have.
func (it *item) most() int {
	switch {
	case it.pos.Run:
		return (it.pos.Bit + it.n*it.pos.Type.Bits + 7) / 8
	case it.hasType() && it.pos.Type.Bits == 0:
		return it.Max
	}
	return it.n * it.pos.Size
}
