package main

import (
	"strings"
	"testing"

	"serialgw/internal/gateway"
)

// What a rule's range drops is said where there is any.
func TestWriteStatus_Dropped(t *testing.T) {
	for outside, want := range map[uint64]string{0: "", 1: "  dropped     1 value outside the range of a report rule\n", 2: "2 values outside"} {
		var out strings.Builder
		s := nodeStatus{Gateway: gateway.Status{Boards: []gateway.BoardStatus{{Name: "b", Outside: outside}}}}
		if err := writeStatus(&out, s); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.Contains(got, want) || strings.Contains(got, "dropped  ") != (outside > 0) {
			t.Errorf("%d outside: %s", outside, got)
		}
	}
}
