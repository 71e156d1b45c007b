package detect

import (
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// Difference is a property that two formats read otherwise in the same frame.
type Difference struct {
	Property   string
	One, Other string // the values, with their units
}

// Differ finds the first property that both formats give of a frame, and give
// another value; false: there is none among the first frames of the stream.
func Differ(stream []byte, one, other *frame.Plan) (Difference, bool) {
	s := frame.NewScanner(one, 0)
	s.Feed(reading.Chunk{Bytes: stream[:min(len(stream), whole)]})
	var a, b reading.Reading
	for range decoded {
		if !s.Scan() {
			break
		}
		f := s.Frame()
		same, err := other.Parse(f.Raw())
		if err != nil || f.Message == nil || same.Message == nil {
			continue
		}
		one.Decode(f, &a)
		other.Decode(same, &b)
		for _, x := range a.Props {
			for _, y := range b.Props {
				if x.Name == y.Name && x.Value.String() != y.Value.String() {
					return Difference{x.Name, withUnit(f.Message, x), withUnit(same.Message, y)}, true
				}
			}
		}
	}
	return Difference{}, false
}

// withUnit writes a value for people: "19.75 degC".
func withUnit(m *frame.MessagePlan, p reading.Property) string {
	for _, info := range m.Properties() {
		if info.Name == p.Name && info.Unit != "" {
			return p.Value.String() + " " + info.Unit
		}
	}
	return p.Value.String()
}
