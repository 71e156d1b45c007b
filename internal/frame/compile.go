package frame

import (
	"fmt"
	"slices"
	"time"
)

// maxTotal bounds a frame, and with it what a scanner holds back.
const maxTotal = 1 << 16

// compiler turns one description into a plan.
type compiler struct {
	mistakes
	d      *Description
	p      *Plan
	length *lengthField // the frame's own
	head   int          // bytes of sync, id and length
	// badCheck: a check is written, but wrongly. Rules for frames without a
	// check keep silent, for they would report a mistake that is not there.
	badCheck bool
}

// Compile makes a plan of a description whose preset has been resolved with
// Over. It reports every mistake at once; with any, the plan is nil. name is
// the frame's name, and that of its message when it has only fields.
func Compile(name string, d Description) (*Plan, Errors) {
	c := &compiler{d: &d, p: &Plan{name: name, strict: d.Strict, varint: -1}}
	c.marks()
	c.stuffing()
	c.numbers()
	c.lines()
	c.compileChecks()
	c.unmasking()
	c.messages()
	c.shapes()
	c.checkVarint()
	c.checkInserted()
	if len(c.list) > 0 {
		return nil, c.list
	}
	c.p.doubt = c.p.doubtAfter()
	c.p.whole = c.p.stuff.delimited()
	c.p.other = c.p.stuff.kind != stuffNone || c.p.viewed()
	c.p.plainFrames()
	c.p.steadyFrames()
	return c.p, nil
}

// doubtAfter returns how much noise makes a frame doubtful. A check of 16 bits
// alone, without one fixed byte in sync, lets a frame pass in every few hundred
// kilobytes of noise. With a weaker check readings out of noise are the user's
// choice, and frames between other data more likely than noise.
func (p *Plan) doubtAfter() uint64 {
	const much = 64 << 10
	fixed := slices.ContainsFunc(p.sync, func(b bytePattern) bool { return b.literal })
	if fixed || p.pieces || p.stuff.delimited() || p.CheckBits() < 16 {
		return 0
	}
	return much
}

// marks compiles sync, end, idle and gap_ms.
func (c *compiler) marks() {
	var err error
	if c.p.sync, err = parsePattern(c.d.Sync); err != nil {
		c.add("sync", quote(c.d.Sync), `bytes such as "AA 55", "5?" or "03|04"`, err.Error())
	}
	if c.p.end, err = parseHex(c.d.End); err != nil {
		c.add("end", quote(c.d.End), `bytes such as "0D 0A"`, "")
	}
	idle, err := parseHex(c.d.Idle)
	if err != nil {
		c.add("idle", quote(c.d.Idle), `bytes such as "FF 00"`, "")
	}
	for _, b := range idle {
		c.p.idle[b], c.p.hasIdle = true, true
	}
	c.p.skips = c.d.Resync == "skip"
	if c.d.Resync != "" && c.d.Resync != "rescan" && !c.p.skips {
		c.add("resync", quote(c.d.Resync), `"rescan" or "skip"`, nearest(c.d.Resync, []string{"rescan", "skip"}))
	}
	if !(c.d.GapMS >= 0 && c.d.GapMS <= 60_000) {
		c.add("gap_ms", fmt.Sprint(c.d.GapMS), "0 to 60000 ms", "")
		return
	}
	c.p.gap = time.Duration(c.d.GapMS * float64(time.Millisecond))
}

// numbers compiles length, id and seq.
func (c *compiler) numbers() {
	c.head = len(c.p.sync)
	if c.d.Size < 0 || c.d.Size > maxTotal {
		c.add("size", fmt.Sprint(c.d.Size), fmt.Sprintf("1 to %d bytes", maxTotal), "")
	}
	if c.d.Max < 0 || c.d.Max > maxTotal {
		c.add("max", fmt.Sprint(c.d.Max), fmt.Sprintf("1 to %d bytes", maxTotal), "")
	}
	if c.d.Size != 0 && c.d.Length != nil {
		c.add("size", "size and length", "one of them", "a message may still have its own size")
	}
	c.length = c.lengthField("length", c.d.Length)
	if c.d.ID != nil {
		c.p.id = c.number("id", *c.d.ID, false)
		c.head = max(c.head, c.p.id.end())
	}
	if c.d.Seq != nil {
		c.p.seq = c.number("seq", *c.d.Seq, true)
	}
}

// number compiles a Ref. It always returns one, so that later steps can go on.
func (c *compiler) number(key string, r Ref, fromEnd bool) *number {
	text := r.Type
	if text == "" {
		text = "B"
	}
	n := &number{at: r.At, size: 1}
	atoms, err := parseStruct(text)
	switch {
	case err != nil:
		c.add(key+".type", quote(text), `an unsigned integer such as "B", "<H" or ">I"`, err.cure)
	case len(atoms) != 1 || !atoms[0].head():
		c.add(key+".type", quote(text), `an unsigned integer of at most 4 bytes such as "B", "<H" or ">I"`, "")
	default:
		n.size, n.big = atoms[0].size, atoms[0].big
	}
	if r.At > maxTotal || r.At < -maxTotal || (r.At < 0 && !fromEnd) {
		c.add(key+".at", fmt.Sprint(r.At), "an offset from the first sync byte", "")
		n.at = 0
	}
	return n
}

func (c *compiler) lengthField(key string, l *Length) *lengthField {
	if l == nil {
		return nil
	}
	out := &lengthField{mul: int64(l.Mul), add: int64(l.Add), varint: l.Type == "varint"}
	text := l.Type
	if out.varint {
		text = "B"
		if c.p.varint >= 0 && c.p.varint != l.At {
			c.add(key+".at", fmt.Sprint(l.At), "one place for every varint length of a frame", "")
		}
		c.p.varint = l.At
	}
	if l.Mul == 0 {
		out.mul = 1
	}
	if l.Mul < 0 || l.Mul > maxTotal {
		c.add(key+".mul", fmt.Sprint(l.Mul), fmt.Sprintf("1 to %d", maxTotal), "")
	}
	if l.Add < -maxTotal || l.Add > maxTotal {
		c.add(key+".add", fmt.Sprint(l.Add), fmt.Sprintf("at most %d", maxTotal), "")
	}
	out.refs = []number{*c.number(key, Ref{At: l.At, Type: text}, false)}
	for i, r := range l.Sum {
		out.refs = append(out.refs, *c.number(fmt.Sprintf("%s.sum[%d]", key, i), r, false))
	}
	for i := range out.refs {
		out.end = max(out.end, out.refs[i].end())
		if out.varint && i > 0 && out.refs[i].at > l.At {
			c.add(fmt.Sprintf("%s.sum[%d].at", key, i-1), fmt.Sprint(out.refs[i].at), "a place before the varint length", "")
		}
	}
	out.one = len(out.refs) == 1 && out.refs[0].size == 1 && out.mul == 1 && !out.varint
	return out
}

// messages compiles what the frames carry.
func (c *compiler) messages() {
	if len(c.d.Messages) == 0 {
		one := Message{Name: c.p.name, Struct: c.d.Struct, Names: c.d.Names, Fields: c.d.Fields}
		if one.Struct == "" && len(one.Fields) == 0 {
			c.add("fields", "", "fields, a struct with names, or [[message]] tables", "")
			return
		}
		c.message("", one)
		return
	}
	if c.d.Struct != "" || len(c.d.Fields) > 0 || len(c.d.Names) > 0 {
		c.add("fields", "fields beside [[message]]", "one of them", "move them into a message")
	}
	seen := map[string]int{}
	for i, m := range c.d.Messages {
		prefix := fmt.Sprintf("message[%d].", i)
		if m.Name == "" {
			c.add(prefix+"name", "no name", "a name", "")
		} else if before, ok := seen[m.Name]; ok {
			c.add(prefix+"name", quote(m.Name), "a name used once", fmt.Sprintf("message[%d] has it too", before))
		}
		seen[m.Name] = i
		c.message(prefix, m)
	}
}

// message compiles one message and the shape of its frames.
func (c *compiler) message(prefix string, m Message) {
	if c.p.split > 0 && m.Struct != "" {
		c.add(prefix+"struct", "struct beside split", "fields of type num, int, hex, str or _", "")
		return
	}
	out := &MessagePlan{Name: m.Name, IDs: slices.Clone(m.ID), Turn: m.Turn}
	c.p.turned = c.p.turned || m.Turn != ""
	c.identity(prefix, m)
	l := &layout{m: &c.mistakes, checked: c.p.Checked() || c.badCheck}
	l.line, l.zeroFill, l.counters = c.p.split > 0, m.ZeroFill || c.d.ZeroFill, &c.p.counters
	data := c.d.Data
	if m.Struct == "" && data == 0 {
		data = len(c.p.sync)
	}
	if m.Data != nil {
		data = *m.Data
	}
	if data < 0 || data > maxTotal {
		c.add(prefix+"data", fmt.Sprint(data), fmt.Sprintf("0 to %d", maxTotal), "")
		data = 0
	}
	if out.shape.data = data; l.line {
		data = 0
	}
	l.build(content{prefix: prefix, data: data, text: m.Struct, names: m.Names, fields: m.Fields})
	if !l.line {
		c.keepOffSync(prefix, m, l)
	}
	out.slots, out.props, out.inputs = l.slots, l.props, l.inputs
	out.parts = l.extended || l.zeroFill || l.line
	l.constants(&out.shape)
	c.p.masked.constants(&out.shape)
	c.together(prefix, l)
	if m.CRCExtra != nil {
		out.shape.extra, out.shape.hasExtra = byte(*m.CRCExtra), true
	}
	if c.firstPiece(prefix, m, out); l.line {
		c.lineShape(prefix, m, l, &out.shape)
	} else {
		c.shape(prefix, m, l, &out.shape, data)
	}
	if !l.line {
		c.shorten(out)
	}
	c.p.messages = append(c.p.messages, out)
}

// shorten finds the short ways of a message's slots, and which slots behind each
// other decodeParts can take at once.
func (c *compiler) shorten(m *MessagePlan) {
	for i, s := range slices.Backward(m.slots) {
		m.slots[i].shorten()
		if s.more != nil || s.hidden || s.input > 0 {
			continue
		}
		m.slots[i].alike = 1
		if next := i + 1; next < len(m.slots) && m.slots[next].behind == s.behind && m.slots[next].in == s.in {
			m.slots[i].alike += m.slots[next].alike
		}
	}
	m.pairs = pairsOf(m.slots)
}

// identity checks id, turn and crc_extra.
func (c *compiler) identity(prefix string, m Message) {
	if len(m.ID) > 0 && c.p.id == nil {
		c.add(prefix+"id", fmt.Sprint(m.ID), "id = { at = ... } in the frame", "say where the id stands")
	}
	for _, id := range m.ID {
		if c.p.id != nil && (id < 0 || uint64(id) >= 1<<(8*c.p.id.size)) {
			c.add(prefix+"id", fmt.Sprint(id), fmt.Sprintf("a number of %d bytes", c.p.id.size), "")
		}
	}
	if m.Turn != "" && m.Turn != "request" && m.Turn != "reply" {
		c.add(prefix+"turn", quote(m.Turn), `"request" or "reply"`, nearest(m.Turn, []string{"request", "reply"}))
	}
	needs := slices.ContainsFunc(c.d.Check, func(k Check) bool { return k.Extra != "" })
	switch {
	case m.CRCExtra != nil && (*m.CRCExtra < 0 || *m.CRCExtra > 255):
		c.add(prefix+"crc_extra", fmt.Sprint(*m.CRCExtra), "0 to 255", "")
	case m.CRCExtra == nil && needs:
		c.add(prefix+"crc_extra", "none", "0 to 255", "the check takes one more byte from each message")
	case m.CRCExtra != nil && !needs:
		c.add(prefix+"crc_extra", fmt.Sprint(*m.CRCExtra), `extra = "crc_extra" in a check`, "")
	}
}
