package clock

import (
	"testing"
	"time"
)

// Where the file is the only word from the start, its date must fit the clock.
func TestState_FileAlone(t *testing.T) {
	for _, tt := range []struct {
		name string
		file int64 // against the true time at the look
		off  int64 // of the clock at the look
		want Source
	}{
		{"JustTouched", -second, 0, Timesync},
		{"None", -epoch, 0, Nobody},
		{"ClockSteppedBackSince", -second, -hour, Nobody},
		{"ClockSteppedOnSince", -second, hour, Nobody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(tt.off)
			m.now = 100 * second
			if m.file = epoch + m.now + tt.file; tt.want == Nobody && tt.name == "None" {
				m.file = 0
			}
			c := newClock(m.facts())
			for range 3 { // a date that lay in the future does not come true by waiting
				if got := c.State().By; got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
				m.now += hour
			}
		})
	}
}

// timesyncd corrects itself: it steps the clock and touches its file.
func TestState_FileTouchedWithAStep(t *testing.T) {
	m := newMachine(hour)
	m.touch()
	c := newClock(m.facts())
	c.Now()
	m.off, m.now = 0, m.now+second
	if got := c.State().By; got != Nobody {
		t.Errorf("just after the step: got %v, want nobody's word", got)
	}
	m.touch()
	m.now += second
	if s := c.Now(); !s.Synced || c.State().Off != time.Hour {
		t.Errorf("synchronised %v, %+v, want timesyncd's word and an error of 1h", s.Synced, c.State())
	}
}
