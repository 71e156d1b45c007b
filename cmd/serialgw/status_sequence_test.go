package main

import (
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/gateway"
)

// TestStatus_SaysWhatTheNumbersTell: lost, repeated and late frames and restarts
// have a row of their own once there are any.
func TestStatus_SaysWhatTheNumbersTell(t *testing.T) {
	for _, row := range []struct {
		m    frame.Metrics
		want string // "" = no row
	}{
		{frame.Metrics{Frames: 9}, ""},
		{frame.Metrics{SeqOutOfOrder: 1}, "0 lost, 0 repeated, 1 out of order, 0 restarts"},
		{frame.Metrics{SeqLost: 4, SeqRepeated: 3, SeqOutOfOrder: 2, SeqBack: 1}, "4 lost, 3 repeated, 2 out of order, 1 restart"},
	} {
		var out strings.Builder
		s := nodeStatus{Gateway: gateway.Status{Boards: []gateway.BoardStatus{{Name: "car", Metrics: row.m}}}}
		if err := writeStatus(&out, s); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "sequence"); got != (row.want != "") || !strings.Contains(out.String(), row.want) {
			t.Errorf("want %q in\n%s", row.want, out.String())
		}
	}
}
