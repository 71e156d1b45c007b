package frame_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// steadyPlans are plans whose frames have the shortest way: each kind of check,
// what it covers, frames above and below 16 bytes, and an end marker alone.
func steadyPlans(t *testing.T) map[string]*frame.Plan {
	t.Helper()
	fields := []frame.Field{{Name: "v", Type: "<h", Count: 3, Scale: 0.1}}
	plans := map[string]*frame.Plan{}
	for name, d := range map[string]frame.Description{
		"sum":             attitude(),
		"long sum":        channels(),
		"CRC":             lidar(nil),
		"end":             floats(),
		"sum behind sync": {Sync: "AA 55", Size: 9, Check: []frame.Check{{Kind: "sum8", Over: []string{"2:-1"}}}, Fields: fields},
		"sum behind data": {Sync: "AA", Size: 16, Check: []frame.Check{{Kind: "sum8", Over: []string{"9:-1"}}}, Fields: fields},
		"sum of eight":    {Sync: "AA", Size: 8, Check: []frame.Check{{Kind: "sum8"}}, Fields: fields},
		"sum of two":      {Sync: "AA", Size: 10, Check: []frame.Check{{Kind: "sum16", Endian: "big"}}, Fields: fields},
		"negative sum":    {Sync: "AA", Size: 17, Check: []frame.Check{{Kind: "neg-sum8"}}, Fields: fields},
		"exclusive or":    {Sync: "AA 55 01", Size: 12, Check: []frame.Check{{Kind: "xor8", Over: []string{"1:-1"}}}, Fields: fields},
		"idle":            {Sync: "AA", Size: 9, Idle: "00", Check: []frame.Check{{Kind: "sum8"}}, Fields: fields},
		"short end":       {End: "0D 0A", Fields: []frame.Field{{Name: "v", Type: "<h", Count: 3, Range: []float64{-1e4, 1e4}}}},
	} {
		p := mustCompile(t, name, d)
		if !p.Steady() {
			t.Errorf("%s: has no shortest way", name)
		}
		plans[name] = p
	}
	return plans
}

// TestScanner_SteadySaysWhatScanSays holds the shortest way against the one that
// all frames can go: every frame, its time, and every count after each step.
func TestScanner_SteadySaysWhatScanSays(t *testing.T) {
	for name, p := range steadyPlans(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, 6))
			for range 300 {
				wire := steadyWire(t, rng, p)
				baud := []int{0, 9600, 921600}[rng.IntN(3)]
				fast, slow := frame.NewScanner(p, baud), frame.NewScanner(p.Unsteady(), baud)
				sameScans(t, rng, wire, fast, slow)
			}
		})
	}
}

// steadyWire is a stream of frames of p with some damage.
func steadyWire(t *testing.T, rng *rand.Rand, p *frame.Plan) []byte {
	t.Helper()
	var wire []byte
	one := make([]byte, p.MinSize())
	for range 40 {
		for i := range one {
			one[i] = byte(rng.Uint32()) >> (8 * rng.IntN(2)) // many zeros: idle bytes, and pieces of end markers
		}
		if err := p.Whole(p.Messages()[0], one); err != nil {
			t.Fatal(err)
		}
		wire = append(wire, one...)
		switch rng.IntN(12) {
		case 0:
			wire[len(wire)-1-rng.IntN(len(one))] ^= byte(1 + rng.IntN(255))
		case 1:
			wire = append(wire, make([]byte, rng.IntN(5))...)
		case 2:
			wire = wire[:len(wire)-rng.IntN(len(one))]
		}
	}
	return wire
}

// sameScans feeds both in the same reads, some of them with the same stamp, some
// behind a silence.
func sameScans(t *testing.T, rng *rand.Rand, wire []byte, fast, slow *frame.Scanner) {
	t.Helper()
	stamp := reading.Stamp{Boot: 1e12, Wall: int64(rng.IntN(2)) * 2e18, BootID: reading.BootID{1}}
	for len(wire) > 0 {
		n := min(1+rng.IntN(1+rng.IntN(150)), len(wire))
		stamp = stamp.Add(time.Duration(rng.IntN(3)) * 700 * time.Microsecond)
		stamp.Synced = rng.IntN(2) == 0
		for _, s := range []*frame.Scanner{fast, slow} {
			s.Feed(reading.Chunk{Bytes: wire[:n], Stamp: stamp})
		}
		sameFrames(t, fast, slow, []int{rng.IntN(5), math.MaxInt}[rng.IntN(2)])
		if wire = wire[n:]; rng.IntN(10) == 0 {
			stamp = stamp.Add(time.Second)
			fast.Expire(stamp)
			slow.Expire(stamp)
			sameFrames(t, fast, slow, math.MaxInt)
		}
	}
	fast.Flush()
	slow.Flush()
	sameFrames(t, fast, slow, math.MaxInt)
}

// sameFrames scans for so many frames at most.
func sameFrames(t *testing.T, fast, slow *frame.Scanner, most int) {
	t.Helper()
	for found := true; found; {
		found = fast.Scan()
		if slow.Scan() != found {
			t.Fatal("one finds a frame, the other none")
		}
		f, g := fast.Frame(), slow.Frame()
		same := slices.Equal(f.Bytes, g.Bytes) && slices.Equal(f.Raw(), g.Raw()) && f.Stamp == g.Stamp &&
			f.Skipped == g.Skipped && f.End == g.End && f.Message == g.Message
		if found && !same {
			t.Fatalf("got %+v, want %+v", f, g)
		}
		if f.End%2 == 0 && fast.Metrics() != slow.Metrics() { // not always: a count is due for several frames, too
			t.Fatalf("counts %+v, want %+v", fast.Metrics(), slow.Metrics())
		}
		if most--; most < 0 {
			return // with frames left for later
		}
	}
	if fast.Metrics() != slow.Metrics() {
		t.Fatalf("counts %+v, want %+v", fast.Metrics(), slow.Metrics())
	}
	at, ok := fast.Deadline()
	if want, wanted := slow.Deadline(); at != want || ok != wanted {
		t.Fatalf("deadline %v %v, want %v %v", at, ok, want, wanted)
	}
}
