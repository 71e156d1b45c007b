package main

import (
	"fmt"
	"strings"
)

// texture is what the bytes of a file look like as a whole. Programs that show
// text may have written it, and such programs change bytes.
type texture struct {
	seen     int64
	other    bool // some are no text
	high     bool // some are above 7F
	nul      bool
	lf, bare int64 // 0A, and those without 0D before
	cr       int64
	afterCR  bool
}

func (t *texture) see(b []byte) {
	t.seen += int64(len(b))
	for _, c := range b {
		switch {
		case c == '\n':
			t.lf++
			if !t.afterCR {
				t.bare++
			}
		case c == '\r':
			t.cr++
		case c == 0:
			t.nul, t.other = true, true
		case c > '~':
			t.other, t.high = true, t.high || c > 0x7F
		case c < ' ' && c != '\t':
			t.other = true
		}
		t.afterCR = c == '\r'
	}
}

// isText reports whether all bytes seen were printable.
func (t *texture) isText() bool { return t.seen > 0 && !t.other }

// translated is the explained ratio below which the cause may be that the bytes
// were changed.
const translated = 0.9

const (
	manyLines = 8    // line ends that may all be alike by chance
	manyBytes = 4096 // that may all lack one value by chance
)

// translation says by what a terminal program seems to have changed the bytes;
// "" = by nothing.
func (t *texture) translation() string {
	if !t.other {
		return ""
	}
	var signs []string
	if t.lf >= manyLines && t.bare == 0 {
		signs = append(signs, fmt.Sprintf("each of %d bytes 0A has a 0D before it", t.lf))
	}
	if t.lf >= 2*manyLines && t.cr == 0 {
		signs = append(signs, fmt.Sprintf("there are %d bytes 0A and no 0D", t.lf))
	}
	if t.seen >= manyBytes && !t.nul {
		signs = append(signs, fmt.Sprintf("none of %d bytes is 00", t.seen))
	}
	if t.seen >= manyBytes && !t.high {
		signs = append(signs, fmt.Sprintf("none of %d bytes is above 7F", t.seen))
	}
	if len(signs) == 0 {
		return ""
	}
	return "the program that wrote the file may have changed the bytes: " + strings.Join(signs, "; ") + "; serialgw record keeps them as they are"
}
