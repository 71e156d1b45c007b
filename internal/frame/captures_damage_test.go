package frame_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestCaptures_DamageCostsNoNeighbour changes a few bytes of each recording at
// random: every frame that they missed comes out, and nothing else. [WIRE-1]
func TestCaptures_DamageCostsNoNeighbour(t *testing.T) {
	for recording, description := range map[string]string{
		"pypms/PMS3003.hexdump": "pms3003", "pypms/PMSx003.hexdump": "pmsx003", "pypms/SDS01x.hexdump": "sds011",
		"pyubx2/pygpsdata-HNR.log": "ubx", "pyubx2/pygpsdata-BADCK2.log": "ubx", gpsdLog: "ubx", flowmeter + ".bin": "flowmeter",
	} {
		t.Run(recording, func(t *testing.T) {
			stream := readCapture(t, recording)
			if strings.HasSuffix(recording, ".hexdump") {
				stream = slices.Concat(hexdumpLines(t, recording)...)
			}
			p := describedPlan(t, description)
			rng := rand.New(rand.NewPCG(1, 9))
			intact := 0
			for range 100 {
				want, damaged := damage(p, stream, rng)
				got, _ := replay(p, 0, []reading.Chunk{{Bytes: damaged}})
				if !slices.EqualFunc(got, want, func(s sighting, b []byte) bool { return slices.Equal(s.bytes, b) }) {
					t.Fatalf("got %d frames, want the %d that are intact", len(got), len(want))
				}
				intact += len(want)
			}
			if intact < 500 {
				t.Errorf("only %d frames were left intact: the test shows little", intact)
			}
		})
	}
}

// damage changes one to six bytes and returns the frames that none of them hit.
func damage(p *frame.Plan, stream []byte, rng *rand.Rand) (intact [][]byte, damaged []byte) {
	damaged = slices.Clone(stream)
	for range 1 + rng.IntN(6) {
		damaged[rng.IntN(len(damaged))] ^= byte(1 + rng.IntN(255))
	}
	whole, _ := replay(p, 0, []reading.Chunk{{Bytes: stream}})
	at := 0
	for _, s := range whole {
		for !slices.Equal(stream[at:at+len(s.bytes)], s.bytes) {
			at++ // what stood between two frames
		}
		if part := damaged[at : at+len(s.bytes)]; slices.Equal(part, s.bytes) {
			intact = append(intact, s.bytes)
		}
		at += len(s.bytes)
	}
	return intact, damaged
}
