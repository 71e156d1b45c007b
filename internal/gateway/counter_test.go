package gateway

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestIngest_CountersGrow: what is stored of a counter is its total, which goes
// on over the counter's end and back over it with a late frame.
func TestIngest_CountersGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan, errs := frame.Compile("x", frame.Description{Sync: "AA", Check: []frame.Check{{Kind: "sum8"}}, Fields: []frame.Field{
			{Name: "ticks", Type: "B", Counter: true},
		}})
		if errs != nil {
			t.Fatal(errs)
		}
		var got []string
		k := &feeder{take: func(r *reading.Reading) error {
			got = append(got, strings.TrimSpace(list(r.Props)))
			return nil
		}}
		in := newIngest(Board{Name: "press", Plan: plan, Prefix: "P_"}, stampNow, zerolog.Nop(), k)
		for _, ticks := range []byte{250, 4, 3, 130, 250, 5} {
			in.step(reading.Chunk{Bytes: []byte{0xAA, ticks, 0xAA + ticks}, Stamp: stampNow()})
		}
		const want = "P_ticks=250 P_ticks=260 P_ticks=259 P_ticks=386 P_ticks=506 P_ticks=517"
		if all := strings.Join(got, " "); all != want {
			t.Errorf("got %s, want %s", all, want)
		}
	})
}
