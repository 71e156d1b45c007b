package gateway

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

func TestIngest_FramesBecomeRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		stream := append(append([]byte{0, 0xaa}, env(t, x.plan, -5, false)...), power(t, x.plan, 11842)...)
		for _, b := range stream { // a byte at a time, 1 ms apart
			x.feed(b)
			<-time.After(time.Millisecond)
		}
		if got, want := x.values(t), "env temp=-0.05 run=false; power volt=11.842"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		r := x.q.stored(t)[1]
		if want := time.Now().Add(-time.Millisecond); r.Board != "press" || !r.Stamp.Time().Equal(want) {
			t.Errorf("board %q, stamp %v; want press and the arrival of the last byte, %v", r.Board, r.Stamp.Time(), want)
		}
		s := x.in.snapshot()
		if s.Stored != 2 || s.Metrics.Frames != 2 || s.Metrics.Noise != 2 || s.LastFrame != r.Stamp || len(s.Latest) != 3 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestIngest_PrefixAndRename(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Prefix: "P1_", Rename: map[string]string{"temp": "oil", "volt": "mains"}})
		x.feed(env(t, x.plan, 100, true)...)
		x.feed(power(t, x.plan, 1)...)
		if got, want := x.values(t), "env P1_oil=1.00 P1_run=true; power P1_mains=0.001"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Promise 4: a frame whose check fails is never stored, in whole or in part,
// and costs no neighbour.
func TestIngest_BadFrameIsNeverStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		good := env(t, x.plan, 100, true)
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 0x10
			x.feed(append(bad, power(t, x.plan, int64(i))...)...)
			<-time.After(time.Second)
		}
		stored := x.q.stored(t)
		for _, r := range stored {
			if r.Message != "power" {
				t.Errorf("stored %s %s", r.Message, list(r.Props))
			}
		}
		if len(stored) != len(good) {
			t.Errorf("%d of %d neighbours stored", len(stored), len(good))
		}
	})
}

// Half a frame must not swallow the beginning of the next one for ever.
func TestIngest_PartialFrameExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		good := env(t, x.plan, 100, true)
		x.feed(good[:5]...)
		<-time.After(time.Minute)
		if got := x.in.snapshot().Metrics.Expired; got != 1 {
			t.Errorf("%d expired, want 1", got)
		}
		x.feed(good[5:]...)
		<-time.After(time.Minute)
		x.feed(good...)
		if got, want := x.values(t), "env temp=1.00 run=true"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Bytes alone are no life: at the wrong baud rate there are plenty of them.
func TestIngest_SilenceIsReckonedFromValidFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Silence: 10 * time.Second})
		for range 9 {
			<-time.After(time.Second)
			x.feed(0xff, 0x00, 0x13)
		}
		if x.reopened() != 0 {
			t.Fatal("reopened too early")
		}
		<-time.After(time.Second)
		synctest.Wait()
		if x.reopened() != 1 || !x.in.snapshot().LastFrame.IsZero() {
			t.Fatalf("reopened %d times, last frame %v; want 1, none", x.reopened(), x.in.snapshot().LastFrame)
		}
		<-time.After(10 * time.Second)
		synctest.Wait()
		if x.reopened() != 2 {
			t.Errorf("still silent: reopened %d times, want 2", x.reopened())
		}
		for range 30 {
			<-time.After(time.Second)
			x.feed(power(t, x.plan, 1)...)
		}
		if x.reopened() != 2 {
			t.Errorf("with frames every second: reopened %d times, want 2", x.reopened())
		}
	})
}

// At a wrong baud rate each reopening brings bytes and no frame: that is said
// once, until frames come again.
func TestIngest_NoiseIsSaidOnceAnEpisode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Silence: 10 * time.Second})
		noise := func(seconds int) {
			for range seconds {
				<-time.After(time.Second)
				x.feed(0xff, 0x00, 0x13)
			}
		}
		logged := func(text string) int { return strings.Count(x.log.String(), text) }
		<-time.After(15500 * time.Millisecond)
		noise(95)
		<-time.After(30 * time.Second)
		synctest.Wait()
		reasons := strings.Join(x.reopen, "")
		if want := "no bytes for 10s: is the board powered, TX at RX, ground connected?"; reasons != want || x.reopened() < 10 {
			t.Errorf("reopened %d times, because of %q, want %q", x.reopened(), reasons, want)
		}
		if n := logged("no valid frame for 10s, but 12 bytes of noise came in: wrong baud rate or frame?"); n != 1 || logged("no valid frame") != 1 {
			t.Errorf("the noise was said %d times: %s", n, x.log)
		}
		x.feed(power(t, x.plan, 1)...)
		x.feed(power(t, x.plan, 1)...)
		if logged("valid frames again") != 1 {
			t.Errorf("at the end: %s", x.log)
		}
		noise(25)
		if logged("no valid frame") != 2 {
			t.Errorf("a second episode: %s", x.log)
		}
	})
}

func TestIngest_ShutdownStoresHeldValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Period: time.Minute})
		for volt := range int64(5) {
			x.feed(power(t, x.plan, volt)...)
		}
		if got, want := x.values(t), "power volt=0.000"; got != want {
			t.Fatalf("before: got %q, want %q", got, want)
		}
		x.stop()
		if got, want := x.values(t), "power volt=0.000; power volt=0.004"; got != want {
			t.Errorf("after: got %q, want %q", got, want)
		}
	})
}

// At the end nothing more can complete a false start: the frame inside it is
// taken.
func TestIngest_ShutdownLooksInsideAPartialFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		x.feed(append([]byte{0xaa, 0x55, 20, 0x77}, power(t, x.plan, 5)...)...)
		x.feed(power(t, x.plan, 6)[:4]...)
		if x.q.waiting() != 0 {
			t.Fatal("a frame was taken before the false start had failed")
		}
		x.stop()
		if got, want := x.values(t), "power volt=0.005"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// The held value goes out when its period ends, though the board says no more.
func TestIngest_HeldValueIsStoredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Period: time.Second})
		x.feed(power(t, x.plan, 1)...)
		x.feed(power(t, x.plan, 2)...)
		<-time.After(time.Second + minWait)
		synctest.Wait()
		if got, want := x.values(t), "power volt=0.001; power volt=0.002"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A frame that comes just after a period does not replace the period's value,
// even when the loop wakes late.
func TestIngest_PeriodEndsBeforeALaterFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{Period: time.Second})
		x.stop() // the test takes the steps
		start := stampNow()
		x.in.step(reading.Chunk{Bytes: power(t, x.plan, 1), Stamp: start})
		x.in.step(reading.Chunk{Bytes: power(t, x.plan, 2), Stamp: start.Add(900 * time.Millisecond)})
		x.in.step(reading.Chunk{Bytes: power(t, x.plan, 3), Stamp: start.Add(1100 * time.Millisecond)})
		x.in.step(reading.Chunk{Stamp: start.Add(2 * time.Second)})
		if got, want := x.values(t), "power volt=0.001; power volt=0.002; power volt=0.003"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestIngest_QueueThatRefusesIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		x.q.mu.Lock()
		x.q.refuse = errors.New("no space left on device")
		x.q.mu.Unlock()
		for range 10 {
			x.feed(power(t, x.plan, 1)...)
		}
		if got := strings.Count(x.log.String(), "no space left"); got != 1 {
			t.Errorf("said %d times, want once", got)
		}
		if s := x.in.snapshot(); s.Refused != 10 || s.Stored != 0 {
			t.Errorf("refused %d, stored %d; want 10, 0", s.Refused, s.Stored)
		}
		for _, err := range []error{nil, errors.New("no space left on device")} {
			x.q.mu.Lock()
			x.q.refuse = err
			x.q.mu.Unlock()
			x.feed(power(t, x.plan, 1)...)
		}
		if got := strings.Count(x.log.String(), "no space left"); got != 2 {
			t.Errorf("said %d times in two episodes, want twice", got)
		}
	})
}

func TestIngest_AbsentValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, Board{})
		x.feed(env(t, x.plan, 0x7fff, true)...)
		if got, want := x.values(t), "env run=true"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := x.in.snapshot().Absent; got != 1 {
			t.Errorf("%d absent, want 1", got)
		}
	})
}
