package clock

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// kept returns what a clock wants kept, and fails when there is nothing.
func kept(t *testing.T, c *Clock) []byte {
	t.Helper()
	text, err := c.Save()
	if err != nil || text == nil {
		t.Fatalf("got %q, %v, want something to keep", text, err)
	}
	return text
}

// TestRestore_AfterAReboot stamps before the clock is set, reboots, and asks the
// next boot's clock.
func TestRestore_AfterAReboot(t *testing.T) {
	m := newMachine(-hour)
	c := newClock(m.facts())
	early := c.Now()
	m.now += second
	m.kernel, m.off = true, 0
	c.Now()
	text := kept(t, c)
	for _, tt := range []struct {
		name string
		text []byte
		want reading.Certainty
	}{
		{"Saved", text, reading.TimeKnown},
		{"NotSaved", nil, reading.TimeUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := newMachine(-2 * hour)
			next.boot = boot(2)
			c := newClock(next.facts())
			if tt.text != nil {
				if err := c.Restore(tt.text); err != nil {
					t.Fatal(err)
				}
			}
			got, sure := c.Resolve(early)
			if sure != tt.want {
				t.Fatalf("got certainty %d, want %d", sure, tt.want)
			}
			if sure == reading.TimeKnown && got.Wall != epoch+early.Boot {
				t.Errorf("off by %v", time.Duration(got.Wall-epoch-early.Boot))
			}
			if _, sure := c.Resolve(c.Now()); sure != reading.TimePending {
				t.Errorf("this boot's own stamp: got certainty %d, want that it waits", sure)
			}
		})
	}
}

// A program that starts anew in the same boot knows the anchor, and is not
// fooled by a step that came meanwhile.
func TestRestore_WithinTheBoot(t *testing.T) {
	m := newMachine(0)
	m.touch()
	c := newClock(m.facts())
	c.Now()
	text := kept(t, c)
	m.now += 60 * second
	m.off = hour
	again := newClock(m.facts())
	if err := again.Restore(text); err != nil {
		t.Fatal(err)
	}
	s := again.Now()
	got, sure := again.Resolve(s)
	if s.Synced || sure != reading.TimeKnown || got.Wall != epoch+m.now {
		t.Errorf("synced %v, certainty %d, off by %v", s.Synced, sure, time.Duration(got.Wall-epoch-m.now))
	}
	if text, err := again.Save(); text != nil || err != nil {
		t.Errorf("nothing is new, and %s is to be kept, %v", text, err)
	}
}

// Only a step is written down: a flash wears.
func TestSave_SeldomWrites(t *testing.T) {
	m := newMachine(0)
	m.kernel = true
	c := newClock(m.facts())
	writes := 0
	for i := range 1000 {
		m.now += second
		if i == 500 {
			m.off += second
		} else {
			m.off += int64(i%3-1) * 1000 // a pause between the two clocks
		}
		c.Now()
		if text, err := c.Save(); err != nil {
			t.Fatal(err)
		} else if text != nil {
			writes++
		}
	}
	if writes != 2 {
		t.Errorf("%d writes, want one for the first and one for the step", writes)
	}
}

func TestSave_KeepsTheLastBoots(t *testing.T) {
	var a anchors
	for n := range byte(40) {
		a.put(boot(n+1), int64(n)*second)
	}
	text, err := a.text()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseAnchors(text)
	if err != nil || len(got) != bootsMost {
		t.Fatalf("got %d boots, %v, want %d", len(got), err, bootsMost)
	}
	if offset, ok := got.of(boot(40)); !ok || offset != 39*second {
		t.Errorf("got %d, %v for the newest boot", offset, ok)
	}
	if _, ok := got.of(boot(24)); ok {
		t.Error("a boot too many is kept")
	}
}

// TestRestore_Damaged cuts the file anywhere and flips each of its bits: what is
// taken over is right, or nothing.
func TestRestore_Damaged(t *testing.T) {
	var a anchors
	a.put(boot(1), epoch)
	a.put(boot(2), epoch+hour)
	text, err := a.text()
	if err != nil {
		t.Fatal(err)
	}
	check := func(damaged []byte) {
		got, err := parseAnchors(damaged)
		if err != nil && !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%q: the error does not say what is the matter: %v", damaged, err)
		}
		if err != nil {
			return
		}
		for _, one := range got {
			if offset, ok := a.of(one.boot); !ok || offset != one.offset {
				t.Errorf("%q: got offset %d for boot %x", damaged, one.offset, one.boot)
			}
		}
	}
	for i := range text {
		check(text[:i])
		for bit := range 8 {
			damaged := bytes.Clone(text)
			damaged[i] ^= 1 << bit
			check(damaged)
		}
	}
	c := newClock(newMachine(0).facts())
	if err := c.Restore([]byte("\x00\x00")); err == nil {
		t.Error("a damaged file is taken over without a word")
	}
	c.Now() // and goes on
}
