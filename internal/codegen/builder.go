package codegen

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"serialgw/internal/frame"
)

// builder makes items and members of a message's fields.
type builder struct {
	members []*member
	used    map[string]bool
}

// items makes the items of fields from byte data on; within a group, of each
// repetition.
func (b *builder) items(key string, fields []frame.Field, data int, group *item) ([]*item, error) {
	var out []*item
	for i, p := range frame.Places(data, fields) {
		f := fields[i]
		if f.Skip != 0 || f.Expr != "" && f.Type == "" {
			continue // 0 on the line, or nowhere on it
		}
		it := &item{Field: f, pos: p, key: fmt.Sprintf("%s[%d]", key, i), n: max(f.Count, 1), many: f.Count > 0 || f.Repeat != ""}
		if f.Name != "" {
			it.key = f.Name
		}
		if err := b.fill(it, group); err != nil {
			return nil, fmt.Errorf("%s: %w", it.key, err)
		}
		out = append(out, it)
	}
	return out, nil
}

// fill gives an item its members.
func (b *builder) fill(it *item, group *item) error {
	if it.Repeat != "" {
		it.n = it.Max
	}
	switch {
	case group != nil && (it.many || len(it.Group) > 0 || it.pos.Type.Bits == 0):
		return fmt.Errorf("a repeat or a text of its own length inside a group cannot be generated")
	case len(it.Group) > 0:
		return b.group(it)
	case it.Const != nil:
		return nil
	case len(it.Flags) > 0:
		return b.flags(it, group)
	}
	if it.Repeat != "" && it.Repeat != "rest" {
		if err := b.counted(it, it.Repeat); err != nil {
			return err
		}
	}
	n := 0
	switch {
	case group != nil:
		n = group.n
	case it.pos.Type.Bits == 0: // a text: its bytes are one value
	case it.many:
		n = it.n
	}
	switch {
	case len(it.Names) > 0 && it.Repeat == "":
		for _, name := range it.Names {
			it.members = append(it.members, b.member(name, it, 0, -1))
		}
	case it.Name == "_":
		if it.Repeat != "" {
			return fmt.Errorf("values without a name that repeat cannot be generated")
		}
	default:
		it.members = []*member{b.member(it.property(), it, n, -1)}
		if n > 0 {
			it.members[0].list = it
		}
	}
	if it.Repeat == "rest" {
		it.count = b.member(it.property()+"_count", nil, 0, -1)
	}
	return nil
}

// property returns the name of the values together.
func (it *item) property() string {
	switch {
	case it.Name != "":
		return it.Name
	case len(it.Names) > 0:
		return strings.TrimRight(it.Names[0], "0123456789")
	}
	return "value"
}

// group gives each field of a group an array.
func (b *builder) group(it *item) error {
	if it.Repeat != "" && it.Repeat != "rest" {
		if err := b.counted(it, it.Repeat); err != nil {
			return err
		}
	}
	if it.pos.Size == 0 {
		return fmt.Errorf("a group of changing size cannot be generated")
	}
	var err error
	if it.group, err = b.items(it.key, it.Group, 0, it); err != nil {
		return err
	}
	for _, one := range it.group {
		for _, m := range one.members {
			m.list = it
		}
	}
	if it.Repeat == "rest" {
		it.count = b.member("count", nil, 0, -1)
	}
	return nil
}

// counted finds the member that says how many there are.
func (b *builder) counted(it *item, name string) error {
	i := slices.IndexFunc(b.members, func(m *member) bool { return m.prop == name && m.n == 0 && m.bit < 0 })
	if i < 0 {
		return fmt.Errorf("repeat = %q: no earlier field of that name", name)
	}
	it.count = b.members[i]
	return nil
}

// flags gives each bit a member.
func (b *builder) flags(it *item, group *item) error {
	n := 0
	if group != nil {
		n = group.n
	}
	for _, text := range slices.SortedFunc(maps.Keys(it.Flags), byNumber) {
		bit, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("flags: %w", err)
		}
		it.members = append(it.members, b.member(it.Flags[text], it, n, bit))
	}
	return nil
}

func (b *builder) member(prop string, it *item, n, bit int) *member {
	m := &member{name: unique(identifier(strings.TrimLeft(prop, "_")), b.used), prop: prop, it: it, n: n, bit: bit}
	b.members = append(b.members, m)
	return m
}

// reserved are the words of C, Python and Lua that no identifier may be, and
// the names that generated code uses itself.
var reserved = strings.Fields( //nolint:gochecknoglobals // a table that is only read
	`auto break case char const continue default do double else enum extern float for goto if
	inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void
	volatile while bool true false NULL False None True and as assert async await class def del elif except finally
	from global import in is lambda nonlocal not or pass raise try with yield end function local nil repeat then
	until v f n p i k buf put struct_ uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t size_t
	asm linux unix errno`)

// identifier makes a name one that C, Python and Lua take.
func identifier(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	out := b.String()
	if out == "" || out[0] >= '0' && out[0] <= '9' {
		out = "f_" + out
	}
	if slices.Contains(reserved, out) {
		out += "_"
	}
	return out
}

// unique adds underscores until a name is new.
func unique(name string, used map[string]bool) string {
	for used[name] {
		name += "_"
	}
	used[name] = true
	return name
}
