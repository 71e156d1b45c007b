package frame_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// pythonSeed makes Python draw the same cases each time.
const pythonSeed = "5"

// pythonCases runs a program of testdata/python and gives each line of its
// output to take. There is no other Python in the tests, so that where there is
// none at all they still run.
func pythonCases[T any](t *testing.T, program string, cases int, take func(T)) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the values are not compared with Python's arithmetic")
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", filepath.Join("testdata", "python", program), strconv.Itoa(cases), pythonSeed)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(bufio.NewReader(out))
	for {
		var one T
		if err := lines.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s: %v\n%s", program, err, &stderr)
		}
		take(one)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, &stderr)
	}
}

// fewerIfShort is how many cases to draw: a tenth with -test.short, which is for
// the race detector and for emulated processors.
func fewerIfShort(cases int) int {
	if testing.Short() {
		return cases / 10
	}
	return cases
}

type pythonLayout struct {
	Fields []struct {
		Type, Order, Sign string
		At, Bit           *int
	}
	Frames []pythonFrame
}

type pythonFrame struct {
	Hex, Back string
	Want      []*string // null: no value
}

// TestPython_Values: numbers of any width at any bit in both orders, runs of
// them, whole bytes, word orders, BCD, seven bits a byte and signs are what
// Python's int.from_bytes and struct say, and are written back the same.
// [WIRE-8] [WIRE-15] [WIRE-16]
func TestPython_Values(t *testing.T) {
	frames, values, layouts := 0, 0, map[string]int{}
	pythonCases(t, "values.py", fewerIfShort(100_000), func(c pythonLayout) {
		d := frame.Description{Size: len(c.Frames[0].Hex)/2 + 1, Check: []frame.Check{{Kind: "sum8"}}}
		for i, f := range c.Fields {
			d.Fields = append(d.Fields, frame.Field{Name: fmt.Sprint("v", i), Type: f.Type, Order: f.Order, Sign: f.Sign, At: f.At, Bit: f.Bit})
		}
		p, errs := frame.Compile("x", d)
		if errs != nil {
			t.Fatalf("%+v: %v", d.Fields, errs)
		}
		for _, f := range c.Frames {
			what := func() string { return fmt.Sprintf("%+v", c.Fields) }
			comparePython(t, p, f, what)
			values += len(f.Want)
		}
		frames += len(c.Frames)
		layouts[strings.TrimLeft(strings.TrimRight(c.Fields[0].Type, "0123456789"), "<>")]++
	})
	if frames != fewerIfShort(100_000) || values <= frames || len(layouts) < 10 {
		t.Errorf("%d frames, %d values, first types %v", frames, values, layouts)
	}
	t.Logf("%d frames, %d values", frames, values)
}

// comparePython decodes one frame, whose last byte is a sum of the others, and
// encodes it again.
func comparePython(t *testing.T, p *frame.Plan, f pythonFrame, what func() string) {
	t.Helper()
	parsed, err := p.Parse(withSum(t, f.Hex))
	if err != nil {
		t.Fatalf("%s %s: %v", what(), f.Hex, err)
	}
	var r reading.Reading
	absent := p.Decode(parsed, &r)
	got, infos, missing := values(r), p.Messages()[0].Properties(), 0
	for i, want := range f.Want {
		v, given := got[infos[i].Name]
		if want == nil {
			missing++
		}
		if given != (want != nil) || given && !saysPython(v, *want) {
			t.Errorf("%s %s: value %d is %v, Python says %s", what(), f.Hex, i, v, deref(want))
		}
	}
	if absent.NaN != missing || absent != (frame.Absent{NaN: missing}) {
		t.Errorf("%s %s: absent %+v, want %d NaN", what(), f.Hex, absent, missing)
	}
	if missing > 0 {
		return // Encode wants every value
	}
	b, err := p.Encode(nil, "x", got)
	if want := withSum(t, f.Back); err != nil || !slices.Equal(b, want) {
		t.Errorf("%s %v: encoded % X (%v), Python % X", what(), got, b, err, want)
	}
}

// saysPython compares a value with what Python wrote of it.
func saysPython(v reading.Value, want string) bool {
	switch v.Kind {
	case reading.Float32, reading.Float64:
		f, err := strconv.ParseFloat(want, 64)
		return err == nil && f == v.Float()
	case reading.Text:
		return strconv.Quote(v.Str()) == want
	}
	return v.String() == want
}

func withSum(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var sum byte
	for _, x := range b {
		sum += x
	}
	return append(b, sum)
}

func deref(s *string) string {
	if s == nil {
		return "no value"
	}
	return *s
}

type pythonLetters struct {
	pythonFrame
	Format, Type, Value string
	Back                *string // of one value: null where it does not fit
}

// TestPython_Letters: a struct string is read and written as Python's struct
// does, every half float too, and the float nearest to a double is the same.
// [WIRE-8]
func TestPython_Letters(t *testing.T) {
	formats, floats, refused := 0, 0, 0
	pythonCases(t, "letters.py", fewerIfShort(10_000), func(c pythonLetters) {
		if c.Format == "" {
			floats++
			refused += b2i(c.Back == nil)
			nearestFloat(t, c)
			return
		}
		formats++
		c.pythonFrame.Back = *c.Back
		d := frame.Description{Size: len(c.Hex)/2 + 1, Check: []frame.Check{{Kind: "sum8"}}, Struct: c.Format}
		for i := range c.Want {
			d.Names = append(d.Names, fmt.Sprint("v", i))
		}
		p, errs := frame.Compile("x", d)
		if errs != nil {
			t.Fatalf("%s: %v", c.Format, errs)
		}
		comparePython(t, p, c.pythonFrame, func() string { return c.Format })
	})
	if formats != 8192+fewerIfShort(10_000) || floats != fewerIfShort(10_000) || refused == 0 {
		t.Errorf("%d formats, %d floats, %d refused", formats, floats, refused)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// nearestFloat encodes one double as a shorter float.
func nearestFloat(t *testing.T, c pythonLetters) {
	t.Helper()
	f, err := strconv.ParseFloat(c.Value, 64)
	if err != nil {
		t.Fatal(err)
	}
	p := mustCompile(t, "x", frame.Description{Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{{Name: "v", Type: c.Type}}})
	b, err := p.Encode(nil, "x", map[string]reading.Value{"v": reading.Float64Value(f)})
	switch {
	case c.Back == nil && err == nil:
		t.Errorf("%s of %v: encoded % X, Python refuses it", c.Type, f, b)
	case c.Back != nil && (err != nil || !slices.Equal(b, withSum(t, *c.Back))):
		t.Errorf("%s of %v: encoded % X (%v), Python %s", c.Type, f, b, err, *c.Back)
	}
}
