package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/onenetsim"
)

const (
	sampleLogin = "product = \"Abcdef1234\"\ndevice = \"board-01\"\nkey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n"
	sampleBoard = "\n[[board]]\nport = \"/dev/ttyUSB0\"\n"
)

// whole completes a sample of the README to a configuration: what the sample
// leaves out is filled in, what it says stays.
func whole(sample, ca string) string {
	sample = strings.ReplaceAll(sample, "/etc/serialgw/MQTTS-certificate.pem", ca)
	switch {
	case !strings.Contains(sample, "[onenet]"):
		sample = "[onenet]\n" + sampleLogin + sample
	case !strings.Contains(sample, "product"):
		sample = strings.Replace(sample, "[onenet]\n", "[onenet]\n"+sampleLogin, 1)
	}
	if !strings.Contains(sample, "[[board]]") {
		sample += sampleBoard
	}
	return sample
}

// TestREADME_EverySampleLoads parses each configuration that the README and the
// page on report rules show.
func TestREADME_EverySampleLoads(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, onenetsim.New(onenetsim.Config{}).CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, known := range map[string]int{"README.md": 5, "docs/report.md": 1} {
		everySampleLoads(t, file, known, ca)
	}
}

func everySampleLoads(t *testing.T, file string, known int, ca string) {
	t.Helper()
	text, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	samples := strings.Split(string(text), "```toml\n")[1:]
	if len(samples) < known {
		t.Fatalf("%s: got %d samples, want at least the %d known ones", file, len(samples), known)
	}
	for _, s := range samples {
		sample, _, _ := strings.Cut(s, "```")
		_, issues := config.Parse([]byte(whole(sample, ca)), file, func(string) string { return "" })
		for _, i := range issues {
			if !i.Warning {
				t.Errorf("%v\nin\n%s", i, sample)
			}
		}
	}
}

// TestREADME_SmallestConfigurationIsSmall holds the first sample to 12 lines.
func TestREADME_SmallestConfigurationIsSmall(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	sample, _, _ := strings.Cut(strings.SplitN(string(text), "```toml\n", 2)[1], "```")
	if lines := strings.Count(sample, "\n"); lines > 12 {
		t.Errorf("the smallest configuration has %d lines, want at most 12", lines)
	}
	if _, issues := config.Parse([]byte(sample), "README.md", func(string) string { return "" }); config.Failed(issues) {
		t.Errorf("the smallest configuration does not load: %v", issues)
	}
}

// readme returns the README's blocks of a kind.
func readme(t *testing.T, kind string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```")
	for i := 1; i < len(parts); i += 2 { // inside of two fences
		if first, block, _ := strings.Cut(parts[i], "\n"); first == kind {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// at is a moment of the day on which the README's samples were taken.
func at(t *testing.T, clock string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation(time.DateTime, "2026-08-22 "+clock, time.Local)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// TestREADME_SamplesAreWhatIsPrinted holds the README's samples of what the
// program says against the program.
func TestREADME_SamplesAreWhatIsPrinted(t *testing.T) {
	now := at(t, "10:42:33")
	rate, hours := 118.0, 629.0
	waits := queueStatus{
		Dir: "/home/pi/.local/state/serialgw", Running: true, Records: 5310,
		Oldest: &queueEnd{48211, at(t, "09:14:03"), true}, Newest: &queueEnd{53520, now, true},
		Bytes: 4 << 20, MaxBytes: 256 << 20, RoomBytes: 255 << 20, Rate: &rate, Hours: &hours,
	}
	letters := letterStatus{
		Dir: waits.Dir, Running: true, Letters: 57, Bytes: 15 << 10, MaxBytes: 2 * deadLetterLimit,
		Groups: []letterGroup{
			{"Volt", 2306, "identifier not exist:identifier:Volt", 40, at(t, "09:14:03"), now},
			{"run", 2271, "bool type error:identifier:run", 17, at(t, "10:31:10"), now},
		},
	}
	for _, l := range []struct {
		number           uint64
		clock, id, value string
	}{{53, "10:41:37", "Volt", "11.85"}, {54, "10:42:01", "run", "1"}, {55, "10:42:01", "Volt", "11.85"}, {56, "10:42:33", "run", "0"}, {57, "10:42:33", "Volt", "11.84"}} {
		letters.Newest = append(letters.Newest, gateway.DeadLetter{Number: l.number, Time: at(t, l.clock), Identifier: l.id, Value: json.RawMessage(l.value)})
	}
	samples := strings.Join(readme(t, ""), "\x00")
	for name, write := range map[string]func(io.Writer) error{
		"queue":      func(w io.Writer) error { return writeQueue(w, waits, now) },
		"deadletter": func(w io.Writer) error { return writeLetters(w, letters, now.Add(3*time.Second)) },
	} {
		var out strings.Builder
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(samples, out.String()) {
			t.Errorf("the README shows something else than %s prints:\n%s", name, &out)
		}
	}
}

// TestREADME_ExplainedFrame holds what explain is shown to say about the README's
// own frame against what it says.
func TestREADME_ExplainedFrame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.toml")
	description := ""
	for _, block := range readme(t, "toml") {
		if strings.Contains(block, "[frame.car]") {
			description = block
		}
	}
	if err := os.WriteFile(path, []byte(description), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, block := range readme(t, "sh") {
		_, words, ok := strings.Cut(block, "serialgw explain --config gateway.toml car \"")
		if !ok {
			continue
		}
		hex, _, _ := strings.Cut(words, "\"")
		var out strings.Builder
		status := run(t.Context(), []string{"explain", "--config", path, "car", hex}, streams{out: &out, err: &out})
		if samples := strings.Join(readme(t, ""), "\x00"); status != exitFailed || !strings.Contains(samples, out.String()) {
			t.Errorf("exit status %d; the README shows something else than explain prints:\n%s", status, &out)
		}
		return
	}
	t.Error("the README explains no frame")
}

// TestREADME_UnitRunsTheGateway: its command line is one, the state directory is
// there, and nothing keeps the kernel's word about the clock from the program.
func TestREADME_UnitRunsTheGateway(t *testing.T) {
	units := readme(t, "ini")
	if len(units) != 1 {
		t.Fatalf("%d units, want 1", len(units))
	}
	keys := make(map[string]string)
	for line := range strings.Lines(units[0]) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			keys[key] = value
		}
	}
	for key, want := range map[string]string{
		"Type": "notify", "Restart": "always", "StateDirectory": "serialgw", "SupplementaryGroups": "dialout", "WantedBy": "multi-user.target",
		"ProtectClock": "", "SystemCallFilter": "", // they keep adjtimex away
	} {
		if keys[key] != want {
			t.Errorf("%s=%s, want %s", key, keys[key], want)
		}
	}
	words := strings.Fields(keys["ExecStart"])
	if len(words) < 2 {
		t.Fatalf("ExecStart=%s", keys["ExecStart"])
	}
	cmd, flags, err := newRoot(streams{}).Find(words[1:])
	if err != nil || cmd.Name() != "run" || cmd.ParseFlags(flags) != nil || !cmd.Flags().Changed("config") {
		t.Errorf("ExecStart=%s: runs %q with %q, %v", keys["ExecStart"], cmd.Name(), flags, err)
	}
}
