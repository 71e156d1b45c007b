package main

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// What terminals do to bytes is seen in them; bytes as a board sent them, and
// text, are left in peace.
func TestTexture_Translation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	board := make([]byte, 64<<10)
	for i := range board {
		board[i] = byte(rng.Uint32())
	}
	stripped := bytes.Clone(board)
	for i := range stripped {
		stripped[i] &= 0x7F
	}
	for _, row := range []struct {
		name  string
		bytes []byte
		want  string // "" = nothing
	}{
		{"AsSent", board, ""},
		{"Few", board[:64], ""},
		{"Text", bytes.Repeat([]byte("$GPGGA,1\r\n"), 1000), ""},
		{"LFtoCRLF", bytes.ReplaceAll(bytes.ReplaceAll(board, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")), "bytes 0A has a 0D before it;"},
		{"CRtoLF", bytes.ReplaceAll(board, []byte("\r"), []byte("\n")), "bytes 0A and no 0D;"},
		{"WithoutNUL", bytes.ReplaceAll(board, []byte{0}, nil), "bytes is 00;"},
		{"SevenBits", stripped, "bytes is above 7F;"},
	} {
		var whole, pieces texture
		whole.see(row.bytes)
		for i := range row.bytes {
			pieces.see(row.bytes[i : i+1])
		}
		got := whole.translation()
		if got != pieces.translation() || (got == "") != (row.want == "") || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, in pieces %q, want %q", row.name, got, pieces.translation(), row.want)
		}
	}
}

// A file that explains badly is told what may be wrong with it; one that
// explains well is not.
func TestDecode_TellsOfATranslation(t *testing.T) {
	frame := []byte("\x55\x53\x69\x21\x7d\xf8\xe8\xc4\x82\x46\x1b")
	good := bytes.Repeat(frame, 500) // no byte of it is 00
	bad := bytes.ReplaceAll(good, []byte("\x46"), []byte("\r\n"))
	for _, row := range []struct {
		in   []byte
		says bool
	}{{good, false}, {bad, true}} {
		var out, errs bytes.Buffer
		run(t.Context(), []string{"decode", "--preset", "jy901"}, streams{in: bytes.NewReader(row.in), out: &out, err: &errs})
		if says := strings.Contains(errs.String(), "may have changed the bytes"); says != row.says {
			t.Errorf("says so: %v, want %v:\n%s", says, row.says, &errs)
		}
	}
}
