package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

// list is a source of packets in memory.
type list struct {
	packets []Packet
	closed  *int
}

func (l *list) Next() (Packet, error) {
	if len(l.packets) == 0 {
		return Packet{}, io.EOF
	}
	p := l.packets[0]
	l.packets = l.packets[1:]
	return p, nil
}

func (l *list) Close() error { *l.closed++; return nil }

// stage is where a test plays: it notes what came when, in seconds.
type stage struct {
	start  time.Time
	notes  []string
	closed int
	delay  time.Duration // each write takes so long
	end    func()        // called after the last write wanted
	most   int
}

func (s *stage) Write(b []byte) (int, error) {
	s.notes = append(s.notes, fmt.Sprintf("%s@%v", b, time.Since(s.start)))
	if len(s.notes) == s.most {
		s.end()
	}
	if s.delay > 0 {
		<-time.After(s.delay)
	}
	return len(b), nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func now() reading.Stamp { return reading.Stamp{Boot: time.Now().UnixNano()} }

func at(seconds float64, text string) Packet {
	return Packet{Direction: Inbound, Time: 1_700_000_000_000_000_000 + int64(seconds*1e9), Bytes: []byte(text)}
}

func TestPlayer_KeepsTheRecordingsPace(t *testing.T) {
	sent := at(1, "sent")
	sent.Direction = Outbound
	marker := at(1.5, "")
	marker.Comment = "overrun"
	take := []Packet{at(0, "a"), sent, marker, at(2, "b"), at(3, "c")}
	for _, row := range []struct {
		name  string
		set   func(*Player)
		take  []Packet
		speed float64
		delay time.Duration
		want  string
	}{
		{"AsRecorded", nil, take, 1, 0, "a@0s b@2s c@3s"},
		{"Twice", nil, take, 2, 0, "a@0s b@1s c@1.5s"},
		{"AtOnce", nil, take, 0, 0, "a@0s b@0s c@0s"},
		{"Looped", func(pl *Player) { pl.Loop = true }, take, 1, 0, "a@0s b@2s c@3s a@4.5s b@6.5s"},
		{"MaxGap", func(pl *Player) { pl.MaxGap = time.Second }, take, 1, 0, "a@0s b@1s c@2s"},
		{"ClockSetBack", nil, []Packet{at(5, "a"), at(1, "b"), at(2, "c")}, 1, 0, "a@0s b@0s c@1s"},
		{"SlowWriter", func(pl *Player) { pl.Now = now }, take, 1, 900 * time.Millisecond, "a@0s b@2s c@3s"},
		{"SlowWriterUnclocked", nil, take, 1, 500 * time.Millisecond, "a@0s b@2.5s c@4s"},
		{"Rewritten", func(pl *Player) {
			pl.Loop = true
			pl.Rewrite = func(loop int, p Packet) Packet {
				p.Bytes = fmt.Appendf(nil, "%s%d", p.Bytes, loop)
				return p
			}
		}, take, 0, 0, "a0@0s b0@0s c0@0s a1@0s"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := &stage{start: time.Now(), end: cancel, most: len(strings.Fields(row.want)), delay: row.delay}
				pl := &Player{Wait: wait, Speed: row.speed, Open: func() (Source, error) { return &list{row.take, &s.closed}, nil }}
				if row.set != nil {
					row.set(pl)
				}
				err := pl.Play(ctx, s)
				if got := strings.Join(s.notes, " "); got != row.want {
					t.Errorf("played %s, want %s", got, row.want)
				}
				if pl.Loop && !errors.Is(err, context.Canceled) || !pl.Loop && err != nil {
					t.Errorf("Play = %v", err)
				}
				if s.closed == 0 {
					t.Error("the recording was not closed")
				}
			})
		})
	}
}

func TestPlayer_StopsInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := &stage{start: time.Now()}
		pl := Player{Wait: wait, Speed: 1, Open: func() (Source, error) {
			return &list{[]Packet{at(0, "a"), at(3600, "b")}, &s.closed}, nil
		}}
		if err := pl.Play(ctx, s); !errors.Is(err, context.DeadlineExceeded) || time.Since(s.start) != time.Second {
			t.Errorf("Play = %v after %v", err, time.Since(s.start))
		}
	})
}

func TestPlayer_Failures(t *testing.T) {
	whole := record(t, recorded)
	for _, row := range []struct {
		name string
		file []byte
		w    io.Writer
		want error
	}{
		{"CutRecordingPlaysUpToThere", whole[:len(whole)-1], io.Discard, ErrCut},
		{"Nothing", record(t, recorded[1:3]), io.Discard, ErrNothingToPlay},
		{"Writer", whole, &fullDisk{}, io.ErrShortWrite},
	} {
		t.Run(row.name, func(t *testing.T) {
			pl := Player{Loop: true, Open: func() (Source, error) { return NewReader(bytes.NewReader(row.file)), nil }}
			if err := pl.Play(t.Context(), row.w); !errors.Is(err, row.want) {
				t.Errorf("Play = %v, want %v", err, row.want)
			}
		})
	}
}
