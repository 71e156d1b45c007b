package codegen

import (
	"fmt"
	"strings"
)

// writer collects lines of code.
type writer struct {
	b      strings.Builder
	indent string
	unit   string // what one step of indentation is
}

// line writes one line, indented; an empty one is not.
func (w *writer) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text == "" {
		w.b.WriteString("\n")
		return
	}
	for one := range strings.SplitSeq(text, "\n") {
		if one != "" {
			one = w.indent + one
		}
		w.b.WriteString(one + "\n")
	}
}

// in writes what body writes one step further in.
func (w *writer) in(body func()) {
	before := w.indent
	w.indent += w.unit
	body()
	w.indent = before
}

// add writes an offset behind an expression: "f + 4", "f + p - 1", "f".
func add(base string, offset int) string {
	switch {
	case offset == 0:
		return base
	case offset < 0:
		return fmt.Sprintf("%s - %d", base, -offset)
	}
	return fmt.Sprintf("%s + %d", base, offset)
}
