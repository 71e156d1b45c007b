package frame_test

import (
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// shared/captures, beside the project, holds what others recorded and what
// their own programs made of it; SOURCES.txt there says whose it is. The tests
// of the captures_ files decode each recording by a description in
// testdata/descriptions, written as a user would write it, and compare every
// value with that other decoder's. Nothing recorded is copied into the
// project: where the folder is missing, the tests are skipped.

// capturePath looks for shared/captures beside a directory above this one.
func capturePath(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		path := filepath.Join(dir, "shared", "captures", filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Skipf("no shared/captures/%s above the package: recorded data is not part of the project", name)
	}
}

func readCapture(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(capturePath(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// described reads testdata/descriptions/NAME.toml as gateway.toml is read; a
// name without such a file is a preset's.
func described(t testing.TB, name string) frame.Description {
	t.Helper()
	path := filepath.Join("testdata", "descriptions", name+".toml")
	source, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return presetDescription(t, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	all, issues := config.ParseFrames(source, path)
	if len(issues) > 0 || len(all) != 1 {
		t.Fatalf("%s: %d frames, issues %v", path, len(all), issues)
	}
	d, err := (&config.Config{Frames: all}).Description(name)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return d
}

func describedPlan(t testing.TB, name string) *frame.Plan {
	t.Helper()
	return mustCompile(t, name, described(t, name))
}

// TestDescriptions_NameTheirSource: each can become a preset only if someone
// else can look up what it says.
func TestDescriptions_NameTheirSource(t *testing.T) {
	files, err := filepath.Glob("testdata/descriptions/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptions: %v", err)
	}
	for _, path := range files {
		if name := strings.TrimSuffix(filepath.Base(path), ".toml"); frame.Family(name) != "" {
			t.Errorf("%s: %s is a preset", path, name)
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(source), "\n[frame.")
		if !strings.Contains(head, "\n# Source: ") {
			t.Errorf("%s: no line \"# Source: ...\" in front of the frame", path)
		}
		describedPlan(t, strings.TrimSuffix(filepath.Base(path), ".toml"))
	}
}

// sighting is one accepted frame and what it says.
type sighting struct {
	bytes   []byte
	message string // "" when its id is not listed
	text    string // as tell writes it
	values  map[string]reading.Value
	stamp   reading.Stamp
}

// replay feeds chunks as the gateway does: a silence between two of them
// expires what is partial.
func replay(p *frame.Plan, baud int, chunks []reading.Chunk) ([]sighting, frame.Metrics) {
	s := frame.NewScanner(p, baud)
	var out []sighting
	var r reading.Reading
	drain := func() {
		for s.Scan() {
			f := s.Frame()
			p.Decode(f, &r)
			out = append(out, sighting{slices.Clone(f.Bytes), r.Message, tell(f, r), values(r), f.Stamp})
		}
	}
	for _, c := range chunks {
		s.Expire(c.Stamp)
		drain()
		s.Feed(c)
		drain()
	}
	s.Flush()
	drain()
	return out, s.Metrics()
}

// replayFile feeds bytes without times, at once and one by one.
func replayFile(t *testing.T, p *frame.Plan, data []byte) ([]sighting, frame.Metrics) {
	t.Helper()
	whole, m := replay(p, 0, []reading.Chunk{{Bytes: data}})
	var single []reading.Chunk
	for b := range slices.Chunk(data, 1) {
		single = append(single, reading.Chunk{Bytes: b})
	}
	if parts, pm := replay(p, 0, single); !slices.Equal(texts(parts), texts(whole)) || pm.Noise != m.Noise {
		t.Errorf("byte by byte: got %d frames and %d bytes of noise, at once %d and %d", len(parts), pm.Noise, len(whole), m.Noise)
	}
	return whole, m
}

func texts(all []sighting) []string {
	var out []string
	for _, s := range all {
		out = append(out, s.text)
	}
	return out
}

// encodesBack encodes what a frame says, where its fields cover every byte, and
// wants the recorded frame again.
func encodesBack(t *testing.T, p *frame.Plan, s sighting) {
	t.Helper()
	if b, err := p.Encode(nil, s.message, s.values); err != nil || !slices.Equal(b, s.bytes) {
		t.Errorf("%s: encoded again % X (%v), want % X", s.message, b, err, s.bytes)
	}
}

// printsAs reports whether another decoder, which prints so many decimals,
// prints the value so.
func printsAs(v reading.Value, text string) bool {
	_, decimals, _ := strings.Cut(text, ".")
	return strconv.FormatFloat(v.Float(), 'f', len(decimals), 64) == text
}

// equals reports whether a value is exactly the number in another decoder's
// text; true and false are 1 and 0 there.
func equals(v reading.Value, text string) bool {
	if v.Kind == reading.Bool {
		return text == map[bool]string{true: "1", false: "0"}[v.Bool()]
	}
	got, ok1 := new(big.Rat).SetString(v.String())
	want, ok2 := new(big.Rat).SetString(text)
	return ok1 && ok2 && got.Cmp(want) == 0
}
