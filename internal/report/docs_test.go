package report

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// A column of docs/report.md is 100 ms, five characters wide; "said" and "sent"
// take seven.
const (
	lineHead = 7
	charMS   = 20
)

// saidIn reads a line of values.
func saidIn(t *testing.T, line string) (frames []said) {
	t.Helper()
	for at := lineHead; at < len(line); at += 5 {
		whole, decimals, _ := strings.Cut(strings.TrimSpace(line[at:min(at+5, len(line))]), ".")
		n, err := strconv.ParseInt(whole+decimals, 10, 64)
		if err != nil {
			t.Fatalf("%q has no value at %d", line, at)
		}
		frames = append(frames, said{int64(at-lineHead) * charMS, "env", props(val("volt", reading.DecimalValue(n, uint8(len(decimals)))))})
	}
	return frames
}

// sentLine writes what went out as the document does.
func sentLine(t *testing.T, f *Filter, frames []said) string {
	t.Helper()
	line := "sent"
	for _, out := range transcript(f, 1000, frames) {
		when, rest, _ := strings.Cut(out, ": ")
		ms, err := strconv.Atoi(when)
		if err != nil {
			t.Fatal(err)
		}
		value := rest[strings.LastIndex(rest, "=")+1:]
		if at := lineHead + ms/charMS; len(line) <= at {
			line += strings.Repeat(" ", at-len(line)) + value
		} else {
			line += ", " + value
		}
	}
	return line
}

// TestTimeLines: what docs/report.md draws is what the rules do.
func TestTimeLines(t *testing.T) {
	text, err := os.ReadFile("../../docs/report.md")
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	rows := []struct {
		name    string
		filters []*Filter
	}{
		{"Period", []*Filter{New(300*ms, nil, board()), New(0, []Rule{{MinInterval: 300 * ms}}, board())}},
		{"OnChangeAndMinInterval", []*Filter{New(0, []Rule{{OnChange: true, MinInterval: 300 * ms}}, board())}},
		{"Deadband", []*Filter{New(0, []Rule{{Deadband: band("0.5")}}, board())}},
		{"MaxSilence", []*Filter{New(0, []Rule{{OnChange: true, MaxSilence: 350 * ms}}, board())}},
		{"Window", []*Filter{New(0, []Rule{{Window: 300 * ms, Aggregate: []Aggregate{Mean, Max}}}, board())}},
	}
	_, rest, _ := strings.Cut(string(text), "\nsaid")
	for _, row := range rows {
		var block string
		block, rest, _ = strings.Cut("said"+rest, "\n```")
		_, rest, _ = strings.Cut(rest, "\nsaid")
		lines := strings.Split(block, "\n")
		if len(lines) != 2 {
			t.Fatalf("%s: %q is no pair of lines", row.name, block)
		}
		for _, f := range row.filters {
			if got := sentLine(t, f, saidIn(t, lines[0])); got != lines[1] {
				t.Errorf("%s:\n%s\n%s is what is sent, not\n%s", row.name, lines[0], got, lines[1])
			}
		}
	}
	if rest != "" {
		t.Error("docs/report.md has a time line that no row is for")
	}
}
