package frame_test

import (
	"strings"
	"testing"
)

// TestExplain_LineNamedByFirstPiece: whatever else is wrong with a line, it is
// explained as the message that its first piece names.
func TestExplain_LineNamedByFirstPiece(t *testing.T) {
	p := presetPlan(t, "nmea0183")
	for _, row := range []struct{ name, line, message, text string }{
		{"bad check", "$GPGLL,4916.45,N,12311.12,W,225444,A*30\r\n", "gll", `xor8 over 1:-5 gives "31", but bytes 37 to 38 are "30"`},
		{"no number, bad check", "$GPGLL,x,N,12311.12,W,225444,A*31\r\n", "gll", `xor8 over 1:-5 gives "6C"`},
		{"cut", "$GPZDA,1", "zda", "the end of the line is missing: 0D 0A"},
		{"no 0D", "$GPZDA,1*00\n", "zda", "the end of the line is missing: 0D 0A; only 0A stands there, byte 11"},
		{"no first piece yet", "$GP", "gga", "the end of the line is missing: 0D 0A"},
	} {
		e := p.Explain([]byte(row.line))
		if e.OK || e.Message != row.message || !strings.Contains(told(e), row.text) {
			t.Errorf("%s: %v as %s: %s\nwant %s: %s", row.name, e.OK, e.Message, told(e), row.message, row.text)
		}
		for _, tried := range e.Tried {
			if row.message != "gga" {
				t.Errorf("%s: tried as %s, which its first piece is not", row.name, tried.Message)
			}
		}
	}
}
