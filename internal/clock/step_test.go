package clock

import (
	"testing"
	"time"

	"serialgw/internal/reading"
)

// The file is touched, then somebody sets the clock by hand, and nobody has looked
// in between: the touch is no word for the time after it, the next one is.
func TestState_FileTouchedBeforeAnUnseenStep(t *testing.T) {
	for _, tt := range []struct {
		name       string
		pause, off int64 // between two looks; by how much the clock is set
	}{
		{"OnAfterASecond", second, hour},
		{"BackAfterASecond", second, -hour},
		{"YearsBackAfterASecond", second, -years},
		{"OnAfterAMinute", 60 * second, 2 * 60 * second},
		{"OnByLessThanThePause", 10 * hour, hour},
		{"BackByLessThanThePause", 10 * hour, -hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(0)
			m.touch()
			c := newClock(m.facts())
			c.Now()
			m.now += tt.pause / 2
			m.touch() // timesyncd's poll
			m.off = tt.off
			m.now += tt.pause - tt.pause/2
			for range 3 {
				s := c.Now()
				got, sure := c.Resolve(s)
				if s.Synced || sure != reading.TimeKnown || got.Wall != epoch+got.Boot {
					t.Errorf("synchronised %v, off by %v", s.Synced, time.Duration(got.Wall-epoch-got.Boot))
				}
				m.now += tt.pause
			}
			m.off = 0
			m.touch()
			m.now += tt.pause
			if s := c.Now(); !s.Synced || s.Wall != epoch+s.Boot {
				t.Errorf("synchronised %v after timesyncd has set the clock", s.Synced)
			}
		})
	}
}

// timesyncd corrects what it has set wrong, and stamps are rare: its word counts
// again with its next touch at the latest.
func TestState_FileTouchedWithAnUnseenStep(t *testing.T) {
	for _, tt := range []struct {
		pause int64
		looks int // until it counts
	}{{second, 1}, {60 * second, 1}, {61 * second, 2}, {hour, 2}} {
		m := newMachine(20 * second)
		m.touch()
		c := newClock(m.facts())
		c.Now()
		for look := 1; look <= 3; look++ {
			m.now += tt.pause / 2
			m.off = 0
			m.touch()
			m.now += tt.pause - tt.pause/2
			if s := c.Now(); s.Synced != (look >= tt.looks) || s.Synced && s.Wall != epoch+s.Boot {
				t.Errorf("pause %v, look %d: synchronised %v, off by %v", time.Duration(tt.pause), look, s.Synced, time.Duration(s.Wall-epoch-s.Boot))
			}
		}
	}
}

// The clock was set right while no program ran, and timesyncd goes on: its word
// counts again.
func TestRestore_ClockSetMeanwhile(t *testing.T) {
	m := newMachine(hour)
	m.touch()
	c := newClock(m.facts())
	c.Now()
	text := kept(t, c)
	m.now += 600 * second
	m.off = 0
	m.touch()
	m.now += 10 * second
	again := newClock(m.facts())
	if err := again.Restore(text); err != nil {
		t.Fatal(err)
	}
	again.Now()
	for range 3 {
		m.now += 60 * second
		m.touch()
		m.now += second
		again.Now()
	}
	if s := again.True(); again.State().By != Timesync || s.Wall != epoch+s.Boot {
		t.Errorf("%v, off by %v", again.State().By, time.Duration(s.Wall-epoch-s.Boot))
	}
}
