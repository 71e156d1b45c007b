//go:build system

package systemtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var (
	seedCount = flag.Uint64("seeds", 25, "number of schedules")
	seedFrom  = flag.Uint64("from", 1, "first seed")
	tortureTo = flag.String("table", "", "directory for the table and for the logs of schedules that failed")
)

// TestTorture_Schedules works off one schedule of faults a seed. Each begins
// with an empty queue, interleaves kills, power cuts, outages, unplugs and worse
// while the board keeps sending, and ends when everything has drained. Then
// every reading is accounted for.
func TestTorture_Schedules(t *testing.T) {
	var mu sync.Mutex
	sum, machine := newSummary(), watchPauses(t)
	t.Run("all", func(t *testing.T) {
		for seed := *seedFrom; seed < *seedFrom+*seedCount; seed++ {
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				r := newOrdeal(t, planOf(seed), false, machine)
				t.Cleanup(func() {
					r.report(*tortureTo)
					mu.Lock()
					defer mu.Unlock()
					sum.count(r)
				})
				got := r.judge(r.run())
				mu.Lock()
				defer mu.Unlock()
				sum.add(got)
			})
		}
	})
	sum.want(t, *seedCount)
	t.Logf("\n%s", sum)
	if *tortureTo != "" {
		must(t, os.MkdirAll(*tortureTo, 0o755))
		must(t, os.WriteFile(filepath.Join(*tortureTo, "table.txt"), []byte(sum.String()), 0o644))
	}
}

// TestTorture_ControlLoses runs power cuts on a disk that answers flushes and
// does not keep them. A campaign that loses nothing there does not see loss.
func TestTorture_ControlLoses(t *testing.T) {
	const schedules = 4
	var mu sync.Mutex
	lost, cuts, machine := 0, 0, watchPauses(t)
	t.Run("all", func(t *testing.T) {
		for i := range uint64(schedules) {
			seed := (*seedFrom+i)*uint64(len(themes)) + 4
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				r := newOrdeal(t, planOf(seed), true, machine)
				t.Cleanup(func() { r.report(*tortureTo) })
				got := r.judge(r.run())
				mu.Lock()
				defer mu.Unlock()
				lost, cuts = lost+got.missingSynced, cuts+got.faults[faultPower]
			})
		}
	})
	t.Logf("%d power cuts without flushes: %d synced records missing", cuts, lost)
	if lost == 0 {
		t.Errorf("no synced record is missing after %d power cuts without flushes: the campaign is void", cuts)
	}
	if *tortureTo != "" {
		text := fmt.Sprintf("| control: power cuts on a disk that forgets flushes | %d |\n| control: synced records missing | %d |\n", cuts, lost)
		must(t, os.MkdirAll(*tortureTo, 0o755))
		must(t, os.WriteFile(filepath.Join(*tortureTo, "control.txt"), []byte(text), 0o644))
	}
}

// report says how to run a schedule that failed again, and leaves its log.
func (r *ordeal) report(dir string) {
	if !r.t.Failed() {
		return
	}
	r.t.Logf("again with: make torture SEEDS=1 FROM=%d\n%v%s", r.plan.seed, r.plan, strings.Join(r.notes, "\n"))
	if dir == "" {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n%s\n", r.plan, strings.Join(r.notes, "\n"))
	for i, l := range r.lives {
		fmt.Fprintf(&b, "\nlife %d, from %v\n%v", i+1, l.begun.Sub(r.begun), l.g.log)
	}
	must(r.t, os.MkdirAll(dir, 0o755))
	must(r.t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("seed-%d.log", r.plan.seed)), []byte(b.String()), 0o644))
}
