//go:build system

package systemtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// summary adds the schedules up.
type summary struct {
	result
	schedules, failed     int
	refused, crashed      int
	doubledMost, riskMost int
	windowShare           float64       // worst loss window in sync_intervals
	windowBad             time.Duration // the same where the disk was slow or failed
	tookMost              time.Duration
}

func newSummary() *summary {
	return &summary{result: result{faults: map[fault]int{}}}
}

// count takes a schedule, whatever became of it.
func (s *summary) count(r *ordeal) {
	s.schedules++
	s.refused, s.crashed = s.refused+r.refused, s.crashed+r.crashed
	if r.t.Failed() {
		s.failed++
	}
}

// add takes what a schedule came to.
func (s *summary) add(r *result) {
	for f, n := range r.faults {
		s.faults[f] += n
	}
	s.produced, s.delivered, s.dropped, s.queued = s.produced+r.produced, s.delivered+r.delivered, s.dropped+r.dropped, s.queued+r.queued
	s.doubled, s.risk, s.torn = s.doubled+r.doubled, s.risk+r.risk, s.torn+r.torn
	s.doubledMost, s.riskMost = max(s.doubledMost, r.doubled), max(s.riskMost, r.risk)
	s.missing, s.missingSynced, s.reordered = s.missing+r.missing, s.missingSynced+r.missingSynced, s.reordered+r.reordered
	s.frames, s.spoilt, s.timeless = s.frames+r.frames, s.spoilt+r.spoilt, s.timeless+r.timeless
	s.restarts = append(s.restarts, r.restarts...)
	s.resumed = append(s.resumed, r.resumed...)
	s.noticed = append(s.noticed, r.noticed...)
	s.wrong, s.untrue, s.deadLetters, s.damaged = s.wrong+r.wrong, s.untrue+r.untrue, s.deadLetters+r.deadLetters, s.damaged+r.damaged
	s.outages = append(s.outages, r.outages...)
	s.plugs = append(s.plugs, r.plugs...)
	s.paused = max(s.paused, r.paused)
	s.timeOff, s.took, s.tookMost = max(s.timeOff, r.timeOff), s.took+r.took, max(s.tookMost, r.took)
	if r.faults[faultEIO]+r.faults[faultSlowDisk] > 0 {
		s.windowBad = max(s.windowBad, r.window)
	} else if r.window > 0 {
		s.window = max(s.window, r.window)
		s.windowShare = max(s.windowShare, r.window.Seconds()/r.windowOf.Seconds())
	}
}

// class returns how many faults of a class there were.
func (s *summary) class(name string) (n int) {
	for _, f := range classes[name] {
		n += s.faults[f]
	}
	return n
}

// want fails a campaign that did too little.
func (s *summary) want(t *testing.T, schedules uint64) {
	t.Helper()
	for name, least := range atLeast {
		if n := s.class(name); n*1000 < least*int(schedules) && schedules >= uint64(len(themes)) {
			t.Errorf("%d %s in %d schedules, want at least %d in 1,000", n, name, schedules, least)
		}
	}
}

func (s *summary) String() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", name, fmt.Sprintf(format, args...))
	}
	row("what", "figure")
	row("---", "---")
	row("schedules", "%d, of them failed %d", s.schedules, s.failed)
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		row(name, "%d", s.class(name))
	}
	for _, f := range slices.Sorted(maps.Keys(s.faults)) {
		row("- "+string(f), "%d", s.faults[f])
	}
	row("frames sent", "%d, of them damaged on purpose %d", s.frames, s.spoilt)
	row("produced (accepted and written)", "%d", s.produced)
	row("delivered", "%d", s.delivered)
	row("dropped for want of room, counted", "%d", s.dropped)
	row("queued at the end", "%d", s.queued)
	row("gone with the power before their sync", "%d", s.torn)
	row("written records missing otherwise", "%d", s.missing)
	row("synced records missing", "%d", s.missingSynced)
	row("out of order", "%d", s.reordered)
	row("false readings; false times", "%d; %d", s.wrong, s.untrue)
	row("refused starts; crashes; dead letters; records damaged", "%d; %d; %d; %d", s.refused, s.crashed, s.deadLetters, s.damaged)
	row("doubled", "%d; a schedule: at most %d, mean %.1f", s.doubled, s.doubledMost, float64(s.doubled)/float64(max(s.schedules, 1)))
	row("bound of doubled", "%d; a schedule: at most %d", s.risk, s.riskMost)
	row("worst loss window of a power cut", "%v; at most %.2f sync intervals (of 100 ms to 1 s)", s.window.Round(time.Millisecond), s.windowShare)
	row("the same after a slow or failing disk", "%v", s.windowBad.Round(time.Millisecond))
	row("readings without time", "%d", s.timeless)
	row("time of a reading off by at most", "%v", s.timeOff.Round(time.Millisecond))
	row("restart to connected", "%s", spread(s.restarts))
	row("end of an outage to connected", "%s", spread(s.outages))
	row("half-open connection noticed", "%s", spread(s.noticed))
	row("end of I/O errors to disk used", "%s", spread(s.resumed))
	row("port back to port open", "%s", spread(s.plugs))
	row("the machine had no time for the campaign for at most", "%v", s.paused.Round(time.Millisecond))
	row("a schedule takes", "mean %v, at most %v", (s.took / time.Duration(max(s.schedules, 1))).Round(time.Millisecond), s.tookMost.Round(time.Millisecond))
	return b.String()
}

func spread(list []time.Duration) string {
	if len(list) == 0 {
		return "none"
	}
	list = slices.Sorted(slices.Values(list))
	return fmt.Sprintf("median %v, at most %v (%d)", list[len(list)/2].Round(time.Millisecond), list[len(list)-1].Round(time.Millisecond), len(list))
}
