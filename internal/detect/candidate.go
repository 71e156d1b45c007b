package detect

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// Candidate is a description that a stream may be of.
type Candidate struct {
	Name   string
	Family string // presets of one family are variants of one protocol
	Title  string
	Plan   *frame.Plan

	odds    float64  // of a listed frame to begin at a byte of noise
	marks   [][]byte // for each fixed byte of sync and end marker, what it may be
	checked float64  // bits of the checks
	listed  int      // ids and properties
	order   int      // place in the family: what others start from stands first
}

// Presets returns every shipped preset.
func Presets() ([]Candidate, error) {
	all, err := config.Presets()
	if err != nil {
		return nil, err
	}
	var out []Candidate
	for _, name := range frame.PresetNames() {
		family := frame.Family(name)
		c, err := NewCandidate(name, family, all[name])
		if err != nil {
			return nil, err
		}
		source, _ := frame.FamilySource(family)
		before, _, _ := strings.Cut(string(source), "[frame."+name+"]")
		c.order = strings.Count(before, "\n[frame.")
		out = append(out, c)
	}
	return out, nil
}

// NewCandidate compiles a description whose preset has been resolved.
func NewCandidate(name, family string, d frame.Description) (Candidate, error) {
	plan, errs := frame.Compile(name, d)
	if len(errs) > 0 {
		return Candidate{}, fmt.Errorf("frame %s: %w", name, errs)
	}
	c := Candidate{Name: name, Family: family, Title: d.Title, Plan: plan, odds: plan.Odds(), checked: float64(plan.CheckBits())}
	for word := range strings.FieldsSeq(d.Sync + " " + d.End) {
		if values := allowed(word); len(values) < 256 {
			c.marks = append(c.marks, values)
		}
	}
	for _, m := range plan.Messages() {
		c.listed += len(m.IDs) + len(m.Properties())
	}
	return c, nil
}

// allowed returns the values of one word of a pattern: "AA", "5?", "03|04". The
// plan has compiled it already.
func allowed(word string) []byte {
	var out []byte
	for one := range strings.SplitSeq(word, "|") {
		for v := range 256 {
			text := fmt.Sprintf("%02X", v)
			fits := len(one) == 2
			for i := 0; fits && i < 2; i++ {
				fits = one[i] == '?' || strings.EqualFold(one[i:i+1], text[i:i+1])
			}
			if n, err := strconv.ParseUint(one, 16, 8); fits || err == nil && len(one) < 2 && int(n) == v {
				out = append(out, byte(v))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// frequencies is how common each byte is in a stream.
type frequencies [256]float64

func frequenciesOf(stream []byte) *frequencies {
	f := &frequencies{}
	for _, b := range stream {
		f[b]++
	}
	for b := range f {
		f[b] = (f[b] + 1) / (float64(len(stream)) + 256)
	}
	return f
}

// chance returns how likely a frame, listed or not, is to begin by chance at a
// given byte of a stream that has such frequencies.
func (c *Candidate) chance(f *frequencies) float64 {
	marks, even := 1.0, 1.0
	for _, values := range c.marks {
		p := 0.0
		for _, v := range values {
			p += f[v]
		}
		even *= float64(len(values)) / 256
		marks *= max(p, float64(len(values))/256)
	}
	listed := c.odds * marks / even
	open := marks * math.Pow(2, -c.checked)
	if c.checked == 0 {
		open = 0 // without a check only what is listed is a frame
	}
	return min(max(listed, open, 1e-30), 0.5)
}
