package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
)

// timedRecordings are those below root, where there are any, that have times.
func timedRecordings(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := capture.OpenAs(path, "")
		if err != nil {
			return nil // a description, or another text beside them
		}
		defer func() { _ = f.Close() }()
		if capture.TimingOf(f.Source) != capture.Untimed {
			abs, err := filepath.Abs(path)
			out = append(out, abs)
			return err
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

var (
	detectedFrames = regexp.MustCompile(`(?m)^\S+/\S+ +[0-9.]+ % +(\d+) |\((\d+) frames, [0-9.]+ % of the bytes\)`)
	replayedFrames = regexp.MustCompile(`(?m)^frames (\d+), `)
)

// withoutDraft are the recordings of which detect may say that it does not know.
var withoutDraft = []string{"wrong-baud.pcapng"}

// TestDetect_DraftKeepsTheFrames: what --write makes of a recording with times
// is replayed at once, and not a frame that detect counted is lost to a silence.
func TestDetect_DraftKeepsTheFrames(t *testing.T) {
	own := timedRecordings(t, capturesDir)
	if len(own) < 18 { // raw bytes and hex have no times
		t.Errorf("of the project's recordings only %d have times", len(own))
	}
	for _, path := range append(own, timedRecordings(t, "../../../shared/captures")...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			draft := filepath.Join(t.TempDir(), "board.toml")
			code, out, errs := verb("detect", "--write", draft, path)
			if code != exitOK {
				if !slices.Contains(withoutDraft, filepath.Base(path)) {
					t.Errorf("nothing is written: %s", errs)
				}
				return
			}
			// A draft stands behind the presets that fit less.
			all := detectedFrames.FindAllStringSubmatch(out, -1)
			want := all[0][1]
			if strings.Contains(out, "No preset fits.") {
				want = all[len(all)-1][2]
			}
			_, _, errs = verb("replay", "--print", "--config", draft, path)
			got := replayedFrames.FindStringSubmatch(errs)
			if got == nil || got[1] != want {
				t.Errorf("detect counts %s frames, and replay says\n%s", want, errs)
			}
		})
	}
}

// silently makes a recording that does not say how fast its line was.
func silently(t *testing.T, note string, play func(*tape)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.pcapng")
	if err := os.WriteFile(path, record(t, note, play), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDetect_Rate: the rate of the draft is the only one that a note or a comment
// names, or the slowest that brings all frames.
func TestDetect_Rate(t *testing.T) {
	fast := func(r *tape) { // 2200 bytes a second, for two seconds
		for n := range 200 {
			r.read(usb, demoSays(n))
			r.wait(10 * time.Millisecond)
		}
	}
	for name, row := range map[string]struct {
		note string
		play func(*tape)
		want string
	}{
		"a preset's rate":     {"", jy901, `baud   = 9600 # the slowest rate that the preset names that carries and keeps all 13 frames; set what the board's program says`},
		"the note names it":   {"at 19200 baud", tenASecond, `baud   = 19200 # as the recording says`},
		"the note names two":  {"9600 baud, read at 115200 baud", jy901, `baud   = 9600 # the slowest rate that the preset`},
		"a comment names it":  {"", unplugged, `baud   = 115200 # as the recording says`},
		"as fast as it comes": {"", fast, `baud   = 38400 # the slowest usual rate that carries and keeps all 200 frames; set what the board's program says`},
		"any":                 {"", tenASecond, `baud   = 9600 # the slowest usual rate that carries and keeps all 13 frames`},
	} {
		t.Run(name, func(t *testing.T) {
			path := silently(t, row.note, row.play)
			draft := filepath.Join(t.TempDir(), "board.toml")
			_, out, errs := verb("detect", "--write", draft, path)
			b, err := os.ReadFile(draft)
			if err != nil {
				t.Fatal(err, out, errs)
			}
			if !strings.Contains(out, "  "+row.want) || !strings.Contains(string(b), "\n"+row.want) {
				t.Errorf("%s\n%s\nwant %s", out, b, row.want)
			}
			if want := `report = "1s" # the newest value of each property every 1s; "all" sends every frame`; !strings.Contains(string(b), want) {
				t.Errorf("%s\nwant %s", b, want)
			}
		})
	}
}

// TestDetect_WithoutTimes: where a recording has no times, detect and replay
// take the same rate.
func TestDetect_WithoutTimes(t *testing.T) {
	_, out, errs := verb("detect", capturesDir+"/raw-bytes.raw")
	if !strings.Contains(out, "baud   = 115200 # the bytes do not tell; set what the board's program says\n") {
		t.Errorf("%s%s", out, errs)
	}
	_, out, errs = verb("replay", "--help")
	if !strings.Contains(out, "for bytes without times 115200") {
		t.Errorf("%s%s", out, errs)
	}
}

// TestDetect_ShowsWhatTheRecordingSays as replay does.
func TestDetect_ShowsWhatTheRecordingSays(t *testing.T) {
	_, _, errs := verb("detect", commented(t, 2))
	if want := "note: pump 3 [31m, the old cable\nat 1s: lost: for the 1. time\nat 2s: lost: for the 2. time\nat 1h0m0s: the clock was set\n"; !strings.HasPrefix(errs, want) {
		t.Errorf("%s\nwant %s", errs, want)
	}
}

// TestReplay_TellsWhatSilencesEnded: frames that a rate loses, and the rate that
// has them; and a frame that nothing brings back.
func TestReplay_TellsWhatSilencesEnded(t *testing.T) {
	imu, cut := silently(t, "", jy901), silently(t, "", unplugged)
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"printed":   {[]string{"--print", "--preset", "jy901", "--baud", "115200", imu}, "4 times a silence ended the beginning of a frame: 34ms within it at 115200 baud; slower: --baud 9600 finds 13 frames\n"},
		"simulated": {[]string{"--sim", "--speed", "max", "--preset", "jy901", "--baud", "115200", imu}, "4 times a silence ended the beginning of a frame: 34ms within it at 115200 baud; slower: --baud 9600 finds 13 frames\n"},
		"none":      {[]string{"--print", "--preset", "jy901", imu}, ""},
		"unplugged": {[]string{"--print", "--preset", "demo", cut}, "once a silence ended the beginning of a frame: 3.102s within it at 9600 baud\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, errs := verb(append([]string{"replay"}, row.args...)...)
			lines := slices.DeleteFunc(slices.Collect(strings.Lines(errs)), func(l string) bool { return !strings.Contains(l, "a silence ended") })
			if got := strings.Join(lines, ""); got != row.want {
				t.Errorf("said %q, want %q\n%s", got, row.want, errs)
			}
		})
	}
}

// TestReplay_TellsOfThinning: into the simulator as onto the screen.
func TestReplay_TellsOfThinning(t *testing.T) {
	path := silently(t, "", tenASecond)
	draft := filepath.Join(t.TempDir(), "board.toml")
	if code, _, errs := verb("detect", "--write", draft, path); code != exitOK {
		t.Fatal(errs)
	}
	for flag, want := range map[string]string{
		"--print": "the newest of each property per 1s is shown, as report says: 13 frames became 3 readings, none lost; --report all shows every one\n",
		"--sim":   "the newest of each property per 1s is sent, as report says: 13 frames became 3 readings, none lost; --report all sends every one\n",
	} {
		if _, _, errs := verb("replay", flag, "--speed", "max", "--config", draft, path); !strings.Contains(errs, want) {
			t.Errorf("%s: %s\nwant %s", flag, errs, want)
		}
		if _, _, errs := verb("replay", flag, "--speed", "max", "--report", "all", "--config", draft, path); strings.Contains(errs, "as report says") {
			t.Errorf("%s --report all: %s", flag, errs)
		}
	}
}
