package noise

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

var (
	description = flag.String("description", "", "file of [frame.NAME] tables, from the project's root; empty: the presets")
	frameName   = flag.String("frame", "", "the only frame to bench; empty: all")
	seedCount   = flag.Int("seeds", 0, "runs a row, each with its own random numbers; 0: fewer of more descriptions, 2 to 20")
	frameCount  = flag.Int("frames", 6000, "frames a run")
	baud        = flag.Int("baud", 115200, "bits/s of the line")
)

// salt is the chance of a byte of data to begin a copy of the frame's head.
const salt = 0.15

// row is one line of the table.
type row struct {
	frame string
	level level
	tally tally
}

// bench runs a plan over every level, so many frames a run.
func bench(t *testing.T, p *frame.Plan, seeds, count int, scan func() scanner) []row {
	t.Helper()
	var rows []row
	for _, l := range levels() {
		rows = append(rows, row{frame: p.Name(), level: l})
	}
	for seed := range uint64(seeds) {
		frames := stream(t, p, seed, count)
		for i := range rows {
			rows[i].tally.add(run(p, frames, rows[i].level, scan(), seed))
		}
	}
	return rows
}

// framesARun is fewer with -test.short, which is for the race detector: with it
// everything takes ten times as long, and the campaign is held without it.
func framesARun() int {
	if testing.Short() {
		return min(*frameCount, 1000)
	}
	return *frameCount
}

// stream returns the frames of one run.
func stream(t testing.TB, p *frame.Plan, seed uint64, count int) []sent {
	t.Helper()
	b, err := newBoard(p, seed, salt)
	if err != nil {
		t.Fatal(err)
	}
	frames := make([]sent, count)
	for i := range frames {
		if frames[i], err = b.next(); err != nil {
			t.Fatal(err)
		}
	}
	return frames
}

// run damages the frames, lets the scanner look for them, and judges it.
func run(p *frame.Plan, frames []sent, l level, s scanner, seed uint64) tally {
	byteTime := 10 * time.Second / time.Duration(*baud)
	j := &judge{plan: p, line: damage(frames, l, byteTime, seed), byteTime: byteTime, most: longestSilence(p, byteTime)}
	j.score(drive(s, j.line, 2*j.most, seed))
	j.countOdds(s.Metrics(), rand.New(rand.NewPCG(seed, 4)))
	return j.tally
}

// longestSilence is how long a partial frame may be held without new bytes:
// the plan's gap, or 20 ms, as a scanner of a line without speed says it, or
// three times the time of a largest frame. [WIRE-7]
func longestSilence(p *frame.Plan, byteTime time.Duration) time.Duration {
	s := frame.NewScanner(p, 0)
	s.Feed(reading.Chunk{Bytes: []byte{0}})
	gap, _ := s.Deadline()
	return max(time.Duration(gap.Boot), time.Duration(3*p.MaxWire())*byteTime)
}

// hold holds a row to the acceptance line. At most 0.05 % of the whole frames
// may be lost; [WIRE-1] allows none, and none it is. [WIRE-7] bounds the wait.
func (r *row) hold(t *testing.T, p *frame.Plan) {
	t.Helper()
	if r.tally.late > 0 {
		t.Errorf("%s at %s: %d frames came later than a largest frame and a silence allow", r.frame, r.level.name, r.tally.late)
	}
	if r.tally.unproven > 0 {
		t.Errorf("%s at %s: %d false readings break a rule of their frame", r.frame, r.level.name, r.tally.unproven)
	}
	if !p.Checked() {
		return
	}
	if r.tally.lost > 0 {
		t.Errorf("%s at %s: %d of %d whole frames lost", r.frame, r.level.name, r.tally.lost, r.tally.whole)
	}
	if most := mostBy(r.tally.odds); r.tally.wrong > most {
		t.Errorf("%s at %s: %d false readings, the check allows %d", r.frame, r.level.name, r.tally.wrong, most)
	}
}

// benchAll benches plans side by side, holds them to the acceptance line, and
// prints the table.
func benchAll(t *testing.T, all []*frame.Plan, seeds int) {
	t.Helper()
	if testing.Short() {
		seeds = 1
	}
	rows := make([][]row, len(all))
	t.Run("frame", func(t *testing.T) {
		for i, p := range all {
			t.Run(p.Name(), func(t *testing.T) {
				t.Parallel()
				rows[i] = bench(t, p, seeds, framesARun(), func() scanner { return frame.NewScanner(p, *baud) })
				for k := range rows[i] {
					rows[i][k].hold(t, p)
				}
			})
		}
	})
	t.Logf("%d runs of %d frames a row, %d baud\n%s", seeds, framesARun(), *baud, table(slices.Concat(rows...)))
}

// TestBench benches the presets, or the description that the flags name.
func TestBench(t *testing.T) {
	all, seeds := plans(t), *seedCount
	if seeds == 0 {
		seeds = min(max(120/len(all), 2), 20)
	}
	benchAll(t, all, seeds)
}

const shapes = "internal/noise/testdata/shapes.toml"

// TestShapes benches what no preset has: checks of the head, two slices, ends
// that may be data, summed lengths.
func TestShapes(t *testing.T) {
	benchAll(t, compileAll(t, fileDescriptions(t, shapes)), 4)
}
