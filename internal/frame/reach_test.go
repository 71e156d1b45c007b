package frame_test

import (
	"testing"

	"serialgw/internal/frame"
)

// TestCompile_HeadCheckKeepsOffTheLastCheck: the smallest frame of a message
// without fields has room for the check of the head and for that of the whole.
func TestCompile_HeadCheckKeepsOffTheLastCheck(t *testing.T) {
	at := 3
	p := mustCompile(t, "x", frame.Description{Sync: "55 AA", Length: &frame.Length{At: 2}, Max: 20,
		Check:    []frame.Check{{Kind: "sum8", At: &at, Over: []string{"0:3"}}, {Kind: "crc-16/modbus", Endian: "little"}},
		Messages: []frame.Message{{Name: "bare"}}})
	b, err := p.Encode(nil, "bare", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Parse(b); err != nil || len(b) != 6 {
		t.Errorf("% X: %v, want 6 bytes that are a frame", b, err)
	}
}
