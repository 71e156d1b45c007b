package main

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"serialgw/internal/cloud"
	"serialgw/internal/queue"
)

// TestLinkEvents_AConnectionFindsReadings: how many wait is said with it.
func TestLinkEvents_AConnectionFindsReadings(t *testing.T) {
	for records, want := range map[int]string{
		0:  `"message":"connected to 127.0.0.1:1883"`,
		1:  `"message":"connected to 127.0.0.1:1883; 1 reading waits"`,
		69: `"message":"connected to 127.0.0.1:1883; 69 readings wait"`,
	} {
		var out strings.Builder
		n := &node{log: zerolog.New(&out), queue: queue.NewMemory()}
		for range records {
			if _, _, err := n.queue.AppendAll([][]byte{[]byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		say := n.linkEvents()
		say(cloud.Event{Kind: cloud.EventReady, Text: "connected to 127.0.0.1:1883"})
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s, want %s", &out, want)
		}
	}
}
