package frame_test

import (
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestPresets_NoMeasurementIsNoValue: what a device sends for "not measured" is
// never published, and the values beside it are.
func TestPresets_NoMeasurementIsNoValue(t *testing.T) {
	for _, tt := range []struct {
		preset, says, hex string
		want              map[string]any
		invalid           int
	}{
		{
			"ano-v7", "no vertical speed", "AA FF 33 06 0C 00 FE FF 00 80 6B 1A",
			map[string]any{"measured_vx": int64(12), "measured_vy": int64(-2)}, 1,
		},
		{
			"tfmini", "signal too weak", "59 59 FF FF 32 00 E8 08 D2",
			map[string]any{"strength": int64(50), "temp": 29.0}, 1,
		},
		{
			"tfmini", "signal too strong", "59 59 FE FF FF FF E8 08 9D",
			map[string]any{"temp": 29.0}, 2,
		},
	} {
		t.Run(tt.preset+"/"+tt.says, func(t *testing.T) {
			p := presetPlan(t, tt.preset)
			f, err := p.Parse(fromHex(t, tt.hex))
			if err != nil {
				t.Fatal(err)
			}
			var r reading.Reading
			if got, want := p.Decode(f, &r), (frame.Absent{Invalid: tt.invalid}); got != want {
				t.Errorf("absent: got %+v, want %+v", got, want)
			}
			compareValues(t, r, tt.want)
		})
	}
}

// TestPresets_LD06NoEcho: a point without an echo has no distance.
func TestPresets_LD06NoEcho(t *testing.T) {
	p := presetPlan(t, "ld06")
	f, err := p.Parse(fromHex(t, "54 2C 68 08 AB 7E 00 00 00 DC 00 E2 D9 00 E5 D5 00 E3 D3 00 E4 D0 00 E9 CD 00 E4 CA 00 E2 C7 00 E9 C5 00 E5 C2 00 E5 C0 00 E5 BE 82 3A 1A 26"))
	if err != nil {
		t.Fatal(err)
	}
	var r reading.Reading
	if got, want := p.Decode(f, &r), (frame.Absent{Invalid: 1}); got != want {
		t.Errorf("absent: got %+v, want %+v", got, want)
	}
	for _, prop := range r.Props {
		if prop.Name == "d0" {
			t.Errorf("d0: got %v, want no value", prop.Value)
		}
	}
}
