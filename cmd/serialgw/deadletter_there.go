package main

import (
	"fmt"
	"maps"
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

// lettersKept counts the dead letters of a state directory.
func lettersKept(dir string) (n uint64, err error) {
	for l, err := range gateway.Letters(filepath.Join(dir, lettersName)) {
		if err != nil {
			return n, fmt.Errorf("cannot count the dead letters: %w", err)
		}
		if l.Err == nil {
			n++
		}
	}
	return n, nil
}
