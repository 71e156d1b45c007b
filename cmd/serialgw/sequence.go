package main

import (
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// sequence numbers the demo frames of a recording on and on, as a board would.
// A damaged frame uses up its number and stays as it is, so that it shows as
// lost.
type sequence struct {
	plan *frame.Plan
	next uint64
	out  []byte
}

func newSequence() (*sequence, error) {
	plan, err := namedPlan(&config.Config{}, "demo")
	if err != nil {
		return nil, err
	}
	return &sequence{plan: plan}, nil
}

// rewrite returns the bytes to send instead of p. They are valid until the
// next call.
func (s *sequence) rewrite(p []byte) []byte {
	number := s.next
	s.next++
	scanner := frame.NewScanner(s.plan, 0)
	scanner.Feed(reading.Chunk{Bytes: p})
	ok, f := scanner.Scan(), scanner.Frame()
	if !ok {
		return p
	}
	end := int(f.End)
	s.out = append(s.out[:0], p[:end-len(f.Raw())]...)
	s.plan.Renumber(f.Bytes, f.Message, number)
	s.out = append(s.plan.Wire(s.out, f.Bytes), p[end:]...)
	return s.out
}
