package frame_test

import (
	"encoding/binary"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestPresets_IAQAccuracy proves that iaq_accuracy of gy-mcu680 is right where
// PyPMS gives another value: its comment says that four bits of accuracy and
// twelve of the index share a word, its code shifts the word by 4. Put together
// again, the preset's values are that word; PyPMS's are not, because it counts
// eight bits twice. Bosch's accuracy is 0 to 3, and PyPMS leaves that range too.
func TestPresets_IAQAccuracy(t *testing.T) {
	p := presetPlan(t, "gy-mcu680")
	beyond := 0
	for _, e := range presetDescription(t, "gy-mcu680").Examples {
		b := fromHex(t, e.Hex)
		word := int64(binary.BigEndian.Uint16(b[11:13]))
		accuracy, index := decoded(t, p, b, "iaq_accuracy"), decoded(t, p, b, "iaq")
		if accuracy<<12|index != word {
			t.Errorf("%04X: got accuracy %d and index %d, which are %04X", word, accuracy, index, accuracy<<12|index)
		}
		if accuracy > 3 {
			t.Errorf("%04X: got accuracy %d, which Bosch does not know", word, accuracy)
		}
		theirs := word >> 4
		if theirs<<12|index == word {
			t.Errorf("%04X: PyPMS's accuracy %d fits as well, so it proves nothing", word, theirs)
		}
		if theirs > 3 {
			beyond++
		}
	}
	if beyond == 0 {
		t.Error("no example takes PyPMS's accuracy out of its range")
	}
}

func decoded(t *testing.T, p *frame.Plan, b []byte, name string) int64 {
	t.Helper()
	f, err := p.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var r reading.Reading
	p.Decode(f, &r)
	v, ok := values(r)[name]
	if !ok {
		t.Fatalf("no %s in % X", name, b)
	}
	return int64(v.Float())
}
