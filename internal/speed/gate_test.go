package speed

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	gate   = flag.Bool("gate", false, "run every benchmark of the project and hold its allocations against the baseline")
	update = flag.Bool("update", false, "run every benchmark of the project and write its allocations down as the baseline")
)

const (
	baselineFile = "testdata/allocs.txt"

	// gateTime is how often each operation is done. What a benchmark allocates
	// before and after does not count, and buffers, maps and channels have their
	// size before the first, so that a few are enough.
	gateTime = "200x"
)

// allocs is how often an operation of each benchmark allocates, by its room and
// name: "internal/frame.BenchmarkCheck/kind=sum8/bytes=20".
type allocs map[string]int

// TestGate holds every benchmark to the allocations that it has had. `make
// allocs` and `make allocs-update` run it.
func TestGate(t *testing.T) {
	if !*gate && !*update {
		t.Skip("`make allocs` runs every benchmark of the project; this is not it")
	}
	now, err := measure(t)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(baselineFile, now.format(), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d benchmarks written down in %s", len(now), baselineFile)
		return
	}
	text, err := os.ReadFile(baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	base, err := parseBaseline(text)
	if err != nil {
		t.Fatal(err)
	}
	worse, better := compare(base, now)
	for _, line := range worse {
		t.Error(line)
	}
	for _, line := range better {
		t.Log(line)
	}
	t.Logf("%d benchmarks", len(now))
}

// measure runs every benchmark. Two things keep the figures the same from run
// to run: one processor, as the gateway itself has, so that it is always the
// same goroutine that waits; and no garbage collection, which would empty the
// pools of the standard library at some time or other.
func measure(t *testing.T) (allocs, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet", "off", "-run", "^$", "-bench", ".", "-benchmem",
		"-benchtime", gateTime, "-count", "1", "-cpu", "1", "./...")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "GOGC=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the benchmarks do not run: %w\n%s", err, out)
	}
	return parseRun(bytes.NewReader(out))
}

// benchLine is what `go test -benchmem` says of one benchmark:
//
//	BenchmarkDrain 	     200	       714.4 ns/op	 167.98 MB/s	     604 B/op	       3 allocs/op
var benchLine = regexp.MustCompile(`^(Benchmark\S*)\s+\d+\s.*\s(\d+) allocs/op$`)

// parseRun reads the output of go test. It is an error when a benchmark stands
// there twice, or none at all.
func parseRun(out io.Reader) (allocs, error) {
	found, room := allocs{}, ""
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if pkg, ok := strings.CutPrefix(line, "pkg: serialgw/"); ok {
			room = pkg
		}
		m := benchLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := room + "." + m[1]
		if _, again := found[name]; again {
			return nil, fmt.Errorf("two benchmarks are called %s", name)
		}
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[name] = n
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cannot read what the benchmarks say: %w", err)
	}
	if len(found) == 0 {
		return nil, errors.New("no benchmark was run")
	}
	return found, nil
}

const baselineHead = `# How often an operation of each benchmark allocates. "make allocs" fails when
# one does so more than a fifth more often, or is not here; "make allocs-update"
# writes this file anew, and the commit says why.
`

func (a allocs) format() []byte {
	b := []byte(baselineHead)
	for _, name := range slices.Sorted(maps.Keys(a)) {
		b = fmt.Appendf(b, "%8d  %s\n", a[name], name)
	}
	return b
}

func parseBaseline(text []byte) (allocs, error) {
	base := allocs{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var n int
		var name string
		if _, err := fmt.Sscanf(line, "%d %s\n", &n, &name); err != nil {
			return nil, fmt.Errorf("%s: cannot read %q: %w", baselineFile, line, err)
		}
		base[name] = n
	}
	return base, nil
}

// compare says what is worse than the baseline, and what is so much better that
// the baseline would not notice if it were lost again.
func compare(base, now allocs) (worse, better []string) {
	names := maps.Clone(base)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, known := base[name]
		is, run := now[name]
		switch {
		case !known:
			worse = append(worse, fmt.Sprintf("%s is new (%d allocations an operation): make allocs-update adds it to the baseline", name, is))
		case !run:
			worse = append(worse, fmt.Sprintf("%s is in the baseline (%d allocations an operation) and no longer there: make allocs-update takes it out", name, was))
		case 5*is > 6*was:
			worse = append(worse, fmt.Sprintf("%s: %d allocations an operation, the baseline has %d and allows %d: mend it, or accept it with make allocs-update", name, is, was, 6*was/5))
		case 6*is < 5*was:
			better = append(better, fmt.Sprintf("%s: %d allocations an operation, the baseline has %d: make allocs-update keeps it so", name, is, was))
		}
	}
	return worse, better
}

func TestCompare(t *testing.T) {
	for _, row := range []struct {
		name          string
		base, now     allocs
		worse, better string // a part of the only line; empty: none
	}{
		{"Same", allocs{"x.B": 40}, allocs{"x.B": 40}, "", ""},
		{"NoneIsNone", allocs{"x.B": 0}, allocs{"x.B": 0}, "", ""},
		{"AFifthMore", allocs{"x.B": 40}, allocs{"x.B": 48}, "", ""},
		{"MoreThanAFifth", allocs{"x.B": 40}, allocs{"x.B": 49}, "x.B: 49 allocations an operation, the baseline has 40 and allows 48", ""},
		{"OneInsteadOfNone", allocs{"x.B": 0}, allocs{"x.B": 1}, "x.B: 1 allocations an operation, the baseline has 0 and allows 0", ""},
		{"OneMoreOfFew", allocs{"x.B": 4}, allocs{"x.B": 5}, "x.B: 5 allocations an operation, the baseline has 4 and allows 4", ""},
		{"New", allocs{}, allocs{"x.B": 7}, "x.B is new (7 allocations an operation)", ""},
		{"Gone", allocs{"x.B": 7}, allocs{}, "x.B is in the baseline (7 allocations an operation) and no longer there", ""},
		{"Fewer", allocs{"x.B": 12}, allocs{"x.B": 9}, "", "x.B: 9 allocations an operation, the baseline has 12"},
	} {
		t.Run(row.name, func(t *testing.T) {
			worse, better := compare(row.base, row.now)
			for _, side := range []struct {
				lines []string
				want  string
			}{{worse, row.worse}, {better, row.better}} {
				text := strings.Join(side.lines, "\n")
				if (text == "") != (side.want == "") || !strings.HasPrefix(text, side.want) {
					t.Errorf("got %q, want %q", text, side.want)
				}
				if text != "" && !strings.Contains(text, "make allocs-update") {
					t.Errorf("%q does not say how to renew the baseline", text)
				}
			}
		})
	}
}

func TestParseRun(t *testing.T) {
	const out = `goos: linux
pkg: serialgw/internal/frame
cpu: some
BenchmarkCheck/kind=crc-8-smbus/bytes=20 	     200	        28.96 ns/op	 690.49 MB/s	       0 B/op	       0 allocs/op
PASS
ok  	serialgw/internal/frame	3.756s
pkg: serialgw/internal/queue
BenchmarkLoad 	     200	   8423594 ns/op	        11.00 segments	  207638 B/op	     166 allocs/op
?   	serialgw/internal/none	[no test files]
`
	got, err := parseRun(strings.NewReader(out))
	want := allocs{"internal/frame.BenchmarkCheck/kind=crc-8-smbus/bytes=20": 0, "internal/queue.BenchmarkLoad": 166}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if again, err := parseBaseline(got.format()); err != nil || !maps.Equal(again, got) {
		t.Errorf("read back: %v, %v", again, err)
	}
	for name, bad := range map[string]string{
		"Nothing": "PASS\n",
		"Twice":   "BenchmarkA 1 5 ns/op 0 B/op 0 allocs/op\nBenchmarkA 1 5 ns/op 0 B/op 0 allocs/op\n",
	} {
		if got, err := parseRun(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error but %v", name, got)
		}
	}
}
