package protogen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"serialgw/internal/frame"
)

// course is how a value goes over time.
type course uint8

const (
	constant course = iota // a version, a reserved byte, a set point
	walk                   // a temperature, a position: small steps
	noisy                  // a sensor at rest: noise around a slow drift
	wave                   // an angle, a supply with ripple
	count                  // events, frames: up by few
	ticks                  // milliseconds since start
	flags                  // bits that change now and then
	enum                   // a state that changes now and then
)

// signal is one field of a message.
type signal struct {
	name     string
	letter   string // of the struct language: B h I f ...
	big      bool
	size     int
	course   course
	low, top float64 // raw values that it can have, both included
	scale    float64
	unit     string
	pace     float64 // walk, noisy: the usual step; wave: radians a frame; count, ticks: up by
}

// quantities are what small boards measure: raw range in the unit times scale.
var quantities = []struct { //nolint:gochecknoglobals // a table that is only read
	name, unit, letters string
	scale, low, top     float64
	course              course
}{
	{"temp", "degC", "hfb", 0.1, -200, 1200, walk},
	{"hum", "%", "HBf", 1, 5, 98, walk},
	{"volt", "V", "HfI", 0.001, 3100, 12600, noisy},
	{"curr", "A", "hfi", 0.001, -4000, 4000, noisy},
	{"roll", "deg", "hf", 0.01, -9000, 9000, wave},
	{"yaw", "deg", "hf", 0.1, -1800, 1799, walk},
	{"acc", "m/s2", "hf", 0.01, -1962, 1962, noisy},
	{"dist", "mm", "HI", 1, 20, 4000, walk},
	{"speed", "r/min", "hif", 0.1, -30000, 30000, wave},
	{"light", "lx", "HI", 1, 0, 60000, walk},
	{"press", "Pa", "If", 1, 95000, 105000, noisy},
	{"weight", "g", "ii", 0.1, -500, 200000, walk},
	{"soc", "%", "B", 1, 0, 100, walk},
	{"duty", "%", "Bb", 1, 0, 100, walk},
	{"pulses", "", "HIi", 1, 0, 65535, count},
	{"uptime", "ms", "I", 1, 0, 4294967295, ticks},
	{"mode", "", "B", 1, 0, 5, enum},
	{"state", "", "BH", 1, 0, 3, enum},
	{"io", "", "B", 1, 0, 255, flags},
	{"alarm", "", "BH", 1, 0, 15, flags},
	{"version", "", "BH", 1, 1, 40, constant},
	{"reserved", "", "BH", 1, 0, 0, constant},
}

// sizes of the letters; capitals are unsigned.
var sizes = map[string]int{"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4} //nolint:gochecknoglobals // a table that is only read

// newSignal draws one field; n keeps its name apart from others.
func newSignal(r *rand.Rand, big bool, n int) signal {
	q := quantities[r.IntN(len(quantities))]
	letter := string(q.letters[r.IntN(len(q.letters))])
	s := signal{
		name: fmt.Sprintf("%s%d", q.name, n), letter: letter, big: big, size: sizes[letter],
		course: q.course, low: q.low, top: q.top, scale: q.scale, unit: q.unit,
	}
	limit := math.Pow(2, float64(8*s.size))
	switch letter {
	case "f":
		s.low, s.top, s.scale = q.low*q.scale, q.top*q.scale, 1
	case "b", "h", "i":
		s.low, s.top = max(s.low, -limit/2), min(s.top, limit/2-1)
	default:
		s.low, s.top = max(s.low, 0), min(s.top, limit-1)
	}
	switch s.course {
	case constant: // one value for ever
		s.low += float64(r.IntN(int(s.top-s.low) + 1))
		s.top = s.low
	case walk, noisy:
		s.pace = (s.top - s.low) * math.Pow(10, -1-2*r.Float64())
	case wave:
		s.pace = 0.01 + 0.3*r.Float64()
	case count:
		s.pace = float64(1 + r.IntN(3))
	case ticks:
		s.pace = float64([]int{5, 10, 20, 50, 100}[r.IntN(5)])
	default:
		s.pace = math.Pow(10, -1-2*r.Float64()) // chance of a change
	}
	return s
}

// state is where a signal stands.
type state struct{ v, middle, phase float64 }

func (s *signal) begin(r *rand.Rand) state {
	v := s.low + (s.top-s.low)*r.Float64()
	if s.course == count || s.course == ticks {
		v = math.Floor((s.top - s.low) * math.Pow(r.Float64(), 4)) // mostly soon after a start
	}
	return state{v: v, middle: v, phase: 2 * math.Pi * r.Float64()}
}

// step moves the signal on by one frame.
func (s *signal) step(r *rand.Rand, st *state) {
	span := s.top - s.low
	switch s.course {
	case walk:
		st.v += s.pace * r.NormFloat64()
		if st.v < s.low || st.v > s.top { // turn at the stop
			st.v = 2*min(max(st.v, s.low), s.top) - st.v
		}
	case noisy:
		st.middle += 0.01 * s.pace * r.NormFloat64()
		st.v = st.middle + s.pace*r.NormFloat64()
	case wave:
		st.phase += s.pace
		st.v = s.low + span*(0.5+0.45*math.Sin(st.phase))
	case count:
		st.v = s.low + math.Mod(st.v-s.low+s.pace*float64(r.IntN(2)), span+1)
	case ticks:
		st.v = s.low + math.Mod(st.v-s.low+s.pace+float64(r.IntN(2)), span+1)
	case flags:
		if r.Float64() < s.pace {
			st.v = float64(uint64(st.v) ^ 1<<r.IntN(8)&uint64(s.top))
		}
	case enum:
		if r.Float64() < s.pace {
			st.v = s.any(r)
		}
	}
	st.v = min(max(st.v, s.low), s.top)
}

// any returns any raw value that the signal can have.
func (s *signal) any(r *rand.Rand) float64 {
	if s.letter == "f" {
		return s.low + (s.top-s.low)*r.Float64()
	}
	return s.low + float64(r.Uint64N(uint64(s.top-s.low)+1))
}

// put writes a raw value.
func (s *signal) put(b []byte, v float64) {
	if s.letter == "f" {
		putUint(b, uint64(math.Float32bits(float32(v))), s.big)
		return
	}
	putUint(b, uint64(int64(math.Floor(v))), s.big)
}

// field describes the signal in the frame language. Without a check every
// value needs bounds.
func (s *signal) field(bounded bool) frame.Field {
	f := frame.Field{Name: s.name, Type: order(s.big) + s.letter, Unit: s.unit}
	if s.scale != 1 {
		f.Scale = s.scale
	}
	switch {
	case s.course == flags:
		f.Name, f.Flags = "", map[string]string{}
		for bit := range 8 {
			f.Flags[strconv.Itoa(bit)] = fmt.Sprintf("%s_b%d", s.name, bit)
		}
	case s.course == enum:
		f.Map = map[string]string{}
		for v := int(s.low); v <= int(s.top); v++ {
			f.Map[strconv.Itoa(v)] = fmt.Sprintf("%s %d", s.name, v)
		}
	case bounded:
		slack := 1e-6 * max(math.Abs(s.low), math.Abs(s.top)) // float32 and the scale round
		f.Range = []float64{s.low*s.scale - slack, s.top*s.scale + slack}
	}
	return f
}

func order(big bool) string {
	if big {
		return ">"
	}
	return "<"
}
