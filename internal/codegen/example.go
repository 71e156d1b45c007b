package codegen

import (
	"fmt"
	"slices"
	"strings"

	"serialgw/internal/frame"
)

// exampleMost is how many values an example of C gives at most.
const exampleMost = 3

// cExample writes how a program sends a message.
func (m *model) cExample(one *message) []string {
	var out []string
	var args []string
	for _, v := range one.members {
		if v.arg {
			args = append(args, v.sample(m.sync))
		}
	}
	inside := one.inStruct()
	if len(inside) > 0 {
		out = append(out, fmt.Sprintf("struct %s v;", one.ident), "memset(&v, 0, sizeof v);")
		args = append(args, "&v")
	}
	for _, v := range inside[:min(len(inside), exampleMost)] {
		index := ""
		if v.n > 0 {
			index = "[0]"
		}
		if v.it != nil && v.bit < 0 && v.it.isText() {
			index += "[0]"
		}
		out = append(out, fmt.Sprintf("v.%s%s = %s;", v.name, index, v.sample(m.sync)))
	}
	return append(out, fmt.Sprintf("%s_send(%s);", one.ident, strings.Join(append(args, "uart_put"), ", ")))
}

// sample is one value that C and Python take; one that stands in sync is what
// sync has there.
func (m *member) sample(sync []byte) string {
	switch {
	case m.it == nil:
		return "1"
	case m.bit >= 0 || m.it.pos.Type.Kind == frame.TypeBool:
		return "true"
	case m.it.isText():
		return "'A'"
	case m.it.isFloat():
		return "1.5"
	case !m.it.pos.Loose && m.it.pos.At >= 0 && m.it.pos.At < len(sync) && m.it.pos.Size == 1 && m.list == nil:
		return fmt.Sprintf("0x%02X", sync[m.it.pos.At])
	}
	if keys := m.it.mapKeys(); len(keys) > 0 && !slices.Contains(keys, "1") {
		return cNumber(keys[0])
	}
	return "1"
}

// pyExample writes the call of a message's function.
func (m *model) pyExample(one *message) string {
	var args []string
	for _, p := range one.members {
		if p.it == nil {
			continue
		}
		v := p.sample(m.sync)
		switch v {
		case "true":
			v = "True"
		case "'A'":
			v = `b"A"`
		}
		if p.n > 0 {
			n := p.n
			if p.list.count != nil {
				n = 1
			}
			v = "[" + strings.TrimSuffix(strings.Repeat(v+", ", n), ", ") + "]"
		}
		args = append(args, p.name+"="+v)
	}
	return fmt.Sprintf("%s(%s)", one.ident, strings.Join(args, ", "))
}
