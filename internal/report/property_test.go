package report

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"serialgw/internal/reading"
)

const tick = 10 * time.Millisecond

// drawRule draws a rule for numbers that Check has nothing against.
func drawRule(t *rapid.T) Rule {
	ticks := func(low, top int, label string) time.Duration {
		return time.Duration(rapid.IntRange(low, top).Draw(t, label)) * tick
	}
	for {
		var r Rule
		r.OnChange = rapid.Bool().Draw(t, "on change")
		if rapid.Bool().Draw(t, "with deadband") {
			r.Deadband = &Deadband{Mantissa: int64(rapid.IntRange(0, 30).Draw(t, "band")), Digits: 1, Percent: rapid.Bool().Draw(t, "percent")}
		}
		switch rapid.IntRange(0, 2).Draw(t, "pace") {
		case 0:
			r.MinInterval = ticks(1, 20, "min interval")
		case 1:
			r.Window = ticks(1, 20, "window")
			r.Aggregate = rapid.SliceOfNDistinct(rapid.SampledFrom([]Aggregate{Mean, Min, Max, Last}), 1, 4, rapid.ID[Aggregate]).Draw(t, "aggregate")
		}
		if r.Changes() && rapid.Bool().Draw(t, "with max silence") {
			r.MaxSilence = ticks(20, 60, "max silence")
		}
		if rapid.Bool().Draw(t, "with range") {
			r.Range = []float64{-2, 2}
		}
		if len(Check([]Rule{r}, board()[:1])) == 0 {
			return r
		}
	}
}

// moment is one value as it came in or went out.
type moment struct {
	when  reading.Stamp // received or sent
	taken reading.Stamp // the time that it carries
	value reading.Value
}

// drive sends values of temp through a rule and returns what came in and what
// went out, by identifier.
func drive(t *rapid.T, r Rule) (in []moment, out map[string][]moment) {
	f := New(0, []Rule{r}, board())
	out = map[string][]moment{}
	tell := func(now reading.Stamp, r *reading.Reading) {
		for _, p := range r.Props {
			out[p.Name] = append(out[p.Name], moment{now, r.Stamp, p.Value})
		}
	}
	chance := rapid.IntRange(1, 4).Draw(t, "a frame in so many ticks")
	for i, n := range rapid.SliceOfN(rapid.IntRange(-30, 30), 1, 300).Draw(t, "tenths") {
		now := reading.Stamp{Boot: int64(i) * int64(tick)}
		if f.Ready(now) {
			for _, r := range f.Flush(now) {
				tell(now, &r)
			}
		}
		if i%chance != 0 {
			continue
		}
		v := reading.DecimalValue(int64(n/4), 1)
		if r.Range == nil || v.Float() >= r.Range[0] && v.Float() <= r.Range[1] {
			in = append(in, moment{now, now, v})
		}
		frame := reading.Reading{Message: "env", Stamp: now, Props: props(val("temp", v))}
		if r := f.Pass(&frame); r != nil {
			tell(now, r)
		}
	}
	end := reading.Stamp{Boot: 1e15}
	for _, r := range f.End(end) {
		tell(end, &r)
	}
	return in, out
}

// windows cuts what came in as the rule does: from the first value on, and anew
// after a silence.
func windows(in []moment, length time.Duration) (out [][]moment) {
	var start reading.Stamp
	for i, m := range in {
		switch {
		case i == 0:
			start, out = m.when, append(out, nil)
		case m.when.Since(start) >= length:
			out = append(out, nil)
			for m.when.Since(start) >= length && m.when.Since(start) < 2*length {
				start = start.Add(length)
			}
			if m.when.Since(start) >= length {
				start = m.when
			}
		}
		out[len(out)-1] = append(out[len(out)-1], m)
	}
	return out
}

// Whatever the rule: nothing is made up, nothing is out of order, a pace is
// kept, and what may not be missing is there.
func TestFilter_WhateverTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRule(t)
		in, out := drive(t, r)
		for name, list := range out {
			for i, m := range list {
				if i > 0 && m.taken.Since(list[i-1].taken) <= 0 {
					t.Fatalf("%s: %v was sent behind %v", name, m, list[i-1])
				}
				if i > 0 && r.MinInterval > 0 && m.when.Since(list[i-1].when) < r.MinInterval {
					t.Fatalf("%s: two within the interval: %v, %v", name, list[i-1], m)
				}
				if r.Window == 0 && !slices.ContainsFunc(in, func(came moment) bool { return came.taken == m.taken && came.value == m.value }) {
					t.Fatalf("%s: %v never came in", name, m)
				}
			}
		}
		if r.Window > 0 {
			wantAggregates(t, r, in, out)
			return
		}
		if list := out["temp"]; len(in) > 0 && (len(list) == 0 || list[0].taken != in[0].taken) {
			t.Fatalf("the first value, %v, is not the first sent: %v", in[0], list)
		}
		wantChanges(t, r, in, out["temp"])
		wantSilence(t, r, in, out["temp"])
	})
}

// wantAggregates: all that is sent is an aggregate of one window, and with no
// rule against it each window's are sent.
func wantAggregates(t *rapid.T, r Rule, in []moment, out map[string][]moment) {
	cut := windows(in, r.Window)
	for _, a := range r.Aggregate {
		name := "temp"
		if len(r.Aggregate) > 1 {
			name += "_" + a.String()
		}
		var want []moment
		for _, w := range cut {
			want = append(want, aggregateOf(a, w))
		}
		next := 0
		for _, m := range out[name] {
			for next < len(want) && (want[next].taken != m.taken || compare(want[next].value, m.value) != 0) {
				next++
			}
			if next == len(want) {
				t.Fatalf("%s: %v is no aggregate of a window in turn: %v", name, m, want)
			}
			next++
		}
		if !r.Changes() && len(out[name]) != len(want) {
			t.Fatalf("%s: %d windows, %d sent", name, len(want), len(out[name]))
		}
	}
}

func aggregateOf(a Aggregate, w []moment) moment {
	switch a {
	case Min:
		return slices.MinFunc(w, func(a, b moment) int { return compare(a.value, b.value) })
	case Max:
		return slices.MinFunc(w, func(a, b moment) int { return compare(b.value, a.value) })
	case Mean: // to two decimals, half away from zero
		m, sum, n := w[len(w)-1], int64(0), int64(len(w))
		for _, v := range w {
			sum += v.value.Int64() * 10 // tenths to hundredths
		}
		doubled := 2*max(sum, -sum) + n // half away from zero, without a fraction
		m.value = reading.DecimalValue(doubled/(2*n), 2)
		if sum < 0 {
			m.value = reading.DecimalValue(-doubled/(2*n), 2)
		}
		return m
	}
	return w[len(w)-1]
}

// wantChanges: without an interval every change is sent, and nothing else but
// what max_silence asks for.
func wantChanges(t *rapid.T, r Rule, in, out []moment) {
	if r.MinInterval > 0 || r.MaxSilence > 0 {
		return
	}
	var want []moment
	for _, m := range in {
		if len(want) == 0 || isChange(r, m.value, want[len(want)-1].value) {
			want = append(want, m)
		}
	}
	if !slices.Equal(out, want) {
		t.Fatalf("sent %v, want %v", out, want)
	}
}

// isChange is reckoned in tenths and thousandths, not as the filter does.
func isChange(r Rule, v, last reading.Value) bool {
	moved := max(v.Int64()-last.Int64(), last.Int64()-v.Int64())
	switch {
	case r.Deadband != nil && r.Deadband.Percent:
		return moved*1000 > r.Deadband.Mantissa*max(last.Int64(), -last.Int64())
	case r.Deadband != nil:
		return moved > r.Deadband.Mantissa
	}
	return !r.OnChange || moved != 0
}

// wantSilence: while values come, never more than max_silence passes without
// one being sent, but for the time until the next comes.
func wantSilence(t *rapid.T, r Rule, in, out []moment) {
	if r.MaxSilence == 0 {
		return
	}
	for _, m := range in {
		before := slices.IndexFunc(out, func(o moment) bool { return o.when.Since(m.when) > 0 })
		if before < 0 {
			before = len(out)
		}
		if last := out[before-1]; m.when.Since(last.when) >= r.MaxSilence {
			t.Fatalf("at %v nothing was sent since %v", m, last)
		}
	}
}
