package sidebyside

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	reference = flag.String("reference", "", "directory of the reference programs")
	only      = flag.String("goals", "1,2,3,4,5,6,7,8,9,10", "goals to measure")
	runs      = flag.Int("runs", 7, "runs of each program; the median counts")
	liveRuns  = flag.Int("live-runs", 3, "the same, of the live ones")
	secs      = flag.Int("secs", 30, "seconds of a live run")
)

// TestGoals measures the goals and prints the table. It fails when a goal is
// not met.
func TestGoals(t *testing.T) {
	if *reference == "" {
		t.Skip("`make side-by-side` measures the goals; this is not it")
	}
	s := newSession(t)
	for _, part := range []struct {
		name    string
		goals   []int
		measure func(t *testing.T, s *session)
	}{
		{"Decode", []int{1, 3}, measureDecode},
		{"Allocations", []int{2}, measureAllocations},
		{"Broker", []int{4, 6}, measureBroker},
		{"Sink", []int{5}, measureSink},
		{"Queue", []int{6}, measureQueue},
		{"Live115200", []int{7}, measure115200},
		{"Live921600", []int{8}, measure921600},
		{"Idle", []int{9}, measureIdle},
		{"Start", []int{9}, measureStart},
		{"StuckHeader", []int{10}, measureStuckHeader},
	} {
		if slices.ContainsFunc(part.goals, wanted) {
			t.Run(part.name, func(t *testing.T) { part.measure(t, s) })
		}
	}
	s.table.print(os.Stdout)
	for _, r := range s.table {
		if r.verdict == missed {
			t.Errorf("goal %d is not met: %s", r.goal, r.what)
		}
	}
}

func wanted(goal int) bool {
	return slices.Contains(strings.Split(*only, ","), strconv.Itoa(goal))
}

// table is what came out, in the order of measuring.
type table []row

type row struct {
	goal            int
	what, bar       string
	ours, reference string
	ratio           string
	verdict         string
}

// What a row says at its end.
const (
	met        = "met"
	missed     = "NOT MET"
	unmeasured = "not measured"
)

func verdictOf(ok bool) string {
	if ok {
		return met
	}
	return missed
}

func short(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }

// figure writes small values with three digits and large ones whole.
func figure(x float64, unit string) string {
	text := short(x)
	if x >= 1000 {
		text = strconv.FormatFloat(x, 'f', 0, 64)
	}
	return text + unit
}

// atMost compares with a reference: ours is to be at most bar times as much.
func (t *table) atMost(goal int, what, unit string, ours, ref, bar float64) {
	t.add(goal, what, "≤ "+short(bar)+"×", figure(ours, unit), figure(ref, unit), short(ours/ref)+"×", ours <= bar*ref)
}

// atLeast is the other way round.
func (t *table) atLeast(goal int, what, unit string, ours, ref, bar float64) {
	t.add(goal, what, "≥ "+short(bar)+"×", figure(ours, unit), figure(ref, unit), short(ours/ref)+"×", ours >= bar*ref)
}

// below holds ours against a figure that no reference has to do with.
func (t *table) below(goal int, what, unit string, ours, bar float64) {
	t.add(goal, what, "≤ "+figure(bar, unit), figure(ours, unit), "", "", ours <= bar)
}

func (t *table) add(goal int, what, bar, ours, ref, ratio string, ok bool) {
	*t = append(*t, row{goal, what, bar, ours, ref, ratio, verdictOf(ok)})
	fmt.Printf("   %d %s: %s (%s) %s\n", goal, what, ours, bar, verdictOf(ok))
}

// skip says why something is not in the table.
func (t *table) skip(goal int, what, why string) {
	*t = append(*t, row{goal, what, "", why, "", "", unmeasured})
}

func (t table) print(out *os.File) {
	rows := slices.Clone(t)
	slices.SortStableFunc(rows, func(a, b row) int { return a.goal - b.goal })
	lines := [][]string{{"goal", "what", "bar", "ours", "reference", "ratio", ""}}
	for _, r := range rows {
		lines = append(lines, []string{strconv.Itoa(r.goal), r.what, r.bar, r.ours, r.reference, r.ratio, r.verdict})
	}
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for n, line := range lines {
		for i, cell := range line {
			_, _ = fmt.Fprintf(out, "| %s%s ", cell, strings.Repeat(" ", width[i]-len([]rune(cell))))
		}
		_, _ = fmt.Fprintln(out, "|")
		if n == 0 {
			for _, w := range width {
				_, _ = fmt.Fprint(out, "|", strings.Repeat("-", w+2))
			}
			_, _ = fmt.Fprintln(out, "|")
		}
	}
}

func TestTable(t *testing.T) {
	var got table
	got.atMost(1, "CPU", " s", 0.139, 0.1, 1.4)
	got.atMost(1, "CPU", " s", 0.141, 0.1, 1.4)
	got.atLeast(4, "rate", "/s", 95_000, 100_000, 0.95)
	got.atLeast(4, "rate", "/s", 94_000, 100_000, 0.95)
	got.below(9, "RSS", " MiB", 9.8, 16)
	got.below(9, "RSS", " MiB", 16.1, 16)
	want := table{
		{1, "CPU", "≤ 1.4×", "0.139 s", "0.1 s", "1.39×", met},
		{1, "CPU", "≤ 1.4×", "0.141 s", "0.1 s", "1.41×", missed},
		{4, "rate", "≥ 0.95×", "95000/s", "100000/s", "0.95×", met},
		{4, "rate", "≥ 0.95×", "94000/s", "100000/s", "0.94×", missed},
		{9, "RSS", "≤ 16 MiB", "9.8 MiB", "", "", met},
		{9, "RSS", "≤ 16 MiB", "16.1 MiB", "", "", missed},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
