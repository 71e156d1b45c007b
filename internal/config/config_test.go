package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"serialgw/internal/frame"
)

// TestParse_EveryMistakeAtOnce: nobody should have to run check nine times.
func TestParse_EveryMistakeAtOnce(t *testing.T) {
	const text = `[onenet]
product = 12
devise = "car01"
key = "x"
keepalive = 30
[[board]]
port = "ttyUSB0"
baud = "fast"
[[board]]
name = "b"
frame = "car"
[queue]
segment_bytes = "1 KiB"
colour = 1
[frame.car]
sync = 0x55
fields = [
  { name = "v", type = "B", scale = [1] },
  { name = 5, typ = "B" },
]
`
	_, issues := Parse([]byte(text), "gateway.toml", noEnv)
	var got []string
	for _, issue := range issues {
		message, _, _ := strings.Cut(issue.Error(), ", expected")
		got = append(got, strings.TrimPrefix(message, "gateway.toml:"))
	}
	want := []string{
		`2: onenet.product: found 12`,
		`3: onenet.devise: unknown key; did you mean device?`,
		`4: onenet.key: found a text of 1 character that is not base64`,
		`5: onenet.keepalive: found 30`,
		`7: board[0].port: found "ttyUSB0"`,
		`8: board[0].baud: found "fast"`,
		`9: board[1].port: found nothing`,
		`13: queue.segment_bytes: found "1 KiB"`,
		`14: queue.colour: unknown key; known here: dir, max_bytes, segment_bytes, keep_free, sync_interval, full`,
		`16: frame.car.sync: found 85`,
		`18: frame.car.fields[0].scale: found an array`,
		`19: frame.car.fields[1].name: found 5`,
		`19: frame.car.fields[1].typ: unknown key; did you mean type?`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("issues differ (-want +got):\n%s", diff)
	}
}

func TestParse_Values(t *testing.T) {
	c, issues := Parse([]byte(smallest+`
name = "left"
report = "all"
prefix = "l_"
rename = { speed = "velocity" }
silence = 0
frame = "car"
[frame.car]
sync = "AA 55"
size = 5
check = { kind = "crc", width = 16, poly = 0x8005, init = "0xFFFF", endian = "little", over = "0:-2" }
[[frame.car.message]]
name = "only"
fields = [ { name = "speed", type = "B", at = 2, scale = 2, range = [0, 500.5] } ]
[queue]
max_bytes = 1048576
segment_bytes = "64 KiB"
keep_free = "1 GB"
`), "gateway.toml", noEnv)
	noIssues(t, issues)
	b, f := c.Boards[0], c.Frames["car"]
	for _, tc := range []struct {
		name      string
		got, want any
	}{
		{"report", b.Report, Report{All: true}},
		{"zero duration without unit", b.Silence, time.Duration(0)},
		{"renamed and prefixed", b.Identifier("speed"), "l_velocity"},
		{"prefixed", b.Identifier("other"), "l_other"},
		{"bytes", c.Queue.MaxBytes, int64(1 << 20)},
		{"binary size", c.Queue.SegmentBytes, int64(64 << 10)},
		{"decimal size", c.Queue.KeepFree, int64(1e9)},
		{"one check for an array", f.Check[0].Kind, "crc"},
		{"one slice for an array", f.Check[0].Over, []string{"0:-2"}},
		{"hex in text", f.Check[0].Init, uint64(0xFFFF)},
		{"integer where any number fits", f.Messages[0].Fields[0].Scale, any(int64(2))},
		{"range of integer and float", f.Messages[0].Fields[0].Range, []float64{0, 500.5}},
		{"pointer", *f.Messages[0].Fields[0].At, 2},
		{"plan", c.Plans()["car"] != nil, true},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestParse_TwoBoardsWithPrefix(t *testing.T) {
	c, issues := Parse([]byte(smallest+"[[board]]\nport = \"usb:1a86:7523\"\nprefix = \"rear_\"\n"), "gateway.toml", noEnv)
	noIssues(t, issues)
	if got := []string{c.Boards[0].Name, c.Boards[1].Name}; !slices.Equal(got, []string{"board1", "board2"}) {
		t.Errorf("names: got %v, want board1 board2", got)
	}
	if c.Boards[1].Baud != 115200 || c.Boards[1].Frame != "demo" {
		t.Errorf("second board lacks the defaults: %+v", c.Boards[1])
	}
}

func TestLoad_Unreadable(t *testing.T) {
	_, _, err := Load(filepath.Join(t.TempDir(), "none.toml"), noEnv)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want an error that matches fs.ErrNotExist", err)
	}
}

func TestLoad_RelativeFilesStartAtTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "ca.pem", "no certificate", 0o644)
	path := write(t, dir, "gateway.toml", strings.Replace(smallest, "[[board]]", "tls = true\nca_file = \"ca.pem\"\n[[board]]", 1), 0o600)
	c, issues, err := Load(path, noEnv)
	if err != nil || len(issues) != 1 || issues[0].Found != "a file without a certificate" {
		t.Errorf("got %v %v, want one issue about the certificate", issues, err)
	}
	if want := filepath.Join(dir, "ca.pem"); c.OneNET.CAFile != want {
		t.Errorf("ca_file: got %q, want %q", c.OneNET.CAFile, want)
	}
}

func TestStateDir(t *testing.T) {
	for _, tc := range []struct {
		name, dir string
		env       map[string]string
		root      bool
		want      string
	}{
		{"Configured", "/data", map[string]string{"STATE_DIRECTORY": "/s"}, true, "/data"},
		{"Systemd", "", map[string]string{"STATE_DIRECTORY": "/s", "HOME": "/home/pi"}, false, "/s"},
		{"SystemdSeveral", "", map[string]string{"STATE_DIRECTORY": "/s:/t"}, true, "/s"},
		{"Root", "", map[string]string{"HOME": "/root"}, true, "/var/lib/serialgw"},
		{"XDG", "", map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/home/pi"}, false, "/x/serialgw"},
		{"XDGRelativeIsIgnored", "", map[string]string{"XDG_STATE_HOME": "x", "HOME": "/home/pi"}, false, "/home/pi/.local/state/serialgw"},
		{"Home", "", map[string]string{"HOME": "/home/pi"}, false, "/home/pi/.local/state/serialgw"},
		{"Nothing", "", nil, false, "/var/lib/serialgw"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var c Config
			c.Queue.Dir = tc.dir
			if got := c.stateDir(environment(tc.env), tc.root); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSocketPath(t *testing.T) {
	for socket, want := range map[string]string{"": "/data/serialgw.sock", "off": "", "/run/x.sock": "/run/x.sock"} {
		c := Config{Status: Status{Socket: socket}}
		c.Queue.Dir = "/data"
		if got := c.SocketPath(noEnv); got != want {
			t.Errorf("socket %q: got %q, want %q", socket, got, want)
		}
	}
}

// TestPresets: each shipped description binds without an issue and compiles.
func TestPresets(t *testing.T) {
	presets, err := Presets()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := presets["demo"]; !ok {
		t.Error("there is no preset demo, the default")
	}
	for name, description := range presets {
		if _, errs := frame.Compile(name, description); len(errs) > 0 {
			t.Errorf("preset %s: %v", name, errs)
		}
	}
}

func TestParseFrames_RefusesOtherTables(t *testing.T) {
	_, issues := ParseFrames([]byte("[frame.a]\nsync = \"AA\"\n[queue]\nfull = \"x\"\n"), "a.toml")
	if len(issues) != 1 || issues[0].Error() != "a.toml:3: queue: unknown key; known here: frame" {
		t.Errorf("got %v, want one issue about [queue]", issues)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"256 MiB": 256 << 20, "4MiB": 4 << 20, "64 KiB": 64 << 10, "2 GiB": 2 << 30, "10 kB": 10_000, "7": 7, "7 B": 7,
		"": -1, "MiB": -1, "-1 MiB": -1, "1.5 MiB": -1, "4 mib": -1, "4 M": -1, "9223372036854775807 KiB": -1,
	} {
		got, ok := ParseSize(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("size %q: got %d, want %d", text, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"baud", "data_bits", "stop_bits", "frame", "prefix", "keepalive"}
	for word, want := range map[string]string{
		"buad": "baud", "bauds": "baud", "BAUD": "baud", "frme": "frame", "farme": "frame", "stopbits": "stop_bits",
		"keep_alive": "keepalive", "keepalvie": "keepalive", "x": "", "": "", "colour": "", "dad": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("nearest to %q: got %q, want %q", word, got, want)
		}
	}
}

// FuzzParse: no text makes it panic, and no issue is without a reason.
func FuzzParse(f *testing.F) {
	for _, row := range bad() {
		f.Add(row.source())
	}
	if text, err := os.ReadFile(shipped); err == nil {
		f.Add(string(text))
		f.Add(strings.ReplaceAll(string(text), "\n#: ", "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, issues := Parse([]byte(text), "gateway.toml", noEnv)
		if c == nil {
			t.Fatal("no configuration")
		}
		lines := strings.Count(text, "\n") + 1
		for _, issue := range issues {
			if issue.Found == "" && issue.Want == "" || issue.Line < 0 || issue.Line > lines {
				t.Errorf("issue without reason, or beyond the text: %+v", issue)
			}
		}
		if !Failed(issues) && (len(c.Boards) == 0 || c.Plans()[c.Boards[0].Frame] == nil) {
			t.Error("no issue, but no board that could run")
		}
		scanLines(text)
	})
}

// TestDescription_OverAVariant: a frame of the file starts from a variant that
// itself starts from another of its family.
func TestDescription_OverAVariant(t *testing.T) {
	c := Config{Frames: map[string]frame.Description{"mine": {Preset: "openmv-unsigned-ff", Sync: "2C 13"}}}
	d, err := c.Description("mine")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{d.Sync, d.End, d.Struct, d.Names[2]}
	if want := []string{"2C 13", "FF", "<BBHHHHB", "cx"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
