package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

const (
	fieldsOf = lengthy + "fields = [{ name = \"n\", type = \"B\" }, "
	lineOf   = "sync = \"24\"\nend = \"0A\"\nsplit = \",\"\nmax = 40\ncheck = { kind = \"xor8\", form = \"hex\" }\n"
)

// TestStructure_Mistakes: each wrong use of the structure keys, and all that is
// said about it.
func TestStructure_Mistakes(t *testing.T) {
	many := func(n int, one string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(one, i, i))
		}
		return strings.Join(all, ", ")
	}
	for _, row := range []struct{ source, want string }{
		{fieldsOf + `{ name = "v", type = "B", repeat = "m", max = 3 }]`, `fields[1].repeat: found "m", want "rest" or the name of an earlier integer field`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "n" }]`, `fields[1].max: found 0, want 1 to 1024; repeat must say the most there can be`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "n", max = 1025 }]`, `fields[1].max: found 1025, want 1 to 1024; repeat must say the most there can be`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "n", count = 2, max = 3 }]`, `fields[1].repeat: found repeat and count, want one of them`},
		{fieldsOf + `{ name = "v", type = "B", max = 3 }]`, `fields[1].max: found 3, want max beside repeat only`},
		{fieldsOf + `{ name = "v", type = "u4", repeat = "n", max = 3 }]`, `fields[1].type: found "u4", want whole bytes beside repeat by a field; a group may hold several`},
		{fieldsOf + `{ names = ["a", "b"], type = "B", repeat = "n", max = 3 }]`, `fields[1].names: found 2 names, want 3`},
		{fieldsOf + `{ name = "m", type = "<h" }, { name = "v", type = "B", repeat = "m", max = 3 }]`, `fields[2].repeat: found "m", want a plain unsigned integer at a place from the front; without scale, map, when or counter, outside a repeat`},
		{fieldsOf + `{ name = "m", type = "B", scale = 0.1 }, { name = "v", type = "B", repeat = "m", max = 3 }]`, `fields[2].repeat: found "m", want a plain unsigned integer at a place from the front; without scale, map, when or counter, outside a repeat`},
		{fieldsOf + `{ name = "m", expr = "n" }, { name = "v", type = "B", repeat = "m", max = 3 }]`, `fields[2].repeat: found "m", want a plain unsigned integer at a place from the front; without scale, map, when or counter, outside a repeat`},
		{fieldsOf + `{ name = "m", type = "B", repeat = "n", max = 2 }, { name = "v", type = "B", repeat = "m0", max = 3 }]`, `fields[2].repeat: found "m0", want a plain unsigned integer at a place from the front; without scale, map, when or counter, outside a repeat`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "n", max = 2 }, { name = "z", type = "B", at = 3 }]`, `fields[2].at: found 3, want a place in front of 3, or from the end; what stands behind a repeat moves; leave at out`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "n", max = 2, at = -4 }]`, `fields[1].at: found -4, want an offset from the front beside repeat`},
		{fieldsOf + `{ skip = 1 }, { name = "v", type = "B", repeat = "n", max = 2 }, { name = "z", type = "<I", at = 2 }]`, `fields[3].at: found offset 6, want a value that ends in front of the repeat at 4`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "n", max = 2 }, { name = "a", type = "B", at = 2 }, { name = "w", type = "B", repeat = "n", max = 2 }]`, `fields[3].repeat: found a place in front of another repeat, want repeats in the order of their places`},
		{fieldsOf + many(9, `{ name = "v%d_", type = "B", repeat = "n", max = 2 }, { name = "w%d", type = "B" }`) + `]`, `fields[17].repeat: found 9 of them, want at most 8 parts of a length of their own`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "rest", max = 2 }, { name = "w", type = "B" }]`, `fields[2]: found a field after repeat, want nothing after repeat = "rest"`},
		{fieldsOf + `{ name = "v", type = "B", repeat = "n", max = 600 }, { name = "w", type = "B", count = 600 }]`, `fields[2].name: found 1025 values, want at most 1024 in a message`},
		{fieldsOf + `{ repeat = "n", max = 600, group = [{ name = "v", type = "B" }, { name = "w", type = "B" }] }]`, `fields[1].group[1].name: found 1025 values, want at most 1024 in a message`},

		{fieldsOf + `{ group = [{ name = "v", type = "B" }] }]`, `fields[1].count: found none, want count or repeat beside group`},
		{fieldsOf + `{ count = 2, group = [] }]`, `fields[1].group: found no fields, want one or more`},
		{fieldsOf + `{ count = 2, group = [{ name = "_x", expr = "n" }] }]`, `fields[1].group: found no bytes, want fields with bytes`},
		{fieldsOf + `{ count = 2, name = "g", group = [{ name = "v", type = "B" }] }]`, `fields[1].group: found group beside keys of one value, want group with count or repeat, max and at; give these keys to its fields`},
		{fieldsOf + `{ count = 2, group = [{ count = 2, group = [{ name = "v", type = "B" }] }] }]`, `fields[1].group[0]: found group or repeat within a group, want values, or count of one type; a group is not repeated within another`},
		{fieldsOf + `{ count = 2, group = [{ name = "v", type = "B", repeat = "n", max = 2 }] }]`, `fields[1].group[0]: found group or repeat within a group, want values, or count of one type; a group is not repeated within another`},
		{fieldsOf + `{ count = 2, group = [{ name = "v", type = "B", at = 4 }] }]`, `fields[1].group[0].at: found 4, want no place of its own within a group; skip leaves bytes out`},
		{fieldsOf + `{ count = 2, group = [{ name = "v", type = "B" }] }, { name = "v1", type = "B" }]`, `fields[2].name: found "v1", want a name used once in a message; it also stands in fields[1].group[0].name`},
		{fieldsOf + `{ count = 2, group = [{ name = "v", type = "w" }] }]`, `fields[1].group[0].type: found "w", want ` + wantTypeText},

		{fieldsOf + `{ name = "t", type = "s" }]`, `fields[1].type: found "s", want a length as in "8s"; or repeat = "rest", or the earlier field that says it`},
		{fieldsOf + `{ name = "t", type = "s", repeat = "n" }]`, `fields[1].max: found 0, want 1 to 1024 bytes; how long can the text be?`},
		{fieldsOf + `{ name = "t", type = "z" }]`, `fields[1].max: found 0, want 1 to 1024 bytes; how long can the text be?`},
		{fieldsOf + `{ name = "t", type = "z", repeat = "n", max = 9 }]`, `fields[1].repeat: found "n", want no repeat beside "z"; the text ends with its NUL`},
		{fieldsOf + `{ name = "t", type = "z", count = 2, max = 9 }]`, `fields[1].count: found 2, want one text`},
		{fieldsOf + `{ type = "z", max = 9 }]`, `fields[1].name: found no name, want a name`},
		{fieldsOf + `{ count = 2, group = [{ name = "t", type = "z", max = 9 }] }]`, `fields[1].group[0].type: found "z", want a length as in "8s" within a group`},
		{fieldsOf + `{ name = "t", type = "z", max = 9, at = -9 }]`, `fields[1].at: found -9, want an offset from the front`},

		{fieldsOf + `{ name = "e", expr = "n +" }]`, `fields[1].expr: found "n +" at character 4, want a number, a name or "("`},
		{fieldsOf + `{ name = "e", expr = "m" }]`, `fields[1].expr: found "m" at character 1, want the name of an earlier field`},
		{fieldsOf + `{ name = "e", expr = "1 + e" }]`, `fields[1].expr: found "1 + e" at character 5, want the name of an earlier field`},
		{fieldsOf + `{ name = "t", type = "4s" }, { name = "e", expr = "t" }]`, `fields[2].expr: found "t" at character 1, want a number; t is a text`},
		{fieldsOf + `{ expr = "n" }]`, `fields[1].name: found no name, want a name`},
		{fieldsOf + `{ name = "e", type = "B", expr = "n" }]`, `fields[1].expr: found expr beside keys of bytes, want name, unit, digits, range and when`},
		{fieldsOf + `{ name = "e", expr = "n", digits = 19 }]`, `fields[1].digits: found 19, want 0 to 18`},
		{fieldsOf + `{ name = "e", expr = "n", range = [2, 1] }]`, `fields[1].range: found [2 1], want [low, high]`},
		{fieldsOf + `{ name = "w", type = "B", when = "n >" }]`, `fields[1].when: found "n >" at character 4, want a number, a name or "("`},
		{fieldsOf + `{ type = "B", const = 1, when = "n" }]`, `fields[1].const: found 1, want const without when and counter; a constant has no value to send`},
		{`sync = "AA"` + "\n" + `fields = [{ name = "_a", type = "B" }, { name = "e", expr = "_a" }]`, `fields[1].range: found e without bounds, want range, const, map or flags; the frame has no check, so only bounds can tell a damaged value`},

		{fieldsOf + `{ name = "c", type = "h", counter = true }]`, `fields[1].counter: found true, want an unsigned integer type beside counter`},
		{fieldsOf + `{ name = "c", type = "Q", counter = true }]`, `fields[1].counter: found true, want a number at most 2^61; a counter of 8 bytes does not start again`},
		{fieldsOf + `{ name = "c", type = "B", counter = 257 }]`, `fields[1].counter: found 257, want true, or 2 to 256, at most 2^61; the number of values that the counter has`},
		{fieldsOf + `{ name = "c", type = "B", counter = "x" }]`, `fields[1].counter: found x, want true, or the number after which the counter starts at 0 again`},

		{checked + "[[frame.x.message]]\nname = \"m\"\nzero_fill = true\nfields = [{ name = \"a\", type = \"B\" }]", `message[0].zero_fill: found neither length nor end, want one of them, so that a frame can be shorter than its fields`},
		{lengthy + "zero_fill = true\nfields = [{ name = \"a\", type = \"B\", repeat = \"rest\", max = 2 }]", `zero_fill: found zero_fill beside repeat = "rest", want one of them`},
		{lengthy + "[[frame.x.message]]\nname = \"m\"\nzero_fill = true\nfields = [{ name = \"a\", type = \"B\", repeat = \"rest\", max = 2 }]", `message[0].zero_fill: found zero_fill beside repeat = "rest", want one of them`},

		{lineOf + `fields = [{ name = "v", type = "B" }]`, `fields[0].type: found "B", want num, int, hex, str or _ beside split`},
		{lineOf + `fields = [{ name = "v", type = "num", at = 1 }]`, `fields[0]: found at, bit, order, sign, encoding or const, want none of them beside split; the pieces are the fields, in order`},
		{lineOf + `fields = [{ name = "v", type = "str", map = { 1 = "N", 2 = "N" } }]`, `fields[0].map: found "N", want a text for each number beside str; it stands for 1 and 2`},
		{lineOf + `fields = [{ name = "v", type = "num", scale = 2 }]`, `fields[0].scale: found scale or offset, want neither beside num; expr computes with it`},
		{lineOf + `fields = [{ name = "n", type = "int" }, { name = "v", type = "num", repeat = "n", max = 3 }]`, `fields[1].repeat: found "n", want "rest" or count in a line of text`},
		{lineOf + "size = 9\nfields = [{ name = \"v\", type = \"num\" }]", `split: found split beside size or length, want end alone; a line ends with its end marker`},
		{lineOf + "id = { at = 1 }\nfields = [{ name = \"v\", type = \"num\" }]", `split: found split beside id or seq, want first in the messages`},
		{lineOf + "struct = \"<B\"\nnames = [\"v\"]", `struct: found struct beside split, want fields of type num, int, hex, str or _`},
		{strings.Replace(lineOf, `end = "0A"`, "", 1) + `fields = [{ name = "v", type = "num" }]`, `end: found none, want the line's end marker, "0A" or "0D 0A"`},
		{strings.Replace(lineOf, "max = 40", "", 1) + `fields = [{ name = "v", type = "num" }]`, `max: found none, want the longest line in bytes, with its end marker`},
		{strings.Replace(lineOf, "max = 40", "max = 4", 1) + `fields = [{ name = "v", type = "num" }]`, `max: found 4, want at least 5; the shortest line has so many bytes`},
		{strings.Replace(lineOf, `split = ","`, `split = ", "`, 1) + `fields = [{ name = "v", type = "num" }]`, `split: found ", ", want one character such as ",", ";" or " "; no digit, point or sign`},
		{strings.Replace(lineOf, `split = ","`, `split = "."`, 1) + `fields = [{ name = "v", type = "num" }]`, `split: found ".", want one character such as ",", ";" or " "; no digit, point or sign`},
		{lineOf + "label = \",\"\nfields = [{ name = \"v\", type = \"num\" }]", `label: found ",", want another character than split`},
		{checked + "label = \":\"\nfields = [{ name = \"v\", type = \"B\" }]", `label: found ":", want label beside split only`},
		{"end = \"0A\"\nsplit = \",\"\nmax = 40\nfields = [{ name = \"v\", type = \"num\" }]", `fields[0].range: found v without bounds, want range, const, map or flags; the frame has no check, so only bounds can tell a damaged value`},
		{"end = \"0A\"\nsplit = \",\"\nmax = 40\nfields = [{ name = \"v\", type = \"str\" }]", `fields[0].range: found v without bounds, want range, const, map or flags; the frame has no check, so only bounds can tell a damaged value`},
		{lineOf + "[[frame.x.message]]\nname = \"m\"\nfirst = \"A,B\"\nfields = [{ name = \"v\", type = \"num\" }]", `message[0].first: found "A,B", want one piece, without ","`},
		{lineOf + "[[frame.x.message]]\nname = \"m\"\nid = 3\nfields = [{ name = \"v\", type = \"num\" }]", "message[0].id: found [3], want id = { at = ... } in the frame; say where the id stands\nmessage[0].first: found size, length, struct, id, turn or crc_extra beside split, want first"},
		{lineOf + "[[frame.x.message]]\nname = \"m\"\nfields = [{ name = \"v\", type = \"num\" }]\n[[frame.x.message]]\nname = \"o\"\nfirst = \"A\"\nfields = [{ name = \"v\", type = \"num\" }]", `message[0].first: found none, want first, or this message as the last; it would take the lines of those behind it`},
		{lineOf + "[[frame.x.message]]\nname = \"m\"\nfields = [{ name = \"v\", type = \"num\" }]\n[[frame.x.message]]\nname = \"o\"\nfields = [{ name = \"v\", type = \"num\" }]", `message: found 2 messages without first, want at most one, the last; first tells messages apart`},
		{lengthy + "[[frame.x.message]]\nname = \"m\"\nfirst = \"A\"\nfields = [{ name = \"v\", type = \"B\" }]", `message[0].first: found "A", want first beside split only`},
		{lineOf + "[[frame.x.message]]\nname = \"m\"", `message[0].fields: found no fields, want one for each piece; type = "_" for one that is no property`},
		{strings.Replace(lineOf, `form = "hex"`, `form = "dec"`, 1) + `fields = [{ name = "v", type = "num" }]`, `check[0].form: found "dec", want "hex"`},
	} {
		if got := mistakesOf(t, row.source); got != row.want {
			t.Errorf("%s\n got %s\nwant %s", row.source, got, row.want)
		}
	}
}

const wantTypeText = `a type such as "<h", ">H", "B", "<f", "<u24", "?" or "4s"`

// TestStructure_InputsAreBounded: an expression may take 256 inputs a message.
func TestStructure_InputsAreBounded(t *testing.T) {
	compile := func(n int) frame.Errors {
		d := frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}}
		for i := range n {
			d.Fields = append(d.Fields, frame.Field{Name: fmt.Sprint("v", i), Type: "B"}, frame.Field{Name: fmt.Sprint("e", i), Expr: fmt.Sprint("v", i)})
		}
		_, errs := frame.Compile("x", d)
		return errs
	}
	if errs := compile(256); errs != nil {
		t.Errorf("256 inputs: %v", errs)
	}
	if errs := compile(257); len(errs) != 1 || !strings.Contains(errs.Error(), "at most 256 different inputs") {
		t.Errorf("257 inputs: got %v", errs)
	}
}
