package frame

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// rawKind says how the bytes of a value are read.
type rawKind uint8

const (
	rawPad rawKind = iota
	rawUint
	rawInt
	rawFloat // IEEE 754: 2, 4 or 8 bytes
	rawBool
	rawText
)

// atom is one value of a struct string.
type atom struct {
	size   int    // bytes that it has, or touches
	perm   uint32 // formOrder
	signAt uint16 // signField: the slot that is its sign
	bits   uint8  // numbers: how many bits it has; BCD: 0
	shift  uint8  // formBits: bits of its bytes below it
	kind   rawKind
	form   form
	sign   signMode
	big    bool
	run    bool // it may begin at any bit
}

// head reports whether an id, a length or a sequence number may be such.
func (a atom) head() bool {
	return a.kind == rawUint && a.form == formWhole && a.size <= 4 && a.bits%8 == 0
}

func (a atom) integer() bool { return a.kind == rawInt || a.kind == rawUint }

// letters are Python's struct letters in their standard sizes; l and L are
// four bytes on every host.
var letters = map[byte]atom{ //nolint:gochecknoglobals // a table that is only read
	'x': {kind: rawPad, size: 1}, 'c': {kind: rawText, size: 1}, '?': {kind: rawBool, size: 1},
	'b': {kind: rawInt, size: 1, bits: 8}, 'B': {kind: rawUint, size: 1, bits: 8},
	'h': {kind: rawInt, size: 2, bits: 16}, 'H': {kind: rawUint, size: 2, bits: 16},
	'i': {kind: rawInt, size: 4, bits: 32}, 'I': {kind: rawUint, size: 4, bits: 32},
	'l': {kind: rawInt, size: 4, bits: 32}, 'L': {kind: rawUint, size: 4, bits: 32},
	'q': {kind: rawInt, size: 8, bits: 64}, 'Q': {kind: rawUint, size: 8, bits: 64},
	'e': {kind: rawFloat, size: 2, bits: 16}, 'f': {kind: rawFloat, size: 4, bits: 32}, 'd': {kind: rawFloat, size: 8, bits: 64},
}

const (
	wantType = `a type such as "<h", ">H", "B", "<f", "<u24", "?" or "4s"`
	// maxAtoms and maxText bound what one mistyped count can make Compile build.
	maxAtoms = 1024
	maxText  = 1024
)

// typeError is what is wrong with a type, and the cure where there is one.
type typeError struct{ want, cure string }

func (e *typeError) Error() string { return e.want }

// parseStruct reads a Python struct string: "<bbhhhhb", ">4sH", "<u24".
// Without a prefix it is little-endian; see also refuseNative. [WIRE-8]
func parseStruct(text string) ([]atom, *typeError) {
	rest, big, err := cutOrder(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	var out []atom
	for rest != "" {
		if rest[0] == ' ' {
			rest = rest[1:]
			continue
		}
		var run []atom
		if run, rest, err = nextAtoms(rest); err != nil {
			return nil, err
		}
		out = append(out, run...)
		if len(out) > maxAtoms {
			return nil, &typeError{want: fmt.Sprintf("at most %d values", maxAtoms)}
		}
	}
	for i := range out {
		out[i].big = big
	}
	return out, nil
}

func cutOrder(text string) (rest string, big bool, err *typeError) {
	if text == "" {
		return "", false, &typeError{want: wantType}
	}
	switch text[0] {
	case '<':
		return text[1:], false, nil
	case '>', '!':
		return text[1:], true, nil
	case '@', '=':
		return "", false, &typeError{
			want: `the byte order "<" or ">"`,
			cure: `native alignment and order depend on the board; write "<" and add x pad bytes`,
		}
	}
	return text, false, nil
}

// nextAtoms reads one letter with its repeat count.
func nextAtoms(text string) (run []atom, rest string, err *typeError) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	count := 1
	if digits > 0 {
		n, bad := strconv.Atoi(text[:digits])
		if bad != nil || n > maxAtoms {
			return nil, "", &typeError{want: fmt.Sprintf("a repeat count of at most %d", maxAtoms)}
		}
		count = n
	}
	text = text[digits:]
	if text == "" {
		return nil, "", &typeError{want: "a letter after the repeat count"}
	}
	one, rest, err := oneAtom(text)
	if err != nil {
		return nil, "", err
	}
	if one.kind == rawText && one.size == 0 { // s and z: the count is the length
		if one.form == formZ && digits == 0 {
			return nil, "", &typeError{want: wantType}
		}
		if count == 0 {
			return nil, "", &typeError{want: fmt.Sprintf("text of 1 to %d bytes", maxText)}
		}
		one.size = count
		return []atom{one}, rest, nil
	}
	for range count {
		run = append(run, one)
	}
	return run, rest, nil
}

func oneAtom(text string) (one atom, rest string, err *typeError) {
	if one, rest, err = cutWord(text); err != nil || one.size > 0 {
		return one, rest, err
	}
	switch {
	case text[0] == 's':
		return atom{kind: rawText}, text[1:], nil
	case text[0] == 'z':
		return atom{kind: rawText, form: formZ}, text[1:], nil
	case strings.ContainsRune("nNP", rune(text[0])):
		return atom{}, "", &typeError{want: wantType,
			cure: text[:1] + " has the size of a pointer, which depends on the board; write I or Q"}
	case text[0] == 'p':
		return atom{}, "", &typeError{want: wantType, cure: "p, a Pascal string, is not supported; write s"}
	case strings.ContainsRune("<>!@=", rune(text[0])):
		return atom{}, "", &typeError{want: wantType, cure: "the byte order stands once, in front"}
	}
	one, ok := letters[text[0]]
	if !ok {
		return atom{}, "", &typeError{want: wantType}
	}
	return one, text[1:], nil
}

// number is an unsigned integer inside the frame's head.
type number struct {
	at, size int
	big      bool
	mask     *byteMask // it stands in masked data; nil: it does not
}

func (n *number) end() int { return n.at + n.size }

// get reads the number; the frame must hold it.
func (n *number) get(b []byte) uint64 {
	if n.mask != nil {
		return n.unmasked(b[n.at : n.at+n.size])
	}
	return loadUint(b[n.at:n.at+n.size], n.big)
}

func (n *number) unmasked(b []byte) uint64 {
	var plain [8]byte
	for i := range b {
		plain[i] = n.mask.undo(b[i])
	}
	return loadUint(plain[:len(b)], n.big)
}

// in returns the number's bytes in a whole frame, from whose end at may count;
// nil when the frame is too short.
func (n *number) in(frame []byte) []byte {
	at := resolveAt(n.at, len(frame))
	if at < 0 || at+n.size > len(frame) {
		return nil
	}
	return frame[at : at+n.size]
}

// load reads the number from its bytes, store writes it.
func (n *number) load(b []byte) uint64 {
	if n.mask != nil {
		return n.unmasked(b)
	}
	return loadUint(b, n.big)
}

func (n *number) store(b []byte, v uint64) {
	storeUint(b, v, n.big)
	if n.mask != nil {
		for i := range b {
			b[i] = n.mask.do(b[i])
		}
	}
}

// loadUint reads an unsigned integer of 1 to 8 bytes.
func loadUint(b []byte, big bool) uint64 {
	if big {
		switch len(b) {
		case 1:
			return uint64(b[0])
		case 2:
			return uint64(binary.BigEndian.Uint16(b))
		case 3:
			return uint64(binary.BigEndian.Uint16(b))<<8 | uint64(b[2])
		case 4:
			return uint64(binary.BigEndian.Uint32(b))
		case 5, 6, 7:
			return loadLong(b, true)
		}
		return binary.BigEndian.Uint64(b)
	}
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 3:
		return uint64(binary.LittleEndian.Uint16(b)) | uint64(b[2])<<16
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 5, 6, 7:
		return loadLong(b, false)
	}
	return binary.LittleEndian.Uint64(b)
}

// storeUint writes the low bytes of v, as many as b has.
func storeUint(b []byte, v uint64, big bool) {
	for i := range b {
		if big {
			b[len(b)-1-i] = byte(v)
		} else {
			b[i] = byte(v)
		}
		v >>= 8
	}
}
