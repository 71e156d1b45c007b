package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// randomRecording is up to 30 packets of 1 to 9 bytes, none alike, with pauses
// of up to a second, and one jump of a minute.
func randomRecording(rng *rand.Rand) (packets []Packet) {
	seconds := 0.0
	for i := range 2 + rng.IntN(30) {
		p := at(seconds, fmt.Sprintf("%03d......", i)[:1+rng.IntN(9)])
		packets = append(packets, p)
		if seconds += float64(rng.IntN(1000)) / 1000; i == 10 {
			seconds += 60
		}
	}
	return packets
}

func (s *stage) player(packets []Packet) *Player {
	return &Player{Wait: wait, Open: func() (Source, error) { return &list{packets, &s.closed}, nil }}
}

// TestPlayer_PaceChangesNothingElse: whoever reads a recording with a time limit
// gets the same chunks with the same stamps at every speed, and gets each when
// its time has come at that speed.
func TestPlayer_PaceChangesNothingElse(t *testing.T) {
	for seed := range uint64(20) {
		packets := randomRecording(rand.New(rand.NewPCG(seed, 0)))
		var want []string
		for _, speed := range []float64{1, 0, 0.5, 7.5, 1000} {
			for _, clocked := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					got := playLimited(t, packets, speed, clocked, rand.New(rand.NewPCG(seed, 1)))
					if want == nil {
						want = got
					}
					if !slices.Equal(got, want) {
						t.Fatalf("seed %d, speed %v: got %v\nwant %v", seed, speed, got, want)
					}
				})
			}
		}
	}
}

// playLimited reads all packets, waiting for each as long as rng says.
func playLimited(t *testing.T, packets []Packet, speed float64, clocked bool, rng *rand.Rand) (got []string) {
	t.Helper()
	s := &stage{start: time.Now()}
	pl := s.player(packets)
	pl.Speed = speed
	pl.Stamp = func(passed time.Duration, recorded int64) reading.Stamp {
		return reading.Stamp{Boot: int64(passed), Wall: recorded}
	}
	if clocked {
		pl.Now = now
	}
	for {
		chunk, err := pl.Next(t.Context(), time.Duration(1+rng.IntN(400))*time.Millisecond)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		passed := time.Duration(0)
		if speed > 0 {
			passed = time.Duration(float64(chunk.Stamp.Boot) / speed)
		}
		if real := time.Since(s.start); real != passed {
			t.Fatalf("speed %v: %q came after %v, want %v", speed, chunk.Bytes, real, passed)
		}
		if off := chunk.Stamp.Wall - packets[0].Time - chunk.Stamp.Boot; off != 0 {
			t.Fatalf("speed %v: %q is stamped %v away from the recording", speed, chunk.Bytes, time.Duration(off))
		}
		got = append(got, fmt.Sprintf("%q@%v", chunk.Bytes, time.Duration(chunk.Stamp.Boot)))
	}
	if _, err := pl.Next(t.Context(), 0); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if end := packets[len(packets)-1]; pl.Position().Time != time.Duration(end.Time-packets[0].Time) {
		t.Errorf("position %+v", pl.Position())
	}
	return got
}

// TestPlayer_From begins at every byte, and at every packet's time.
func TestPlayer_From(t *testing.T) {
	packets := randomRecording(rand.New(rand.NewPCG(7, 7)))
	var whole []byte
	for _, p := range packets {
		whole = append(whole, p.Bytes...)
	}
	play := func(from Position) (string, Position, error) {
		s := &stage{}
		pl := s.player(packets)
		pl.From = from
		var out bytes.Buffer
		err := pl.Play(t.Context(), &out)
		return out.String(), pl.Position(), err
	}
	for n := range int64(len(whole)) {
		got, end, err := play(Position{Bytes: n})
		if got != string(whole[n:]) || end.Bytes != int64(len(whole)) || err != nil {
			t.Fatalf("from byte %d: %q, position %+v, %v, want %q", n, got, end, err, whole[n:])
		}
	}
	before := 0
	for _, p := range packets {
		got, _, err := play(Position{Time: time.Duration(p.Time - packets[0].Time)})
		if got != string(whole[before:]) || err != nil {
			t.Fatalf("from byte %d by its time: %q, %v", before, got, err)
		}
		before += len(p.Bytes)
	}
	for _, from := range []Position{{Bytes: int64(len(whole))}, {Time: 24 * time.Hour}} {
		if got, _, err := play(from); got != "" || !errors.Is(err, ErrNothingToPlay) {
			t.Errorf("behind the end: %q, %v", got, err)
		}
	}
}

// TestPlayer_Begun: the place where playing began is absolute, in bytes and in
// time, however From named it; before it is found it is From.
func TestPlayer_Begun(t *testing.T) {
	packets := []Packet{at(0, "abc"), at(1, "de"), at(3, "fgh")}
	for _, row := range []struct {
		name              string
		from, begun, next Position
	}{
		{"Start", Position{}, Position{}, Position{3, 0}},
		{"InAPacket", Position{Bytes: 2}, Position{2, 0}, Position{3, 0}},
		{"BetweenPackets", Position{Bytes: 3}, Position{3, time.Second}, Position{5, time.Second}},
		{"ATime", Position{Time: time.Second}, Position{3, time.Second}, Position{5, time.Second}},
		{"ATimeInAPause", Position{Time: 2 * time.Second}, Position{5, 3 * time.Second}, Position{8, 3 * time.Second}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &stage{}
			pl := s.player(packets)
			pl.From, pl.Loop, pl.Speed = row.from, true, 1
			if pl.Begun() != row.from || pl.Position() != row.from {
				t.Errorf("before: begun %+v, position %+v, want %+v", pl.Begun(), pl.Position(), row.from)
			}
			ctx, stop := context.WithCancel(t.Context())
			stop()
			if _, err := pl.Next(ctx, 0); err == nil { // found, and not played
				t.Error("played although stopped")
			}
			if pl.Begun() != row.begun || pl.Position() != row.begun {
				t.Errorf("found: begun %+v, position %+v, want %+v", pl.Begun(), pl.Position(), row.begun)
			}
			pl.Speed = 0
			for i := range 5 {
				if _, err := pl.Next(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
				if i == 0 && pl.Position() != row.next {
					t.Errorf("played: position %+v, want %+v", pl.Position(), row.next)
				}
			}
			if pl.Begun() != row.begun {
				t.Errorf("in the next loop: begun %+v, want %+v", pl.Begun(), row.begun)
			}
			if err := pl.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPlayer_FromIsOfTheFirstLoop: where to begin is no matter of what comes
// again.
func TestPlayer_FromIsOfTheFirstLoop(t *testing.T) {
	packets := []Packet{at(0, "a"), at(1, "b"), at(2, "c")}
	for _, from := range []Position{{Bytes: 2}, {Time: 2 * time.Second}} {
		s := &stage{}
		pl := s.player(packets)
		pl.Loop, pl.From = true, from
		got := ""
		for range 5 {
			chunk, err := pl.Next(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			got += string(chunk.Bytes)
		}
		if got != "cabca" {
			t.Errorf("from %+v: %s", from, got)
		}
		if err := pl.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestPlayer_PositionIsWhatWasTaken: a writer that stops in the middle of a
// packet is gone on with from there.
func TestPlayer_PositionIsWhatWasTaken(t *testing.T) {
	packets := []Packet{at(0, "abc"), at(1, "defgh"), at(2, "i")}
	for room := range int64(9) {
		pl := (&stage{}).player(packets)
		err := pl.Play(t.Context(), &fullDisk{left: int(room)})
		if got := pl.Position().Bytes; got != room || !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("position %d, %v, want %d", got, err, room)
		}
	}
}

func TestPaced(t *testing.T) {
	timed := at(3, "t")
	for _, row := range []struct {
		name    string
		packets []Packet
		step    time.Duration
		want    string
	}{
		{"Whole", []Packet{{Bytes: []byte("abc")}, {Bytes: []byte("de")}}, 0, "abc@3ms+3ms de@5ms+2ms"},
		{"InPieces", []Packet{{Bytes: []byte("abcde")}}, 2 * time.Millisecond, "ab@2ms+2ms cd@4ms+2ms e@5ms+1ms"},
		{"StepBelowAByte", []Packet{{Bytes: []byte("ab")}}, time.Microsecond, "a@1ms+1ms b@2ms+1ms"},
		{"MarkersTakeNoTime", []Packet{{Comment: "lost"}, {Bytes: []byte("a")}}, 0, "@0s+0s a@1ms+1ms"},
		{"KnownTimesStay", []Packet{timed}, time.Millisecond, fmt.Sprintf("t@%v+0s", time.Duration(timed.Time))},
	} {
		t.Run(row.name, func(t *testing.T) {
			closed := 0
			src := Paced(&list{row.packets, &closed}, 10_000, row.step) // a byte a millisecond
			got := ""
			for p, err := range Packets(src) {
				if err != nil {
					t.Fatal(err)
				}
				got += fmt.Sprintf(" %s@%v+%v", p.Bytes, time.Duration(p.Time), p.Span)
			}
			if got != " "+row.want {
				t.Errorf("got%s, want %s", got, row.want)
			}
			if err := src.(io.Closer).Close(); err != nil || closed != 1 {
				t.Errorf("closed %d times, %v", closed, err)
			}
		})
	}
}

func TestExtent(t *testing.T) {
	whole := record(t, recorded)
	all := func(Packet) bool { return true }
	for _, row := range []struct {
		name        string
		file        []byte
		take        func(Packet) bool
		first, last int64
		err         bool
	}{
		{"All", whole, all, recorded[0].Time, recorded[3].Time, false},
		{"ToTheCut", whole[:len(whole)-1], all, recorded[0].Time, recorded[2].Time, false},
		{"OnePort", whole, func(p Packet) bool { return p.Port == "/dev/ttyAMA0" }, recorded[2].Time, recorded[2].Time, false},
		{"MarkersAreNone", record(t, recorded[1:2]), all, 0, 0, false},
		{"ToTheDamage", slices.Concat(whole, whole[28:44]), all, recorded[0].Time, recorded[3].Time, false},
		{"DamageInTheMiddle", slices.Concat(whole, whole[28:44], whole[44:]), all, recorded[0].Time, recorded[3].Time, false},
		{"DamageBeforeAny", slices.Concat(whole[:44], whole[28:]), all, 0, 0, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			first, last, err := Extent(NewReader(bytes.NewReader(row.file)), row.take)
			if first != row.first || last != row.last || (err != nil) != row.err {
				t.Errorf("got %d to %d, %v", first, last, err)
			}
		})
	}
}
