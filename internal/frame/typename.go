package frame

import (
	"fmt"
	"strconv"
	"strings"
)

// TypeKind says how the bytes of a value are meant.
type TypeKind uint8

// The kinds of value that a type can name; docs/frames.md says what each is.
const (
	TypeUint  TypeKind = iota
	TypeInt            // two's complement
	TypeFloat          // IEEE 754: 16, 32 or 64 bits
	TypeBool
	TypeBCD   // two decimal digits a byte
	TypeMidi  // seven bits a byte
	TypeHex   // text: the bytes in hexadecimal
	TypeText  // text, trailing NULs cut off
	TypeTextZ // text up to the first NUL
)

// Type is a type of the frame language, taken apart, for those who write
// other languages out of a description.
type Type struct {
	Kind TypeKind
	Bits int  // width on the line; 0: text of a length of its own
	Big  bool // ">"
	Run  bool // uN or iN: joins a run of bits where it stands on no byte's border
}

// Bytes returns the whole bytes that the value takes.
func (t Type) Bytes() int { return (t.Bits + 7) / 8 }

// Ordered reports whether "<" and ">" make a difference.
func (t Type) Ordered() bool {
	switch t.Kind {
	case TypeBool, TypeHex, TypeText, TypeTextZ:
		return false
	}
	return t.Bits != 8 || t.Run
}

// Text writes the type as a field has it, always with its byte order where
// that makes a difference.
func (t Type) Text(word string) string {
	word = strings.TrimLeft(strings.TrimSpace(word), "<>!")
	switch {
	case !t.Ordered():
		return word
	case t.Big:
		return ">" + word
	}
	return "<" + word
}

// ParseType reads the type of one field: "<h", ">u12", "bcd4", "8s" ... A line
// of text has types of its own, which it does not know.
func ParseType(text string) (Type, error) {
	word, big, bad := cutOrder(strings.TrimSpace(text))
	if bad != nil {
		return Type{}, bad
	}
	t := Type{Big: big}
	if kind, rest, ok := cutKind(word); ok {
		n, err := strconv.Atoi(rest)
		t.Kind, t.Bits, t.Run = kind, n, kind == TypeUint || kind == TypeInt
		if !t.Run {
			t.Bits *= 8
		}
		if err == nil && n > 0 && (!t.Run || n <= 64) && n <= maxText {
			return t, nil
		}
		return Type{}, fmt.Errorf("%q is no type", text)
	}
	if word == "s" || word == "z" {
		t.Kind = map[string]TypeKind{"s": TypeText, "z": TypeTextZ}[word]
		return t, nil
	}
	if rest, ok := strings.CutSuffix(word, "z"); ok {
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 || n > maxText {
			return Type{}, fmt.Errorf("%q is no type", text)
		}
		return Type{Kind: TypeTextZ, Bits: 8 * n}, nil
	}
	atoms, bad := parseStruct(text)
	if bad != nil {
		return Type{}, bad
	}
	if len(atoms) != 1 || atoms[0].kind == rawPad {
		return Type{}, fmt.Errorf("%q is not one value", text)
	}
	t.Bits = 8 * atoms[0].size
	t.Kind = map[rawKind]TypeKind{rawUint: TypeUint, rawInt: TypeInt, rawFloat: TypeFloat,
		rawBool: TypeBool, rawText: TypeText}[atoms[0].kind]
	return t, nil
}

// cutKind parts a type such as u12 or bcd4 into its kind and its number.
func cutKind(word string) (kind TypeKind, number string, ok bool) {
	for prefix, kind := range map[string]TypeKind{
		"u": TypeUint, "i": TypeInt, "bcd": TypeBCD, "midi": TypeMidi, "hex": TypeHex,
	} {
		rest, found := strings.CutPrefix(word, prefix)
		if found && rest != "" && strings.Trim(rest, "0123456789") == "" {
			return kind, rest, true
		}
	}
	return 0, "", false
}
