package infer_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/infer"
	"serialgw/internal/protogen"
)

// TestUnseen_Fields: of the values that a draft calls likely, four in five at least
// are a value of the invented protocol, or the lower bytes of one whose higher bytes
// never change; and a good part of the values of several bytes are called so.
func TestUnseen_Fields(t *testing.T) {
	count := uint64(12)
	if testing.Short() {
		count = 3
	}
	var likely, right, long int
	for seed := uint64(41001); seed < 41001+count; seed++ {
		p := protogen.New(seed)
		r := infer.Infer(p.Stream(2000, 0))
		if score := p.Judge(claimOf(r)); !score.Sync.Good() || !score.Size.Good() {
			continue
		}
		truth := fieldsByID(p.Description())
		for id, fields := range truth {
			for _, f := range fields {
				if f.size > 1 {
					long++
				}
			}
			for at, kind := range likelyFields(t, r.Draft, id) {
				likely++
				if holdsAny(fields, spotOf(at, kind)) {
					right++
				} else {
					t.Logf("protocol %d, message %d: no %s at %d in %v", seed, id, kind, at, fields)
				}
			}
		}
	}
	t.Logf("%d of %d likely values right, %d values of several bytes", right, likely, long)
	if 5*right < 4*likely || 4*likely < long {
		t.Errorf("%d of %d likely values are right, of %d", right, likely, long)
	}
}

// spot is a value's place in a frame.
type spot struct {
	at, size   int
	big, float bool
}

func spotOf(at int, kind string) spot {
	s := spot{at: at, big: kind[0] == '>'}
	switch strings.TrimLeft(kind, "<>") {
	case "b", "B":
		s.size = 1
	case "h", "H":
		s.size = 2
	case "f":
		s.size, s.float = 4, true
	default:
		s.size = 4
	}
	return s
}

// holdsAny reports whether one of the fields is the spot, or an integer whose lower
// bytes are.
func holdsAny(fields []spot, s spot) bool {
	for _, f := range fields {
		low := f.at
		if f.big {
			low += f.size - s.size
		}
		if f == s || !f.float && !s.float && f.size > s.size && low == s.at && f.big == s.big {
			return true
		}
	}
	return false
}

// fieldsByID places the fields of each message; a protocol without ids has -1.
func fieldsByID(d frame.Description) map[int][]spot {
	out := map[int][]spot{}
	place := func(id int, fields []frame.Field) {
		at := d.Data
		for _, f := range fields {
			if f.Repeat != "" {
				break
			}
			s := spotOf(at, f.Type)
			out[id] = append(out[id], s)
			at += s.size
		}
	}
	if len(d.Messages) == 0 {
		place(-1, d.Fields)
	}
	for _, m := range d.Messages {
		place(m.ID[0], m.Fields)
	}
	return out
}

var likelyField = regexp.MustCompile(`\{ name = "(?:m(\w\w)_)?v(\d+)", type = "([^"]+)".*# .*likely`)

// likelyFields returns the types of a message's values that the draft calls
// likely, by their places.
func likelyFields(t *testing.T, draft string, id int) map[int]string {
	t.Helper()
	out, prefix := map[int]string{}, ""
	if id >= 0 {
		prefix = fmt.Sprintf("%02X", id)
	}
	for _, m := range likelyField.FindAllStringSubmatch(draft, -1) {
		at, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if m[1] == prefix {
			out[at] = m[3]
		}
	}
	return out
}
