package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"serialgw/internal/reading"
)

// Rule is one [[board.rule]]: which values it takes, and what becomes of them.
// The zero value of a key is "not given".
type Rule struct {
	Property []string `toml:"property"` // as the frame names them; with Message none: all
	Message  string   `toml:"message"`  // only what this message gives

	OnChange    bool          `toml:"on_change"`    // only what differs from the value sent last
	Deadband    *Deadband     `toml:"deadband"`     // only what differs by more than this
	MinInterval time.Duration `toml:"min_interval"` // the newest value, at most once in so long
	MaxSilence  time.Duration `toml:"max_silence"`  // the newest value, after so long even if unchanged
	Window      time.Duration `toml:"window"`       // values are gathered for so long
	Aggregate   []Aggregate   `toml:"aggregate"`    // what is sent of a window
	Round       *int          `toml:"round"`        // decimals, 0 to 9
	Range       []float64     `toml:"range"`        // [low, high]; a value outside is dropped
}

// Deadband is how far a value must move from the one sent last: Mantissa /
// 10^Digits, in the value's unit or in percent of the value sent last.
type Deadband struct {
	Mantissa int64
	Digits   uint8
	Percent  bool
}

const wantDeadband = `a number that is not negative, or a percentage of the value sent last, for example 0.5 or "2 %"`

// BindText takes a percentage or a number, and returns "" or what it would have
// taken.
func (b *Deadband) BindText(text string) string {
	number, percent := strings.CutSuffix(text, "%")
	if !percent {
		return wantDeadband
	}
	return b.bind(strings.TrimSpace(number), true)
}

// BindNumber takes a number, and returns "" or what it would have taken.
func (b *Deadband) BindNumber(text string) string { return b.bind(text, false) }

func (b *Deadband) bind(text string, percent bool) string {
	whole, decimals, _ := strings.Cut(text, ".")
	mantissa, err := strconv.ParseInt(whole+decimals, 10, 64)
	if err != nil || mantissa < 0 || mantissa > 1e15 || len(decimals) > maxRound {
		return wantDeadband
	}
	*b = Deadband{Mantissa: mantissa, Digits: uint8(len(decimals)), Percent: percent}
	return ""
}

// Float returns the number.
func (b Deadband) Float() float64 {
	return reading.DecimalValue(b.Mantissa, b.Digits).Float()
}

// Aggregate is what is sent of the values of a window.
type Aggregate uint8

// The aggregates. min and max carry the time of their sample, mean and last
// that of the last sample.
const (
	None Aggregate = iota // the value itself
	Mean
	Min
	Max
	Last
)

func aggregateNames() []string { return []string{"", "mean", "min", "max", "last"} }

// String returns the name in gateway.toml; it also ends the identifiers of
// several aggregates of one property: temp_min.
func (a Aggregate) String() string { return aggregateNames()[a] }

// BindText takes a name, and returns "" or what it would have taken.
func (a *Aggregate) BindText(text string) string {
	for i, name := range aggregateNames() {
		if name == text && i > 0 {
			*a = Aggregate(i)
			return ""
		}
	}
	return `"mean", "min", "max" or "last"`
}

// Property is one value that a message of the board's frame can give.
type Property struct {
	Message    string
	Name       string // as the frame names it
	Identifier string // as the cloud does
	Kind       reading.Kind
	Digits     int  // of a Decimal
	Enum       bool // its integers stand for texts
}

// numeric reports whether a number can be rounded or averaged.
func (p *Property) numeric() bool {
	switch p.Kind {
	case reading.Int, reading.Uint, reading.Decimal, reading.Float32, reading.Float64:
		return !p.Enum
	}
	return false
}

// takes reports whether the rule takes the property.
func (r *Rule) takes(p *Property) bool {
	if r.Message != "" && r.Message != p.Message {
		return false
	}
	return len(r.Property) == 0 || slices.Contains(r.Property, p.Name)
}

// Changes reports whether the rule holds back what is not a change.
func (r *Rule) Changes() bool { return r.OnChange || r.Deadband != nil }

// ruleOf returns the first rule that takes the property; -1: none does, and the
// board's own report is for it.
func ruleOf(rules []Rule, p *Property) int {
	for i := range rules {
		if rules[i].takes(p) {
			return i
		}
	}
	return -1
}

// Published is one identifier that a board publishes.
type Published struct {
	Identifier string
	Kind       reading.Kind
	Digits     int       // of a Decimal; values may have fewer
	Of         int       // which of the properties given it comes from
	Aggregate  Aggregate // None: the value itself
	Rule       int       // which rule is for it; -1: none, but the board's report
}

// Publish returns what a board publishes of its properties, in their order. A
// property of several messages stands there once; two that give one identifier
// both do.
func Publish(rules []Rule, props []Property) []Published {
	var out []Published
	seen := map[string]bool{}
	for i := range props {
		if !seen[props[i].Name] {
			seen[props[i].Name] = true
			out = append(out, publishedOf(rules, props, i)...)
		}
	}
	return out
}

// publishedOf returns what becomes of one property.
func publishedOf(rules []Rule, props []Property, of int) []Published {
	p := &props[of]
	one := Published{Identifier: p.Identifier, Kind: p.Kind, Digits: p.Digits, Of: of, Rule: ruleOf(rules, p)}
	if one.Rule < 0 {
		return []Published{one}
	}
	r := &rules[one.Rule]
	if len(r.Aggregate) == 0 {
		return []Published{r.rounded(one, p)}
	}
	var out []Published
	for _, a := range r.Aggregate {
		next := one
		next.Aggregate = a
		if len(r.Aggregate) > 1 {
			next.Identifier += "_" + a.String()
		}
		out = append(out, r.rounded(next, p))
	}
	return out
}

// rounded gives p the kind that its values have: a mean has a decimal more than
// what it is of, and round says how many there are at most.
func (r *Rule) rounded(p Published, of *Property) Published {
	float := p.Kind == reading.Float32 || p.Kind == reading.Float64
	switch {
	case !of.numeric() || float && r.Round == nil:
		return p
	case r.Round != nil && (float || p.Aggregate == Mean):
		p.Digits = *r.Round
	case p.Aggregate == Mean:
		p.Digits = min(p.Digits+1, mostDigits)
	case r.Round != nil:
		p.Digits = min(p.Digits, *r.Round)
	}
	switch {
	case p.Digits > 0:
		p.Kind = reading.Decimal
	case p.Kind != reading.Uint:
		p.Kind = reading.Int
	}
	return p
}
