package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTranscripts_FilesThatAreAmiss: what is missing beside a recording, and what
// belongs to none, is a fault that names the file.
func TestTranscripts_FilesThatAreAmiss(t *testing.T) {
	for _, row := range []struct {
		name, files string
		want        string // in the only fault; empty: none
		captures    int
	}{
		{"all there", "a.pcapng a.toml a.golden a.model.json b.hex b.toml b.golden", "", 2},
		{"no transcript yet", "a.raw a.toml", "", 1}, // comparing says so
		{"no board", "a.pcapng a.golden", "no a.toml", 0},
		{"transcript without a recording", "a.golden", "a.golden belongs to no recording", 0},
		{"board without a recording", "a.toml", "a.toml belongs to no recording", 0},
		{"two recordings of one name", "a.pcapng a.raw a.toml a.golden", "2 recordings", 0},
		{"another file", "a.pcapng a.toml a.golden a.txt", "a.txt is neither", 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			for name := range strings.FieldsSeq(row.files) {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			captures, faults := listCaptures(t, dir)
			if len(captures) != row.captures {
				t.Errorf("got %d recordings, want %d", len(captures), row.captures)
			}
			if row.want == "" && len(faults) > 0 || row.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], row.want)) {
				t.Errorf("got the faults %q, want %q", faults, row.want)
			}
		})
	}
}

// TestTranscripts_MissingOne: a recording without a transcript is no success.
func TestTranscripts_MissingOne(t *testing.T) {
	c := testCapture{dir: t.TempDir(), name: "a", format: "raw"}
	if fault := compare(c, "what happened\n"); !strings.Contains(fault, "no transcript") {
		t.Errorf("got %q", fault)
	}
	if err := os.WriteFile(c.path("golden"), []byte("what happened\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if fault := compare(c, "what happened\n"); fault != "" {
		t.Errorf("the same text: got %q", fault)
	}
	fault := compare(c, "what happened\nand more\n")
	if lines := strings.Split(fault, "\n"); !slices.Contains(lines, "+ and more") || !slices.Contains(lines, "  what happened") {
		t.Errorf("a further line: got %q", fault)
	}
}

// TestTranscripts_OwnersKeys: what the .toml of a recording may not say, because
// it is published.
func TestTranscripts_OwnersKeys(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []string // "line key"
	}{
		{"only a board", "[[board]]\nframe = \"demo\"\n", nil},
		{"how it posts", "[onenet]\nreply_timeout = \"2s\"\norder = \"oldest-first\"\n", nil},
		{"the key", "[[board]]\nframe = \"demo\"\n[onenet]\nkey = \"AAEC\"\n", []string{"4 key"}},
		{"all of them", "[onenet]\nproduct = \"a\"\ndevice = \"b\"\nkey_file = \"c\"\nuser = \"d\"\npassword = \"e\"\nca_file = \"f\"\n",
			[]string{"2 product", "3 device", "4 key_file", "5 user", "6 password", "7 ca_file"}},
		{"misspelt", "[onenet]\npasword = \"e\"\n", []string{"2 pasword"}},
		{"dotted", "onenet.key = \"AAEC\"\n", []string{"1 key"}},
		{"inline", "# ours\nonenet = { order = \"oldest-first\", key = \"AAEC\" }\n", []string{"2 key"}},
		{"quoted", "[\"onenet\"]\n\"key\" = \"AAEC\"\n", []string{"2 key"}},
		{"commented out", "[onenet]\n# key = \"AAEC\"\norder = \"oldest-first\"\n", []string{"2 key"}},
		{"escaped", "[onenet]\n\"\\u006bey\" = \"AAEC\"\n", []string{"1 key"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := testCapture{dir: t.TempDir(), name: "car-two"}
			if err := os.WriteFile(c.path("toml"), []byte(row.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, w := range row.want {
				line, key, _ := strings.Cut(w, " ")
				want = append(want, "car-two.toml:"+line+" holds onenet."+key+": take it out, this file is published")
			}
			if got := ownersKeys(t, c); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestTranscripts_NoPortNoFrame: the recording says the port, and a board of which
// no frame is found is asked about.
func TestTranscripts_NoPortNoFrame(t *testing.T) {
	for _, row := range []struct {
		frame string
		want  []string
	}{
		{"demo", nil},
		{"jy901", []string{"car"}},
	} {
		t.Run(row.frame, func(t *testing.T) {
			c := testCapture{dir: t.TempDir(), name: "car-two", format: "pcapng"}
			recorded, err := os.ReadFile(filepath.Join(capturesDir, "report-all.pcapng"))
			if err != nil {
				t.Fatal(err)
			}
			board := "[[board]]\nname = \"car\"\nframe = \"" + row.frame + "\"\n"
			if err := errors.Join(os.WriteFile(c.path("pcapng"), recorded, 0o600), os.WriteFile(c.path("toml"), []byte(board), 0o600)); err != nil {
				t.Fatal(err)
			}
			if _, mute := perform(t, c); !slices.Equal(mute, row.want) {
				t.Errorf("no frame of %q, want %q", mute, row.want)
			}
		})
	}
}
