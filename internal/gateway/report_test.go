package gateway

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
	"serialgw/internal/report"
)

// Rules name the frame's properties; what is stored has the cloud's names, a
// frame's values stay together, and what no rule takes goes by the period.
func TestIngest_Rules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Period: time.Hour, Prefix: "P_", Rename: map[string]string{"temp": "oil"}, Rules: []report.Rule{
			{Property: []string{"temp"}, Deadband: &report.Deadband{Mantissa: 5, Digits: 1}},
		}})
		for i, temp := range []int64{2000, 2050, 2051, 2001, 2000} {
			x.feed(env(t, x.plan, temp, i%2 == 0)...)
			<-time.After(20 * time.Millisecond)
		}
		if got, want := x.values(t), "env P_oil=20.00 P_run=true; env P_oil=20.51; env P_oil=20.00"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := x.in.snapshot().Latest[0].Name, "P_oil"; got != want {
			t.Errorf("people see %q, want %q", got, want)
		}
		x.stop()
		if got, want := len(x.q.stored(t)), 4; got != want {
			t.Errorf("at the end %d readings, want %d: the newest of run was held", got, want)
		}
	})
}

// A window ends by the clock, though the board says no more, and what a range
// drops is counted.
func TestIngest_WindowOfASilentBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Rules: []report.Rule{{
			Property: []string{"volt"}, Window: 10 * time.Second, Aggregate: []report.Aggregate{report.Mean, report.Max}, Range: []float64{0, 13},
		}}})
		start := stampNow()
		for _, volt := range []int64{11_000, 12_000, 13_001, 12_500} {
			x.feed(power(t, x.plan, volt)...)
			<-time.After(time.Second)
		}
		<-time.After(6*time.Second + minWait)
		synctest.Wait()
		if got, want := x.values(t), "power volt_mean=11.8333 volt_max=12.500"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		r := x.q.stored(t)[0]
		if got, want := r.Stamp.Since(start), 3*time.Second; got != want {
			t.Errorf("the mean has the time %v after the first value, want that of the last, %v", got, want)
		}
		s := x.in.snapshot()
		if s.Outside != 1 || !slices.Equal(s.Publishes, []string{"temp", "run", "volt_mean", "volt_max"}) {
			t.Errorf("%d outside, publishes %v", s.Outside, s.Publishes)
		}
	})
}

// The health of a link goes out whether the board speaks or not, under the
// board's names, with the time at which it was seen.
func TestIngest_LinkHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Health: time.Minute, Prefix: "P_", Rename: map[string]string{"link_ok": "alive"}})
		start := stampNow()
		for range 3 {
			x.feed(power(t, x.plan, 1)...)
			x.feed(0, 0, 0)
			<-time.After(20 * time.Second)
		}
		<-time.After(time.Minute + minWait)
		synctest.Wait()
		var got []string
		for _, r := range x.q.stored(t) {
			if r.Message == report.LinkMessage {
				got = append(got, r.Stamp.Since(start).String()+" "+list(r.Props))
			}
		}
		want := []string{
			"1m0s P_alive=true P_link_explained=0.727 P_link_frames=3 P_link_check_failed=0 P_link_noise=9 ",
			"2m0s P_alive=false P_link_frames=3 P_link_check_failed=0 P_link_noise=9 ",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if s := x.in.snapshot(); !slices.ContainsFunc(s.Latest, func(v LatestValue) bool { return v.Name == "P_alive" && v.raw == reading.BoolValue(false) }) {
			t.Errorf("people do not see it: %v", s.Latest)
		}
	})
}
