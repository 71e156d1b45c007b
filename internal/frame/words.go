package frame

import (
	"fmt"
	"strconv"
	"strings"
)

// words are the types that Python's struct does not have: a word and a number.
var words = []struct { //nolint:gochecknoglobals // a table that is only read
	word  string
	most  int
	units string
	atom  atom // of which size or bits are still to be multiplied
}{
	{"u", 64, "bits", atom{kind: rawUint, run: true}},
	{"i", 64, "bits", atom{kind: rawInt, run: true}},
	{"bcd", mostBCD, "bytes", atom{kind: rawUint, form: formBCD}},
	{"midi", mostMidi, "bytes", atom{kind: rawUint, form: formMidi}},
	{"hex", maxText / 2, "bytes", atom{kind: rawText, form: formHex}},
}

// cutWord reads one of words; without one, rest is empty. In Python's struct
// the number of "i4s" counts what follows: so it does here.
func cutWord(text string) (one atom, rest string, err *typeError) {
	for _, w := range words {
		behind, ok := strings.CutPrefix(text, w.word)
		digits := len(behind) - len(strings.TrimLeft(behind, "0123456789"))
		if !ok || digits == 0 || w.word != "u" && w.word != "midi" && pythonLetter(behind[digits:]) {
			continue
		}
		n, bad := strconv.Atoi(behind[:digits])
		if bad != nil || n < 1 || n > w.most {
			return atom{}, "", &typeError{want: fmt.Sprintf("%s1 to %s%d", w.word, w.word, w.most),
				cure: "the number counts its " + w.units}
		}
		one := w.atom
		switch {
		case one.run:
			one.bits, one.size = uint8(n), (n+7)/8
		case one.form == formMidi:
			one.bits, one.size = uint8(7*n), n
		default:
			one.size = n
		}
		return one, behind[digits:], nil
	}
	return atom{}, text, nil
}

func pythonLetter(text string) bool {
	return text != "" && (letters[text[0]].size > 0 || strings.ContainsRune("spnNP", rune(text[0])))
}

// word writes back what cutWord read, or "".
func (a atom) word() string {
	for _, w := range words {
		switch {
		case w.atom.kind != a.kind || w.atom.run != a.run || w.atom.form != a.form && !a.run:
		case a.run:
			return fmt.Sprint(w.word, a.bits)
		case w.atom.form != formWhole:
			return fmt.Sprint(w.word, a.size)
		}
	}
	return ""
}
