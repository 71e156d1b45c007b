package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"serialgw/internal/capture"
	"serialgw/internal/reading"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTimebase_ClockThatIsSet(t *testing.T) {
	const start, day = 1_700_000_000_000_000_000, int64(24 * time.Hour)
	var base timebase
	for i, tt := range []struct {
		wall, boot int64
		want       int64
		comment    string
	}{
		{start, 5, start, ""},
		{start + 10, 15, start + 10, ""},
		{start + day, 20, start + 15, "the clock was set by 24h0m0s; the times here go on as before"},
		{start + day + 5, 25, start + 20, ""},
		{start + 25, 30, start + 25, "the clock was set by -24h0m0s; the times here go on as before"},
	} {
		p := base.packet("p", capture.Packet{}, reading.Stamp{Wall: tt.wall, Boot: tt.boot})
		if p.Time != tt.want || p.Comment != tt.comment {
			t.Errorf("%d: time +%d, %q; want +%d, %q", i, p.Time-start, p.Comment, tt.want-start, tt.comment)
		}
	}
}

// A recorder that does not keep up costs itself bytes, and never the gateway;
// the recording says where.
func TestTap_SlowRecorder(t *testing.T) {
	tp := newTap()
	tp.hear(heard{stamp: reading.Stamp{Wall: 1}}, []byte("nobody listens"))
	e := tp.listen(heard{stamp: reading.Stamp{Wall: 1}, comment: "from here"})
	chunk := bytes.Repeat([]byte{7}, 1<<20)
	fits := 0
	for ; fits*(len(chunk)+heardSize) <= earRoom-len(chunk)-heardSize; fits++ {
		tp.hear(heard{stamp: reading.Stamp{Wall: int64(2 + fits)}}, chunk)
	}
	tp.hear(heard{stamp: reading.Stamp{Wall: 98}}, chunk)
	tp.hear(heard{stamp: reading.Stamp{Wall: 99}}, []byte("too late, too"))
	<-e.news
	order, all, missed := e.take(nil, nil)
	if len(order) < fits || len(all) < fits*len(chunk) || missed < len("too late, too") {
		t.Fatalf("%d chunks, %d bytes, %d missed", len(order), len(all), missed)
	}
	var out bytes.Buffer
	rec, err := capture.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeHeard(rec, &timebase{}, "p", order, all, missed); err != nil {
		t.Fatal(err)
	}
	last := capture.Packet{}
	for p, err := range capture.Packets(capture.NewReader(&out)) {
		if err != nil {
			t.Fatal(err)
		}
		last = p
	}
	if !strings.HasPrefix(last.Comment, missedText) {
		t.Errorf("the last chunk's comment is %q", last.Comment)
	}
	tp.hear(heard{stamp: reading.Stamp{Wall: 100}}, []byte("again"))
	if order, all, missed = e.take(order, all); len(order) != 1 || string(all) != "again" || missed != 0 {
		t.Errorf("afterwards %d chunks, %q, %d missed", len(order), all, missed)
	}
	tp.leave(e)
	tp.hear(heard{stamp: reading.Stamp{Wall: 101}}, []byte("nobody listens"))
	if order, _, _ := e.take(nil, nil); len(order) != 0 || tp.listened.Load() {
		t.Error("one that left still hears")
	}
}

// A recording ends with what came in before its end, and says why where it is
// not the recorder that ended it.
func TestTap_LastWords(t *testing.T) {
	now := func() reading.Stamp { return reading.Stamp{Wall: 5, Boot: 5} }
	for name, want := range map[string][]string{
		"Stopped": {"recorded from here on", "bytes"},
		"Gone":    {"recorded from here on", "bytes", goneText},
	} {
		t.Run(name, func(t *testing.T) {
			tp := newTap()
			ctx, stop := context.WithCancel(t.Context())
			in, out := io.Pipe()
			done := make(chan error, 1)
			go func() {
				err := tp.record(ctx, capture.Port{Name: "p"}, now, out)
				done <- errors.Join(err, out.Close())
			}()
			var got []string
			for p, err := range capture.Packets(capture.NewReader(in)) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(p.Bytes)+p.Comment)
				if len(got) == 1 { // it listens
					tp.hear(heard{stamp: now()}, []byte("bytes"))
					if name == "Gone" {
						close(tp.gone)
					} else {
						stop()
					}
				}
			}
			stop()
			if err := <-done; err != nil || !slices.Equal(got, want) || tp.listened.Load() {
				t.Errorf("%v, recorded %q, want %q", err, got, want)
			}
		})
	}
}
