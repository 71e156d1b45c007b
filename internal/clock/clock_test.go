package clock

import (
	"strings"
	"sync"
	"testing"
	"time"

	"serialgw/internal/reading"
)

const (
	second = int64(time.Second)
	hour   = int64(time.Hour)
	years  = 50 * 365 * 24 * hour
	// epoch is the true wall time when the machine of these tests boots.
	epoch = 1_800_000_000 * second
)

// machine is a kernel of the test's own. True wall time is epoch + now.
type machine struct {
	mu     sync.Mutex
	now    int64 // boot time
	off    int64 // how far the wall clock is ahead
	kernel bool  // adjtimex: synchronised
	file   int64 // of timesyncd
	boot   reading.BootID
	looks  int // at adjtimex
}

func boot(n byte) reading.BootID { return reading.BootID{n} }

func newMachine(off int64) *machine { return &machine{now: 10 * second, off: off, boot: boot(1)} }

func (m *machine) facts() kernel {
	locked := func(get func() int64) func() int64 {
		return func() int64 {
			m.mu.Lock()
			defer m.mu.Unlock()
			return get()
		}
	}
	return kernel{
		wall:    locked(func() int64 { return epoch + m.now + m.off }),
		boot:    locked(func() int64 { return m.now }),
		synced:  func() bool { m.looks++; return m.kernel },
		touched: func() int64 { return m.file },
		bootID:  func() reading.BootID { return m.boot },
	}
}

// touch is what timesyncd does when it has set the clock.
func (m *machine) touch() { m.file = epoch + m.now + m.off }

// step is what happens to a machine, 10 s after the step before; a stamp is
// taken just after it.
type step func(*machine)

func TestResolve_GivesEachStampItsTrueTime(t *testing.T) {
	synced := func(m *machine) { m.kernel, m.off = true, 0 }
	byFile := func(m *machine) { m.off = 0; m.touch() }
	stepTo := func(off int64) step { return func(m *machine) { m.kernel, m.off = false, off } }
	later := func(*machine) {}
	const known, pending = reading.TimeKnown, reading.TimePending
	tests := []struct {
		name  string
		off   int64 // at boot
		steps []step
		// at is how sure the newest stamp's time is just then, end what becomes of
		// each stamp in the end.
		at, end []reading.Certainty
	}{
		{"NeverSynced", -hour, []step{later, later}, []reading.Certainty{pending, pending}, []reading.Certainty{pending, pending}},
		{"SyncedFromTheStart", 0, []step{synced, later}, []reading.Certainty{known, known}, []reading.Certainty{known, known}},
		{"SyncedLater", -30 * 24 * hour, []step{later, synced, later}, []reading.Certainty{pending, known, known}, []reading.Certainty{known, known, known}},
		{"SyncedByTheFile", -hour, []step{later, byFile, later}, []reading.Certainty{pending, known, known}, []reading.Certainty{known, known, known}},
		{"BackAnHourByHand", 0, []step{synced, stepTo(-hour), later, synced}, []reading.Certainty{known, known, known, known}, []reading.Certainty{known, known, known, known}},
		{"FiftyYearsOnByHand", 0, []step{synced, stepTo(years), later}, []reading.Certainty{known, known, known}, []reading.Certainty{known, known, known}},
		{"Lapsed", 0, []step{synced, stepTo(0), later}, []reading.Certainty{known, known, known}, []reading.Certainty{known, known, known}},
		{"FileStaysAfterAStep", 0, []step{byFile, stepTo(hour), later}, []reading.Certainty{known, known, known}, []reading.Certainty{known, known, known}},
		{"FileTouchedAfterAStep", 0, []step{byFile, stepTo(hour), byFile, later}, []reading.Certainty{known, known, known, known}, []reading.Certainty{known, known, known, known}},
		{"ManySteps", hour, []step{later, synced, stepTo(-hour), stepTo(years), synced, stepTo(3)}, []reading.Certainty{pending, known, known, known, known, known}, []reading.Certainty{known, known, known, known, known, known}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(tt.off)
			c := newClock(m.facts())
			var stamps []reading.Stamp
			for i, s := range tt.steps {
				m.now += 10 * second
				s(m)
				stamps = append(stamps, c.Now())
				if _, got := c.Resolve(stamps[i]); got != tt.at[i] {
					t.Errorf("stamp %d, when it was taken: got certainty %d, want %d", i, got, tt.at[i])
				}
			}
			for i, s := range stamps {
				got, sure := c.Resolve(s)
				if sure != tt.end[i] {
					t.Errorf("stamp %d: got certainty %d, want %d", i, sure, tt.end[i])
				}
				if sure == known && (got.Wall != epoch+got.Boot || !got.Synced) {
					t.Errorf("stamp %d: off by %v, synced %v", i, time.Duration(got.Wall-epoch-got.Boot), got.Synced)
				}
				if sure != known && got != s {
					t.Errorf("stamp %d was changed to %+v", i, got)
				}
			}
		})
	}
}

// A step within the second for which the kernel's answer is believed must not
// lend its word to a wrong time, nor to a stamp that was under way.
func TestNow_StepWithinTheSecond(t *testing.T) {
	m := newMachine(0)
	m.kernel = true
	c := newClock(m.facts())
	if s := c.Now(); !s.Synced {
		t.Fatal("the kernel's word does not count")
	}
	m.now += second / 10
	m.kernel, m.off = false, -hour
	if s := c.Now(); s.Synced {
		t.Error("a stamp just after a step is marked synchronised")
	}
	m.now += second
	wall := m.facts().wall()
	m.kernel, m.off = true, 0 // between the reading of the clock and the look at the kernel
	c.kernel.wall = func() int64 { c.kernel.wall = m.facts().wall; return wall }
	if s := c.Now(); !s.Synced || s.Wall != epoch+s.Boot {
		t.Errorf("just before the clock was set: synchronised %v, off by %v", s.Synced, time.Duration(s.Wall-epoch-s.Boot))
	}
	c.kernel.wall = func() int64 { // the program pauses between its two readings
		m.now += second / 2
		c.kernel.wall = m.facts().wall
		return c.kernel.wall()
	}
	if s := c.Now(); !s.Synced || s.Wall != epoch+s.Boot {
		t.Errorf("across a pause: synchronised %v, off by %v", s.Synced, time.Duration(s.Wall-epoch-s.Boot))
	}
}

// The kernel is asked once a second, however many stamps are taken.
func TestNow_AsksTheKernelOnceASecond(t *testing.T) {
	m := newMachine(0)
	m.kernel = true
	c := newClock(m.facts())
	for range 1000 {
		c.Now()
		m.now += second / 100
	}
	if m.looks > 2*11 {
		t.Errorf("asked %d times in ten seconds, want at most 22", m.looks)
	}
}

// Who waits for the clock hears of it once, and by how much it was wrong.
func TestState_SaysHowFarTheClockWasOff(t *testing.T) {
	m := newMachine(-3 * hour)
	c := newClock(m.facts())
	c.Now()
	drain(c)
	m.now += second
	c.Now()
	if drain(c) {
		t.Error("nothing happened, and a change was told")
	}
	m.off, m.now = 0, m.now+second/2 // the time service steps first,
	c.Now()
	m.kernel, m.now = true, m.now+2*second // and calls it right a moment later
	c.Now()
	if !drain(c) {
		t.Error("the clock was set, and nobody was told")
	}
	if got := c.State(); got.By != Kernel || got.Off != -3*time.Hour || !got.Anchored {
		t.Errorf("got %+v, want the kernel's word and an hour's error of -3h", got)
	}
}

func drain(c *Clock) bool {
	select {
	case <-c.Changed():
		return true
	default:
		return false
	}
}

// The first correction was wrong: what a synchronised clock stamped keeps its
// time, what follows has the newest.
func TestResolve_GenuineCorrection(t *testing.T) {
	m := newMachine(-hour)
	c := newClock(m.facts())
	before := c.Now()
	m.now += second
	m.kernel, m.off = true, hour // a server that is wrong
	wrong := c.Now()
	m.now += second
	m.off = 0
	right := c.Now()
	if got, _ := c.Resolve(wrong); got != wrong {
		t.Errorf("a synchronised stamp was changed to %+v", got)
	}
	for _, s := range []reading.Stamp{before, right} {
		if got, sure := c.Resolve(s); sure != reading.TimeKnown || got.Wall != epoch+got.Boot {
			t.Errorf("off by %v", time.Duration(got.Wall-epoch-got.Boot))
		}
	}
}

func TestResolve_NoBootID(t *testing.T) {
	m := newMachine(0)
	m.boot = reading.BootID{}
	c := newClock(m.facts())
	s := c.Now()
	m.kernel = true
	m.now += second
	c.Now()
	if _, sure := c.Resolve(s); sure != reading.TimeUnknown {
		t.Errorf("got certainty %d, want that it is not known and never will be", sure)
	}
	if text, err := c.Save(); text != nil || err != nil {
		t.Errorf("an anchor of no boot is to be kept: %s, %v", text, err)
	}
}

// True is what tokens are signed by: right also after a step by hand.
func TestTrue_CorrectsAClockThatWasRight(t *testing.T) {
	m := newMachine(-years)
	c := newClock(m.facts())
	if s := c.True(); s.Synced || s.Wall != epoch+m.now-years {
		t.Errorf("got %+v, want what the clock claims", s)
	}
	m.kernel, m.off, m.now = true, 0, m.now+second
	c.Now()
	m.kernel, m.off, m.now = false, -years, m.now+second
	if s := c.True(); !s.Synced || s.Wall != epoch+m.now {
		t.Errorf("got %+v, want the true time", s)
	}
}

func TestClock_ManyGoroutines(t *testing.T) {
	c := New()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				c.Resolve(c.Now())
				c.State()
				if _, err := c.Save(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestSource_String(t *testing.T) {
	for s, want := range map[Source]string{Nobody: "nobody", Kernel: "adjtimex", Timesync: "timesyncd"} {
		if !strings.Contains(s.String(), want) {
			t.Errorf("source %d is %q, want %q in it", s, s, want)
		}
	}
}
