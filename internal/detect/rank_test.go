package detect_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/detect"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// candidates returns the presets, and the descriptions of internal/frame's tests
// that are no presets.
func candidates(t *testing.T) []detect.Candidate {
	t.Helper()
	out, err := detect.Presets()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, c := range out {
		have[c.Name], have[c.Family] = true, true
	}
	files, err := filepath.Glob("../frame/testdata/descriptions/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptions: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		if have[name] || name == "flowmeter" { // the latter stands over the preset modbus
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		frames, issues := config.ParseFrames(source, file)
		if config.Failed(issues) {
			t.Fatal(issues[0])
		}
		c, err := detect.NewCandidate(name, name, frames[name])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// TestAll_Captures ranks every recording: the right family is first, and the
// next explains less than a tenth.
func TestAll_Captures(t *testing.T) {
	all := candidates(t)
	for file, families := range map[string][]string{
		"pypms/PMS3003.hexdump":                       {"plantower"},
		"pypms/PMSx003.hexdump":                       {"plantower"},
		"pypms/SDS01x.hexdump":                        {"novafitness"},
		"pypms/SPS30.hexdump":                         {"sensirion"},
		"pyubx2/pygpsdata-HNR.log":                    {"ublox"},
		"pyubx2/pygpsdata-BADCK2.log":                 {"ublox"},
		"gpsd/ublox-neo-m8u-hnr.log":                  {"ublox"},
		"mavlink/capture.mav2.battery_status.tlog":    {"mavlink"},
		"sigrok/flowmeter_target_15liter_per_min.bin": {"modbus"},
		"mavlink/capture.mavlink":                     nil, // it holds no valid frame
	} {
		t.Run(file, func(t *testing.T) {
			ranks := detect.All(readCapture(t, file), all)
			holdFamily(t, ranks, families)
		})
	}
}

func holdFamily(t *testing.T, ranks []detect.Rank, families []string) {
	t.Helper()
	best := ranks[0]
	if len(families) == 0 {
		if best.Convincing {
			t.Errorf("%s convinces: %.1f %% explained, %.0f bits", best.Name, 100*best.Explained, best.Evidence)
		}
		return
	}
	right := func(family string) bool { return slices.Contains(families, family) }
	if !best.Convincing || !right(best.Family) {
		t.Errorf("%s (%s) is first: convincing %v, %.1f %%, %.0f bits; want %v", best.Name, best.Family, best.Convincing, 100*best.Explained, best.Evidence, families)
	}
	for _, r := range ranks[1:] {
		if !right(r.Family) && r.Explained >= 0.1 {
			t.Errorf("%s (%s) explains %.1f %%", r.Name, r.Family, 100*r.Explained)
		}
	}
}

// readCapture reads a recording beside the project; of a hexdump its bytes.
func readCapture(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../shared/captures", file))
	if os.IsNotExist(err) {
		t.Skipf("no recording %s beside the project", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(file, ".hexdump") {
		return b
	}
	var out []byte
	for line := range strings.Lines(string(b)) {
		_, rest, _ := strings.Cut(line, ":")
		digits, _, _ := strings.Cut(strings.TrimSpace(rest), "  ")
		part, err := capture.ParseHex(digits)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, part...)
	}
	return out
}

// TestAll_Presets makes a stream of every preset with a check, begun within a
// frame and with one bit in ten thousand wrong: its family is first, and another
// family that does not accept the very same frames explains less than a tenth.
func TestAll_Presets(t *testing.T) {
	presets, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	all, err := detect.Presets()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !c.Plan.Checked() {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(len(c.Name))))
			stream := synthetic(t, c.Plan, presets[c.Name].Examples, rng)
			ranks := detect.All(stream, all)
			best := ranks[0]
			if !best.Convincing || best.Family != c.Family {
				t.Fatalf("%s of %s is first: convincing %v, %.1f %% explained, %.0f bits", best.Name, best.Family, best.Convincing, 100*best.Explained, best.Evidence)
			}
			for _, r := range ranks[1:] {
				if r.Family != c.Family && r.Explained >= 0.1 {
					t.Errorf("%s of %s explains %.1f %%", r.Name, r.Family, 100*r.Explained)
				}
			}
		})
	}
}

// synthetic returns 400 frames of a preset: its examples, and random values of
// the messages that can be encoded.
func synthetic(t *testing.T, p *frame.Plan, examples []frame.Example, rng *rand.Rand) []byte {
	t.Helper()
	var whole [][]byte
	for _, e := range examples {
		b, err := capture.ParseHex(e.Hex)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, b)
	}
	var out []byte
	for range 400 {
		m := p.Messages()[rng.IntN(len(p.Messages()))]
		if b, err := p.Encode(nil, m.Name, randomValues(m, rng)); err == nil {
			out = append(out, b...)
			continue
		}
		if len(whole) == 0 {
			t.Fatal("neither an example nor a message that can be encoded")
		}
		out = append(out, whole[rng.IntN(len(whole))]...)
	}
	for i := range out {
		for bit := range 8 {
			if rng.IntN(10_000) == 0 {
				out[i] ^= 1 << bit
			}
		}
	}
	return out[1+rng.IntN(min(8, len(out)-1)):]
}

// randomValues returns values that the message can hold, most likely.
func randomValues(m *frame.MessagePlan, rng *rand.Rand) map[string]reading.Value {
	out := map[string]reading.Value{}
	for _, p := range m.Properties() {
		low, high := 0.0, 100.0
		if len(p.Range) == 2 {
			low, high = p.Range[0], p.Range[1]
		}
		v := low + rng.Float64()*(high-low)
		switch p.Kind {
		case reading.Bool:
			out[p.Name] = reading.BoolValue(rng.IntN(2) == 0)
		case reading.Text:
			out[p.Name] = reading.TextValue("A"[:min(1, p.Size)])
		case reading.Float32, reading.Float64:
			out[p.Name] = reading.Float64Value(v)
		default:
			if len(p.Labels) > 0 {
				for k := range p.Labels {
					v = float64(k)
				}
			}
			out[p.Name] = reading.IntValue(int64(v))
		}
	}
	return out
}

// TestAll_RandomBytes: noise is of no format.
func TestAll_RandomBytes(t *testing.T) {
	all := candidates(t)
	for seed := range uint64(10) {
		stream := noise(seed, 64<<10)
		if best := detect.All(stream, all)[0]; best.Convincing {
			t.Errorf("seed %d: %s convinces with %d frames, %.2f %%, %.0f bits", seed, best.Name, best.Frames, 100*best.Explained, best.Evidence)
		}
	}
}

func noise(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 3))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(rng.IntN(256))
	}
	return out
}

// TestAll_OneFrame: a single frame, as typed by hand, is told; so is that a
// single one in a long noise is none.
func TestAll_OneFrame(t *testing.T) {
	all := candidates(t)
	one := []byte{0x55, 0x53, 0x69, 0x21, 0x7D, 0xF8, 0xE8, 0xC4, 0x82, 0x46, 0x1B}
	if best := detect.All(one, all)[0]; !best.Convincing || best.Family != "wit" {
		t.Errorf("%s, convincing %v, with %.0f bits", best.Name, best.Convincing, best.Evidence)
	}
	stream := append(noise(1, 32<<10), one...)
	if best := detect.All(append(stream, noise(2, 32<<10)...), all)[0]; best.Convincing {
		t.Errorf("%s convinces with %d frames, %.0f bits", best.Name, best.Frames, best.Evidence)
	}
}

func BenchmarkAll(b *testing.B) {
	all, err := detect.Presets()
	if err != nil {
		b.Fatal(err)
	}
	stream := noise(1, 1<<20)
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		detect.All(stream, all)
	}
	b.ReportMetric(float64(len(all)), "presets")
}
