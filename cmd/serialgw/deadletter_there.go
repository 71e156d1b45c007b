package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"serialgw/internal/gateway"
)

// none says that there are dead letters and none was chosen, and which there
// are; else it is nil.
func (s *letterStatus) none(pick gateway.LetterPick) error {
	if s.Letters > 0 || len(s.all) == 0 {
		return nil
	}
	what, there := "", make(map[string]bool)
	if pick.Identifier != "" {
		what = fmt.Sprintf(" of identifier %q", pick.Identifier)
	}
	if pick.Code != nil {
		what += fmt.Sprintf(" with code %d", *pick.Code)
	}
	for key := range s.all {
		switch {
		case pick.Code == nil:
			there[key.identifier] = true
		case pick.Identifier == "":
			there[fmt.Sprint(key.code)] = true
		default:
			there[fmt.Sprintf("%s with code %d", key.identifier, key.code)] = true
		}
	}
	return fmt.Errorf("no dead letter%s; there are: %s", what, strings.Join(slices.Sorted(maps.Keys(there)), ", "))
}

// lettersKept counts the dead letters of a state directory without reading what
// they say: each is a line that ends in a brace.
func lettersKept(dir string) (n uint64, err error) {
	for _, name := range []string{lettersName + ".1", lettersName} {
		file, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return n, fmt.Errorf("cannot count the dead letters: %w", err)
		}
		lines, err := countLines(file)
		_ = file.Close() // it was read only
		if n += lines; err != nil {
			return n, fmt.Errorf("cannot count the dead letters: %w", err)
		}
	}
	return n, nil
}

// countLines counts the ends of whole lines.
func countLines(r io.Reader) (n uint64, err error) {
	end := []byte("}\n")
	buf := make([]byte, 64<<10)
	kept := 0 // the last byte of the part before, at the front
	for {
		got, err := r.Read(buf[kept:])
		part := buf[:kept+got]
		n += uint64(bytes.Count(part, end)) //nolint:gosec // not negative
		if kept = 0; len(part) > 0 {
			buf[0], kept = part[len(part)-1], 1
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
