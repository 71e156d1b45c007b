package gateway

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what the process has used of all cores, whoever else uses them.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestDrain_TwentyThousandASecond: without a pace one core carries so many
// readings of seven properties a second, the simulator's judgement included,
// which is most of it. That is held to with -day; time that others take does not
// count.
func TestDrain_TwentyThousandASecond(t *testing.T) {
	n := 10_000
	if *day {
		n = 200_000
	}
	cfg := drainConfig()
	cfg.PostInterval = 0
	x := newDrain(t, 7, 0)
	x.fill(n, 100*time.Millisecond)
	spent, began := cpuTime(t), time.Now()
	x.start(cfg)
	for x.queue.Stats().Records > 0 {
		<-x.acked
	}
	each := (cpuTime(t) - spent) / time.Duration(n)
	t.Logf("%d readings a second; %v of a core each", int(float64(n)/time.Since(began).Seconds()), each)
	if *day && each > time.Second/20_000 {
		t.Errorf("a reading takes %v", each)
	}
	x.wantEach(n)
}

// BenchmarkDrain is a reading's way out of a backlog on disk, without a pace,
// through the client to the simulator's judgement of each value and back.
func BenchmarkDrain(b *testing.B) {
	for _, history := range []bool{true, false} {
		for _, props := range []int{1, 5, 7} {
			b.Run(fmt.Sprintf("history=%v/properties=%d", history, props), func(b *testing.B) {
				cfg := drainConfig()
				cfg.PostInterval, cfg.History = 0, history
				n := max(b.N, 1000)
				x := newDrain(b, props, 0)
				x.fill(n, 100*time.Millisecond)
				b.ReportAllocs()
				b.ResetTimer()
				spent := cpuTime(b)
				x.start(cfg)
				for x.queue.Stats().Records > 0 {
					<-x.acked
				}
				b.StopTimer()
				b.ReportMetric(float64(cpuTime(b)-spent)/float64(n), "cpu-ns/reading")
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "readings/s")
				x.wantEach(n)
			})
		}
	}
}
