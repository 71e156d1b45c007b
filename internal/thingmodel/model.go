package thingmodel

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// Kind is a type of the thing model.
type Kind string

// The types of the thing model. [ONENET-26]
const (
	Int32  Kind = "int32"
	Int64  Kind = "int64"
	Float  Kind = "float"
	Double Kind = "double"
	Bool   Kind = "bool"
	Enum   Kind = "enum"
	String Kind = "string"
	Date   Kind = "date"
	BitMap Kind = "bitMap"
	Array  Kind = "array"
	Struct Kind = "struct"
)

// Type is the type of one property, and the limits of its values.
type Type struct {
	Kind     Kind
	Bounded  bool // Min and Max say something
	Min, Max float64
	Step     float64 // between two values; 0: any
	Unit     string
	Length   int              // string: characters; bitMap: bits; 0: no limit
	Labels   map[int64]string // enum
}

// Property is a property as the boards give it.
type Property struct {
	Identifier string
	Type       Type
	From       string // the first message that gives it: "board car, message status"
	board      string
}

// Model is what a configuration needs of its product.
type Model struct {
	Properties []Property // in the order of boards, messages and fields
}

// Board is a board's part in the model.
type Board struct {
	Name  string
	Gives []Given
}

// Given is one property that a message gives. The name in Info is the identifier.
type Given struct {
	Message string
	Info    frame.PropertyInfo
}

// Of returns the model that the boards need. A property that several messages
// of a board give has a type that takes all of their values; where there is
// none, or where two boards give it, the error names both.
func Of(boards []Board) (*Model, error) {
	m := &Model{}
	for _, b := range boards {
		for _, g := range b.Gives {
			from := fmt.Sprintf("board %s, message %s", b.Name, g.Message)
			if err := m.add(Property{g.Info.Name, typeOf(g.Info), from, b.Name}); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

func (m *Model) add(p Property) error {
	i := slices.IndexFunc(m.Properties, func(o Property) bool { return o.Identifier == p.Identifier })
	if i < 0 {
		m.Properties = append(m.Properties, p)
		return nil
	}
	old := &m.Properties[i]
	if old.board != p.board {
		return fmt.Errorf("%s comes from two boards, %s and %s: give one a prefix, or rename it", p.Identifier, old.board, p.board)
	}
	joined, ok := join(old.Type, p.Type)
	if !ok {
		return fmt.Errorf("%s is %s in %s, and %s in %s: no type takes both; rename one of them",
			p.Identifier, old.Type.words(), old.From, p.Type.words(), p.From)
	}
	old.Type = joined
	return nil
}

// typeOf chooses the smallest type that takes every value of a property.
func typeOf(p frame.PropertyInfo) Type {
	t := Type{Unit: p.Unit, Labels: p.Labels}
	if len(p.Range) == 2 {
		t.Bounded, t.Min, t.Max = true, p.Range[0], p.Range[1]
	}
	switch {
	case p.Kind == reading.Bool:
		return Type{Kind: Bool}
	case p.Kind == reading.Text:
		return Type{Kind: String, Length: p.Size}
	case p.Labels != nil:
		return Type{Kind: Enum, Labels: p.Labels}
	case p.Kind == reading.Int || p.Kind == reading.Uint:
		t.Kind, t.Step = Int64, 1
		if t.Bounded && t.Min >= math.MinInt32 && t.Max <= math.MaxInt32 {
			t.Kind = Int32
		}
	case p.Kind == reading.Decimal:
		t.Kind, t.Step = Double, math.Pow10(-p.Digits)
		t.Min, t.Max = outward(t.Min, p.Digits, math.Floor), outward(t.Max, p.Digits, math.Ceil)
		if t.Bounded && max(-t.Min, t.Max)*math.Pow10(p.Digits) <= exactFloat {
			t.Kind = Float
		}
	case p.Kind == reading.Float32:
		t.Kind = Float
	default:
		t.Kind = Double
	}
	return t
}

// outward rounds a limit to the decimals that are sent: a value near it is
// rounded, too, and must not lie outside.
func outward(limit float64, digits int, round func(float64) float64) float64 {
	scaled := limit * math.Pow10(digits)
	if near := math.Round(scaled); math.Abs(scaled-near) < 1e-6 {
		scaled = near
	}
	return round(scaled) / math.Pow10(digits)
}

// exactFloat is up to where a float tells all integers apart.
const exactFloat = 1 << 24

// join returns a type that takes the values of both.
func join(a, b Type) (Type, bool) {
	if a.Kind == b.Kind {
		return joinSame(a, b), true
	}
	if !a.number() || !b.number() {
		return Type{}, false
	}
	// An enum beside plain integers is an integer, too.
	out := joinSame(a.plain(), b.plain())
	out.Kind, out.Labels = wider(a.plain().Kind, b.plain().Kind), nil
	return out, true
}

func joinSame(a, b Type) Type {
	out := a
	out.Bounded = a.Bounded && b.Bounded
	out.Min, out.Max = min(a.Min, b.Min), max(a.Max, b.Max)
	out.Step = min(a.Step, b.Step)
	out.Length = max(a.Length, b.Length)
	if out.Unit == "" {
		out.Unit = b.Unit
	}
	if a.Labels != nil {
		out.Labels = map[int64]string{}
		maps.Copy(out.Labels, b.Labels)
		maps.Copy(out.Labels, a.Labels)
	}
	return out
}

// wider returns the type of two number types that takes the values of both.
func wider(a, b Kind) Kind {
	for _, kind := range []Kind{Double, Float, Int64} {
		if a == kind || b == kind {
			if kind == Float && (a == Int64 || b == Int64) {
				return Double
			}
			return kind
		}
	}
	return Int32
}

// plain returns an enum as the integer that it is, other types as they are.
func (t Type) plain() Type {
	if t.Kind != Enum {
		return t
	}
	out := Type{Kind: Int32, Bounded: true, Step: 1}
	out.Min, out.Max = math.Inf(1), math.Inf(-1)
	for n := range t.Labels {
		out.Min, out.Max = min(out.Min, float64(n)), max(out.Max, float64(n))
	}
	if out.Min < math.MinInt32 || out.Max > math.MaxInt32 {
		out.Kind = Int64
	}
	return out
}

// integer reports whether all values are whole numbers.
func (t Type) integer() bool { return t.Kind == Int32 || t.Kind == Int64 || t.Kind == Enum }

func (t Type) number() bool { return t.integer() || t.Kind == Float || t.Kind == Double }

// words says what a board sends.
func (t Type) words() string {
	switch {
	case t.Kind == Bool:
		return "true or false"
	case t.Kind == String:
		return "text"
	case t.integer():
		return "a whole number"
	}
	return "a number with decimals"
}
