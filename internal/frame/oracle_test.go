package frame_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

var oracleCases = flag.Int("oracle", 200, "descriptions that the second implementation draws") //nolint:gochecknoglobals // a flag

// oracleCase is a description with frames and a line, and what the second
// implementation, testdata/python/oracle.py, makes of them.
type oracleCase struct {
	Description frame.Description
	Frames      []oracleFrame
	Stream      *struct {
		Line  string
		Found []string
	}
}

type oracleFrame struct {
	Wire    string // bytes said to be one whole frame
	OK      bool   // they are
	Message string
	Values  map[string]*string // null: no value
	Back    string             // what Encode makes of the values; "": not told
	// Computed values are no values of Encode.
	Computed []string
}

// TestOracle holds the whole language against a second implementation that was
// written from docs/frames.md alone: what is a frame, what it says, what is
// encoded, and which frames are found in a damaged line.
func TestOracle(t *testing.T) {
	n := 0
	tally := map[string]int{}
	pythonCases(t, "oracle.py", fewerIfShort(*oracleCases), func(c oracleCase) {
		n++
		tally["lines"] += b2i(c.Description.Split != "")
		fixNumbers(c.Description)
		p, errs := frame.Compile("x", c.Description)
		if errs != nil {
			tally["refused descriptions"]++
			t.Errorf("%v\n%s", errs, shown(c.Description))
			return
		}
		decoder := p.NewDecoder()
		for _, f := range c.Frames {
			if problem := compareOracle(p, decoder, f, tally); problem != "" {
				t.Errorf("%s\n%s\n%s", problem, f.Wire, shown(c.Description))
				return
			}
		}
		if c.Stream != nil {
			tally["streams"]++
			line := fromHex(t, c.Stream.Line)
			if parts := foundIn(p, slices.Collect(slices.Chunk(line, 1+n%7))...); len(p.Messages()) == 1 && !slices.Equal(parts, c.Stream.Found) {
				t.Errorf("in %s, a few bytes at a time\n got %q\nwant %q\n%s", c.Stream.Line, parts, c.Stream.Found, shown(c.Description))
			}
			if got := foundIn(p, line); !slices.Equal(got, c.Stream.Found) {
				t.Errorf("in %s\n got %q\nwant %q\n%s", c.Stream.Line, got, c.Stream.Found, shown(c.Description))
			}
		}
	})
	t.Logf("%d descriptions, %v", n, tally)
}

// fixNumbers makes integers of what JSON has made floats.
func fixNumbers(d frame.Description) {
	for _, m := range d.Messages {
		for i := range m.Fields {
			if f, ok := m.Fields[i].Counter.(float64); ok {
				m.Fields[i].Counter = int64(f)
			}
		}
	}
}

func shown(d frame.Description) string {
	b, err := json.Marshal(d)
	if err != nil {
		return err.Error()
	}
	var generic any
	if err := json.Unmarshal(b, &generic); err != nil {
		return err.Error()
	}
	b, _ = json.Marshal(withoutEmpty(generic))
	return string(b)
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, x any) bool { return x == nil || x == "" || x == 0.0 || x == false })
		for k := range v {
			v[k] = withoutEmpty(v[k])
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return v
}

// compareOracle returns what differs, or "".
func compareOracle(p *frame.Plan, decoder *frame.Decoder, f oracleFrame, tally map[string]int) string {
	wire, err := hex.DecodeString(f.Wire)
	if err != nil {
		return err.Error()
	}
	parsed, err := p.Parse(wire)
	if (err == nil) != f.OK {
		return fmt.Sprintf("parsed: %v, the oracle says it is a frame: %v", err, f.OK)
	}
	if !f.OK {
		tally["refused"]++
		return ""
	}
	tally["accepted"]++
	if parsed.Message == nil {
		tally["unknown"]++
		if f.Message != "" {
			return "an unknown message, want " + f.Message
		}
		return ""
	}
	var r reading.Reading
	absent := decoder.Decode(parsed, &r)
	if r.Message != f.Message {
		return fmt.Sprintf("message %s, want %s", r.Message, f.Message)
	}
	got := values(r)
	missing := 0
	for name, want := range f.Values {
		v, ok := got[name]
		missing += b2i(want == nil)
		if ok != (want != nil) || ok && !saysOracle(v, *want) {
			return fmt.Sprintf("%s is %v (%v), want %s", name, v, ok, deref(want))
		}
	}
	tally["values"] += len(got)
	tally["absent"] += missing
	for name := range got {
		if _, ok := f.Values[name]; !ok {
			return fmt.Sprintf("%s is %v, which should not be there", name, got[name])
		}
	}
	if absent.Total() != missing {
		return fmt.Sprintf("absent %+v, want %d", absent, missing)
	}
	if problem := workedOn(p, parsed, got); problem != "" {
		return problem
	}
	if f.Back == "" {
		return ""
	}
	for _, name := range f.Computed {
		delete(got, name)
	}
	tally["encoded"]++
	b, err := p.Encode(nil, r.Message, got)
	switch back, _ := hex.DecodeString(f.Back); {
	case f.Back == "refused" && err == nil:
		return fmt.Sprintf("encoded % x, want an error", b)
	case f.Back != "refused" && (err != nil || !bytes.Equal(b, back)):
		return fmt.Sprintf("encoded % x (%v), want % x\n%v", b, err, back, got)
	}
	return ""
}

// workedOn does with a frame what replay, sim and the tools do: it is sealed
// and numbered again and put back on the line, and read under other names. The
// values stay.
func workedOn(p *frame.Plan, f *frame.Frame, want map[string]reading.Value) string {
	id := 0
	if len(f.Message.IDs) > 0 {
		id = f.Message.IDs[len(f.Message.IDs)-1]
	}
	b := slices.Clone(f.Bytes)
	if err := p.Seal(b, f.Message, id); err != nil {
		return err.Error()
	}
	if p.Numbered() != p.Renumber(b, f.Message, 0x55) {
		return "not numbered again"
	}
	other := p.Renamed(func(name string) string { return "other_" + name })
	again, err := other.Parse(p.Wire(nil, b))
	if err != nil {
		return fmt.Sprintf("sealed and numbered again, % x is no frame: %v", b, err)
	}
	var r, renamed reading.Reading
	before := p.Decode(f, &r)
	after := other.Decode(again, &renamed)
	named := map[string]reading.Value{}
	for name, v := range values(r) {
		named["other_"+name] = v
	}
	if before != after || !maps.Equal(values(renamed), named) || len(want) != len(named) {
		return fmt.Sprintf("sealed and numbered again, % x says %v, not %v", b, values(renamed), named)
	}
	return ""
}

func saysOracle(v reading.Value, want string) bool {
	switch {
	case strings.HasPrefix(want, "text "):
		return v.Kind == reading.Text && v.Str() == want[5:]
	case strings.HasPrefix(want, "float "):
		f, err := strconv.ParseFloat(want[6:], 64)
		return err == nil && v.Float() == f
	}
	return v.Kind != reading.Text && v.String() == want
}

// foundIn returns the frames of a line that comes in so many reads.
func foundIn(p *frame.Plan, reads ...[]byte) []string {
	s := frame.NewScanner(p, 0)
	found := []string{}
	take := func() {
		for s.Scan() {
			found = append(found, hex.EncodeToString(s.Frame().Bytes))
		}
	}
	for _, read := range reads {
		s.Feed(reading.Chunk{Bytes: read})
		take()
	}
	s.Flush()
	take()
	return found
}
