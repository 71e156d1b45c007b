package main

import (
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// sequence gives every intact demo frame the next sequence number and leaves
// everything else of a recording, damage included, as it is.
type sequence struct {
	plan *frame.Plan
	next uint64
	r    reading.Reading
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
	scanner := frame.NewScanner(s.plan, 0)
	scanner.Feed(reading.Chunk{Bytes: p})
	f, ok := scanner.Next()
	if !ok || len(f.Bytes) != len(p) || f.Message == nil {
		return p
	}
	s.plan.Decode(f, &s.r)
	values := make(map[string]reading.Value, len(s.r.Props))
	for _, v := range s.r.Props {
		values[v.Name] = v.Value
	}
	values["seq"] = reading.UintValue(s.next)
	out, err := s.plan.Encode(s.out[:0], f.Message.Name, values)
	if err != nil {
		return p
	}
	s.next++
	s.out = out
	return out
}
