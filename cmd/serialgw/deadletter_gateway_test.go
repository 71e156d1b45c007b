package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"serialgw/internal/gateway"
)

// safeText is written by one goroutine while another reads.
type safeText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *safeText) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// lines counts the lines that have text in them.
func (s *safeText) lines(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), text)
}

// letters asks the verb.
func (g *runningGateway) letters(t *testing.T) (s letterStatus) {
	t.Helper()
	code, out, complaint := verb("deadletter", "--json", "--config", g.path)
	if err := json.Unmarshal([]byte(out), &s); code != exitOK || err != nil {
		t.Fatal(code, err, out, complaint)
	}
	return s
}

// stamps returns the own times of the values that the platform has of a property.
func (g *runningGateway) stamps(property string) (list []int64) {
	for _, v := range g.sim.History("Abcdef1234", "board-01") {
		if v.Identifier == property {
			list = append(list, v.Time)
		}
	}
	return list
}

// TestDeadLetterRetry_WhileAGatewayRuns: a property is refused, the thing model
// is mended, the letters are sent again: the platform gets each value once,
// with its own time, while the board goes on.
func TestDeadLetterRetry_WhileAGatewayRuns(t *testing.T) {
	g := startGateway(t, nil)
	g.sim.ReplyCode("temp", 2306, "")
	await(t, "dead letters", func() bool { return g.letters(t).Letters > 100 })
	code, out, _ := verb("deadletter", "--config", g.path)
	if code != exitOK || !strings.Contains(out, "2306  identifier not exist:identifier:temp") {
		t.Errorf("%d, %s", code, out)
	}
	if n := len(g.stamps("temp")); n > 50 { // of before it was refused
		t.Fatalf("%d values of the refused property arrived", n)
	}

	code, out, complaint := verb("deadletter", "retry", "--json", "--identifier", "temp", "--config", g.path)
	var would wouldMove
	if err := json.Unmarshal([]byte(out), &would); err != nil || code != exitOK || !would.Running || would.Letters < 100 {
		t.Fatal(code, err, out, complaint)
	}
	// Not mended yet: all come back, once, and the rest goes on.
	code, out, complaint = verb(strings.Fields(would.Command)[1:]...)
	if want := fmt.Sprintf("%d values back in the queue as ", would.Letters); code != exitOK || !strings.HasPrefix(out, want) ||
		!strings.HasSuffix(out, "\nwhat is refused again comes back here\n") {
		t.Fatal(code, out, complaint)
	}
	again := g.sim.Stats().Confirmed + 300
	await(t, "more posts", func() bool { return g.sim.Stats().Confirmed > again })
	await(t, "the letters to be back", func() bool { return g.letters(t).Letters >= would.Letters })

	// Told again it finds nothing to do, and says nothing in the log.
	before := g.log.lines("dead letters went back into the queue on request")
	code, out, complaint = verb(strings.Fields(would.Command)[1:]...)
	if code != exitOK || !strings.HasPrefix(out, "0 values back in the queue; ") || strings.Contains(out, "comes back") {
		t.Error(code, out, complaint)
	}
	if n := g.log.lines("dead letters went back into the queue on request") - before; before != 1 || n != 0 {
		t.Errorf("said %d times, and %d times more when there was nothing to do", before, n)
	}

	g.sim.ReplyCode("temp", 200, "")
	// What is withheld now is buried until it is lifted; so the last letter is
	// asked for until no newer ones come.
	for left := uint64(1); left > 0; {
		_, out, _ = verb("deadletter", "retry", "--json", "--config", g.path)
		if err := json.Unmarshal([]byte(out), &would); err != nil {
			t.Fatal(err, out)
		}
		if would.Command != "" {
			if code, out, complaint = verb(strings.Fields(would.Command)[1:]...); code != exitOK {
				t.Fatal(code, out, complaint)
			}
		}
		left = g.letters(t).Letters
	}
	g.board.silent.Store(true)
	await(t, "the end of the backlog", func() bool { return g.node.queue.Stats().Records == 0 })
	if s := g.letters(t); s.Letters > 0 {
		t.Errorf("%d letters left", s.Letters)
	}
	refused := g.node.gateway.Status().Uplink.DeadLetters
	if code, out, _ = verb("status", "--config", g.path); code != exitOK ||
		!strings.Contains(out, fmt.Sprintf("; %d values refused, 0 dead letters kept\n", refused)) {
		t.Error(code, out)
	}
	temp, humidity := g.stamps("temp"), g.stamps("humidity")
	slices.Sort(temp)
	slices.Sort(humidity)
	if !slices.Equal(temp, humidity) || len(slices.Compact(slices.Clone(temp))) != len(temp) {
		t.Errorf("%d values of the property that was refused, %d of one that was not", len(temp), len(humidity))
	}
	if s := g.node.gateway.Status().Uplink; len(s.Quarantine) > 0 {
		t.Errorf("still refused: %v", s.Quarantine)
	}
}

// TestDeadLetterSocket_BadQuestions are refused with their reason.
func TestDeadLetterSocket_BadQuestions(t *testing.T) {
	g := startGateway(t, nil)
	for question, want := range map[string]string{
		"deadletter-retry":            "wants the number of a letter",
		"deadletter-clear 0":          `--confirm "0": the number of a letter is wanted`,
		"deadletter-clear 7":          "--confirm 7: no dead letter has had that number yet",
		"deadletter-retry 1 code=x":   "wants a number as code",
		"deadletter-retry 1 colour=1": "does not know colour",
	} {
		_, err := gateway.Listen(t.Context(), g.node.socket, question)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
	}
}
