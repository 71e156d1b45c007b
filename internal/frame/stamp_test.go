package frame_test

import (
	"bytes"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// Bytes whose wall time nobody knows give frames without one, though the frames
// of one read are moved apart.
func TestScanner_UnknownWallTimeStaysUnknown(t *testing.T) {
	s := frame.NewScanner(presetPlan(t, "demo"), 115200)
	s.Feed(reading.Chunk{Bytes: bytes.Repeat(fromHex(t, demoGood), 3), Stamp: reading.Stamp{Boot: 1e9}})
	n := 0
	for ; s.Scan(); n++ {
		if stamp := s.Frame().Stamp; stamp.Wall != 0 || stamp.Boot > 1e9 {
			t.Errorf("frame %d: stamp %+v", n, stamp)
		}
	}
	if n != 3 {
		t.Errorf("%d frames, want 3", n)
	}
}
