package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/onenetsim"
	"serialgw/internal/reading"
	"serialgw/internal/thingmodel"
)

// platform is the simulator with a thing model, in its strictest profile: it
// holds ranges and lengths, too.
type platform struct {
	addr string
	mu   sync.Mutex
	good map[string]int // identifier, to the values stored
	bad  map[string]int // identifier, to the code of its refusal
}

func servePlatform(t *testing.T, model []byte) *platform {
	t.Helper()
	m, err := onenetsim.ParseModel(model)
	if err != nil {
		t.Fatalf("the simulator does not take the file: %v\n%s", err, model)
	}
	p := &platform{good: map[string]int{}, bad: map[string]int{}}
	sim := onenetsim.New(onenetsim.Config{
		Products: []onenetsim.Product{{ID: "Model00001", Devices: map[string]string{"board-01": bookKey}, Model: &m}},
		Profile:  onenetsim.Strict, OnPost: p.note,
	})
	addr, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = addr.String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *platform) note(post onenetsim.Post) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, v := range post.Values {
		p.good[v.Identifier]++
	}
	if _, identifier, ok := strings.Cut(post.Msg, ":identifier:"); ok {
		p.bad[identifier] = post.Code
	} else if post.Code != 200 {
		p.bad[post.Msg] = post.Code
	}
}

// modelFiles writes a configuration whose boards are in text, in a directory
// that is also the gateway's state.
func modelFiles(t *testing.T, boards string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("STATE_DIRECTORY", dir)
	if err := os.WriteFile(filepath.Join(dir, "model.toml"), []byte(boards), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// replayInto plays a recording into the platform.
func (p *platform) replayInto(t *testing.T, dir, boards, recording string) (code int, said string) {
	t.Helper()
	conf := filepath.Join(dir, "gateway.toml")
	text := fmt.Sprintf("[onenet]\nproduct = \"Model00001\"\ndevice = \"board-01\"\nkey = %q\naddress = %q\npost_interval = \"0s\"\n%s", bookKey, p.addr, boards)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out strings.Builder
	code = run(ctx, []string{"replay", "--config", conf, "--speed", "max", "--quiet", recording}, streams{in: strings.NewReader(""), out: &out, err: &out})
	return code, out.String()
}

// model runs "model" with the configuration in dir.
func model(t *testing.T, dir string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e strings.Builder
	args = append([]string{"model"}, args...)
	code = run(t.Context(), append(args, "--config", filepath.Join(dir, "model.toml")), streams{in: strings.NewReader(""), out: &o, err: &e})
	return code, o.String(), e.String()
}

// TestModelExport_RoundTrip: with the exported model nothing of the recorded
// boards is refused, not even for its range, and check finds no difference.
func TestModelExport_RoundTrip(t *testing.T) {
	for _, name := range []string{"ano-v7", "demo-noise", "hex-text", "justfloat", "jy901", "modbus-sniffed", "openmv", "two-boards"} {
		t.Run(name, func(t *testing.T) {
			boards, err := os.ReadFile(filepath.Join("../../testdata/captures", name+".toml"))
			if err != nil {
				t.Fatal(err)
			}
			found, err := filepath.Glob(filepath.Join("../../testdata/captures", name+".[ph]*"))
			if err != nil || len(found) != 1 {
				t.Fatalf("recordings %v, %v", found, err)
			}
			dir := modelFiles(t, string(boards))
			file := filepath.Join(dir, "model.json")
			if code, _, errs := model(t, dir, "export", file); code != exitOK {
				t.Fatalf("status %d, %s", code, errs)
			}
			if code, out, errs := model(t, dir, "check", file); code != exitOK || !strings.HasPrefix(out, file+": good") {
				t.Errorf("check of the export: status %d, %s%s", code, out, errs)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := servePlatform(t, text)
			code, said := p.replayInto(t, dir, string(boards), found[0])
			if code != exitOK || len(p.bad) > 0 || len(p.good) == 0 {
				t.Errorf("status %d, %d identifiers stored, refused %v\n%s", code, len(p.good), p.bad, said)
			}
		})
	}
}

// allKinds is a board whose frame has every kind of value that there is.
const allKinds = `[[board]]
port = "/dev/ttyUSB0"
frame = "all"
report = "all"
[frame.all]
sync = "AA 55"
check = { kind = "sum8" }
fields = [
  { name = "anchor", type = "B" },
  { name = "whole", type = "<I" },
  { name = "back", type = "b" },
  { name = "fixed", type = "<h", scale = 0.01 },
  { name = "single", type = "<f", range = [-1e6, 1e6] },
  { name = "text", type = "4s" },
  { name = "truth", type = "?" },
  { name = "mode", type = "B", map = { 0 = "idle", 1 = "run", 7 = "fault" } },
]
`

// allKindsValues are values that tell the types apart: each needs all that its
// field can express. The anchor is always right: where all is refused, the
// gateway waits for someone to look.
func allKindsValues() map[string]reading.Value {
	return map[string]reading.Value{
		"anchor": reading.IntValue(1), "whole": reading.IntValue(4294967295), "back": reading.IntValue(-3), "fixed": reading.DecimalValue(1234, 2),
		"single": reading.Float32Value(1.5), "text": reading.TextValue("abc"), "truth": reading.BoolValue(true), "mode": reading.IntValue(7),
	}
}

func allKindsRecording(t *testing.T, dir string) string {
	t.Helper()
	own, issues := config.ParseFrames([]byte(allKinds[strings.Index(allKinds, "[frame"):]), "test")
	if config.Failed(issues) {
		t.Fatal(issues)
	}
	plan, errs := frame.Compile("all", own["all"])
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	b, err := plan.Encode(nil, "all", allKindsValues())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "all.hex")
	if err := os.WriteFile(file, []byte(strings.Repeat(hex.EncodeToString(b)+"\n", 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestModelCheck_SaysWhatTheSimulatorRefuses: for every kind of value and every
// type that the console may have in its place, check calls lost what the
// simulator refuses, with the same code, and nothing else. The two share no code.
func TestModelCheck_SaysWhatTheSimulatorRefuses(t *testing.T) {
	rows := []struct{ name, dataType string }{
		{"int32", `{"type":"int32","specs":{}}`}, {"int64", `{"type":"int64","specs":{}}`},
		{"float", `{"type":"float","specs":{}}`}, {"double", `{"type":"double","specs":{}}`},
		{"bool", `{"type":"bool","specs":{"true":"a","false":"b"}}`}, {"string", `{"type":"string","specs":{"length":"8"}}`},
		{"enum", `{"type":"enum","specs":{"0":"idle","1":"run"}}`}, {"enum of all", `{"type":"enum","specs":{"0":"idle","1":"run","7":"fault"}}`},
		{"bitMap", `{"type":"bitMap","specs":{"length":32}}`}, {"date", `{"type":"date","specs":{}}`},
		{"array", `{"type":"array","specs":{"length":3,"type":"int32","specs":{}}}`}, {"struct", `{"type":"struct","specs":[]}`},
		{"misspelt", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			dir := modelFiles(t, allKinds)
			var list []string
			for name := range allKindsValues() {
				identifier, dataType := name, row.dataType
				if name == "anchor" {
					dataType = `{"type":"int32","specs":{}}`
				} else if dataType == "" {
					identifier, dataType = strings.ToUpper(name[:1])+name[1:], `{"type":"double","specs":{}}`
				}
				list = append(list, fmt.Sprintf(`{"identifier":%q,"dataType":%s}`, identifier, dataType))
			}
			text := []byte(`{"properties":[` + strings.Join(list, ",") + `],"events":[],"services":[]}`)
			want := lostCodes(t, filepath.Join(dir, "model.toml"), text)
			p := servePlatform(t, text)
			_, said := p.replayInto(t, dir, allKinds, allKindsRecording(t, dir))
			if !maps.Equal(p.bad, want) {
				t.Errorf("the simulator refuses %v\ncheck calls lost %v\n%s", p.bad, want, said)
			}
			if len(p.good)+len(p.bad) != len(allKindsValues()) {
				t.Errorf("%v stored, %v refused: want %d in all", p.good, p.bad, len(allKindsValues()))
			}
		})
	}
}

// lostCodes returns the identifiers that check calls lost, with their codes.
func lostCodes(t *testing.T, path string, text []byte) map[string]int {
	t.Helper()
	m, err := modelOf(path, streams{out: io.Discard, err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	f, err := thingmodel.ParseFile(text)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	for _, d := range m.Compare(f, config.Nearest) {
		if d.Grade == thingmodel.Lost {
			codes[d.Identifier] = d.Code
		}
	}
	return codes
}

// TestModelExport_EveryPreset: the file of each is one that the simulator
// takes, and check finds nothing lost in it.
func TestModelExport_EveryPreset(t *testing.T) {
	presets, err := config.Presets()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range presets {
		plan, errs := frame.Compile(name, d)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		m, err := thingmodel.Of([]thingmodel.Board{modelBoard(config.Board{Name: "b"}, plan)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := m.Export(nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := onenetsim.ParseModel(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f, err := thingmodel.ParseFile(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, difference := range m.Compare(f, config.Nearest) {
			if difference.Grade == thingmodel.Lost {
				t.Errorf("%s: %s", name, differenceLine(difference))
			}
		}
	}
}
