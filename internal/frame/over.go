package frame

import "slices"

// Over returns base changed by d: a key given in d replaces base's, a message
// replaces the message of the same name, and those of new names go first, so
// that an id is first what d says.
// Size and length replace each other, and so do struct, fields and messages.
// Examples are d's alone, because they belong to what they were written for.
func (d Description) Over(base Description) Description {
	out := base
	out.Examples = d.Examples
	replace(&out.Title, d.Title)
	replace(&out.Source, d.Source)
	replace(&out.Likely, d.Likely)
	replace(&out.Sync, d.Sync)
	if d.Size != 0 || d.Length != nil {
		out.Size, out.Length = d.Size, d.Length
	}
	replace(&out.End, d.End)
	replace(&out.Max, d.Max)
	if len(d.Check) > 0 {
		out.Check = d.Check
	}
	if d.ID != nil {
		out.ID = d.ID
	}
	if d.Seq != nil {
		out.Seq = d.Seq
	}
	replace(&out.Idle, d.Idle)
	replace(&out.GapMS, d.GapMS)
	replace(&out.Strict, d.Strict)
	replace(&out.ZeroFill, d.ZeroFill)
	if d.Stuff != nil {
		out.Stuff = d.Stuff
	}
	if d.Unmask != nil {
		out.Unmask = d.Unmask
	}
	replace(&out.Resync, d.Resync)
	replace(&out.Split, d.Split)
	replace(&out.Label, d.Label)
	replace(&out.Data, d.Data)
	d.contentOver(&out)
	return out
}

// contentOver replaces what the frame says, as opposed to how it is found.
func (d Description) contentOver(out *Description) {
	switch {
	case d.Struct != "":
		out.Struct, out.Names, out.Fields, out.Messages = d.Struct, d.Names, d.Fields, nil
	case len(d.Fields) > 0:
		out.Fields = d.Fields
		if slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Type != "" }) {
			out.Struct, out.Names = "", nil
		}
		out.Messages = nil
	case len(d.Names) > 0:
		out.Names = d.Names
	}
	if len(d.Messages) == 0 {
		return
	}
	if len(out.Messages) == 0 {
		out.Struct, out.Names, out.Fields = d.Struct, d.Names, d.Fields
	}
	messages, own := slices.Clone(out.Messages), []Message(nil)
	for _, m := range d.Messages {
		same := func(o Message) bool { return o.Name == m.Name }
		if i := slices.IndexFunc(messages, same); i >= 0 {
			messages[i] = m
		} else {
			own = append(own, m)
		}
	}
	out.Messages = append(own, messages...)
}

func replace[T comparable](to *T, from T) {
	var zero T
	if from != zero {
		*to = from
	}
}
