package thingmodel

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Grade says what a difference costs.
type Grade string

// The grades.
const (
	Lost    Grade = "lost"    // values are refused
	Warning Grade = "warning" // they may be; the platform's rule is not known
	Note    Grade = "note"    // nothing is lost
)

// Difference is one thing in which the console and the boards disagree.
type Difference struct {
	Identifier string // "" where several are named in Text
	Grade      Grade
	Code       int    // of the platform's reply; 0: there is none
	Text       string // what differs
	Cure       string
}

// Reply codes. [ONENET-16] The platform's own are those of Published; the
// others stand for refusals whose number nobody has published, and are those of
// the simulator.
const (
	codeBool   = 2271
	codeInt32  = 2272
	codeInt64  = 2273
	codeFloat  = 2274
	codeDouble = 2275
	codeEnum   = 2276
	codeDate   = 2277
	codeString = 2278
	codeBitMap = 2279
	codeArray  = 2280
	codeStruct = 2281
	codeMode   = 2302
	codeNone   = 2306
)

var typeCodes = map[Kind]int{ //nolint:gochecknoglobals // a table that is only read
	Bool: codeBool, Int32: codeInt32, Int64: codeInt64, Float: codeFloat, Double: codeDouble, Enum: codeEnum,
	Date: codeDate, String: codeString, BitMap: codeBitMap, Array: codeArray, Struct: codeStruct,
}

// Published reports whether the number of a code was seen on the platform.
func Published(code int) bool { return code == codeBool || code == codeMode || code == codeNone }

// Reply returns what the platform says with a code, as far as it is known.
func (d Difference) Reply() string {
	switch {
	case d.Code == 0:
		return ""
	case d.Code == codeNone:
		return fmt.Sprintf("refused, code %d: identifier not exist", d.Code)
	case d.Code == codeMode:
		return fmt.Sprintf("refused, code %d: function mode error", d.Code)
	case Published(d.Code):
		return fmt.Sprintf("refused, code %d: bool type error", d.Code)
	}
	return fmt.Sprintf("refused; the code is not published, the simulator says %d", d.Code)
}

func loses(list []Difference) bool {
	return slices.ContainsFunc(list, func(d Difference) bool { return d.Grade == Lost })
}

// Compare holds the console's model against what the boards need. near finds
// the name that was probably meant, "" if there is none.
func (m *Model) Compare(f *File, near func(word string, names []string) string) []Difference {
	var out []Difference
	given := map[string]bool{}
	for i := range m.Properties {
		p := &m.Properties[i]
		given[p.Identifier] = true
		if c := f.property(p.Identifier); c != nil {
			out = append(out, p.against(c)...)
		} else {
			out = append(out, p.missing(f, m, near))
		}
	}
	var unused, writable []string
	for _, c := range f.Properties {
		switch own := c.FunctionType == "s" || strings.HasPrefix(c.Identifier, "$"); {
		case !given[c.Identifier] && !own:
			unused = append(unused, c.Identifier)
		case given[c.Identifier] && c.AccessMode == "rw":
			writable = append(writable, c.Identifier)
		}
	}
	if len(unused) > 0 {
		out = append(out, Difference{Grade: Note, Text: "on the console, from no board: " + strings.Join(unused, ", ")})
	}
	if len(writable) > 0 {
		out = append(out, Difference{Grade: Note, Text: "writable on the console, but a set is answered with code 400: " +
			strings.Join(writable, ", "), Cure: "make them read-only"})
	}
	return out
}

func (m *Model) gives(identifier string) bool {
	return slices.ContainsFunc(m.Properties, func(p Property) bool { return p.Identifier == identifier })
}

// missing is the difference of a property that the console does not have.
func (p *Property) missing(f *File, m *Model, near func(string, []string) string) Difference {
	d := Difference{Identifier: p.Identifier, Grade: Lost, Code: codeNone, Text: "is not on the console"}
	d.Cure = "add it there, as " + string(p.Type.Kind)
	if slices.Contains(f.Events, p.Identifier) || slices.Contains(f.Services, p.Identifier) {
		d.Code, d.Text, d.Cure = codeMode, "is an event or a service on the console", "rename the property in gateway.toml"
		return d
	}
	var names []string
	for _, c := range f.Properties {
		if m.gives(c.Identifier) {
			continue // it is another's
		}
		if strings.EqualFold(c.Identifier, p.Identifier) {
			d.Text = "is not on the console, its case differs: " + c.Identifier
			d.Cure = "correct the console, or rename the property in gateway.toml"
			return d
		}
		names = append(names, c.Identifier)
	}
	if meant := near(p.Identifier, names); meant != "" {
		d.Text += "; did you mean its " + meant + "?"
		d.Cure = "correct the console, or rename the property in gateway.toml; or " + d.Cure
	}
	return d
}

// against compares a property with the console's of the same identifier.
func (p *Property) against(c *FileProperty) []Difference {
	var out []Difference
	say := func(g Grade, code int, cure, format string, args ...any) {
		out = append(out, Difference{p.Identifier, g, code, fmt.Sprintf(format, args...), cure})
	}
	if !p.Type.fits(c.Type.Kind) {
		say(Lost, typeCodes[c.Type.Kind], "make it "+string(p.Type.Kind)+" on the console",
			"is %s on the console, the board sends %s", c.Type.Kind, p.Type.words())
		return out
	}
	p.Type.compareValues(c.Type, say)
	if c.Type.number() && c.Type.Kind != Enum && p.Type.Kind != Enum && !loses(out) {
		p.Type.compareLimits(c.Type, say)
	}
	return out
}

// fits reports whether the console's type takes what the board sends at all.
func (t Type) fits(kind Kind) bool {
	switch kind {
	case Int32, Int64, Enum, BitMap, Date:
		return t.integer()
	case Float, Double:
		return t.number()
	case Bool, String:
		return t.Kind == kind
	}
	return false // array, struct
}

// sayer notes one difference.
type sayer func(g Grade, code int, cure, format string, args ...any)

// compareValues looks for values that the console's type has not.
func (t Type) compareValues(c Type, say sayer) {
	whole := t.plain()
	code := typeCodes[c.Kind]
	cure := "make it " + string(t.Kind) + " on the console"
	switch c.Kind {
	case Int32:
		if !whole.within(math.MinInt32, math.MaxInt32) {
			say(Lost, code, cure, "is int32 on the console, the board's values go %s", whole.reach())
		}
	case Int64:
		if t.Max > 1<<63 {
			say(Warning, code, "", "has values above 9223372036854775807, which fit into no type of OneNET")
		}
	case Float:
		if t.Kind == Double || t.Kind == Int64 {
			say(Warning, 0, cure, "is float on the console, which keeps about 7 digits")
		}
	case Enum:
		t.compareLabels(c, say)
	case BitMap:
		if !whole.within(0, math.MaxInt64) {
			say(Lost, code, cure, "is bitMap on the console, the board's values go %s", whole.reach())
		} else if c.Length > 0 && !whole.within(0, math.Pow(2, float64(c.Length))-1) {
			say(Warning, 0, cure, "is bitMap of %d bits on the console, the board's values go %s", c.Length, whole.reach())
		}
	case Date:
		say(Warning, 0, cure, "is date on the console, which takes the number as milliseconds since 1970")
	case String:
		if c.Length > 0 && (t.Length == 0 || t.Length > c.Length) {
			say(Warning, 0, fmt.Sprintf("make it %d on the console", min(max(t.Length, 1), maxText)),
				"has at most %d characters on the console, the board's text can have %d; whether the rest is refused is not documented",
				c.Length, t.Length)
		}
	}
}

// compareLabels looks for numbers that the console's enum has not.
func (t Type) compareLabels(c Type, say sayer) {
	if len(c.Labels) == 0 {
		return
	}
	if t.Kind != Enum {
		if n := len(c.Labels); !t.Bounded || t.Max-t.Min+1 > float64(n) || !t.labelled(c) {
			say(Lost, codeEnum, `give the field a map with them, or make it `+string(t.Kind)+" on the console",
				"is an enum of %d numbers on the console, the board's values go %s", n, t.reach())
		}
		return
	}
	var gone, renamed []string
	for _, n := range slices.Sorted(maps.Keys(t.Labels)) {
		switch text, ok := c.Labels[n]; {
		case !ok:
			gone = append(gone, fmt.Sprintf("%d (%s)", n, t.Labels[n]))
		case text != cut(t.Labels[n], maxLabel):
			renamed = append(renamed, fmt.Sprintf("%d is %q there, %q here", n, text, t.Labels[n]))
		}
	}
	if len(gone) > 0 {
		say(Lost, codeEnum, "add them there", "has no label on the console for %s", strings.Join(gone, ", "))
	}
	if len(renamed) > 0 {
		say(Note, 0, "", "has other labels on the console: %s", strings.Join(renamed, ", "))
	}
}

// labelled reports whether the console has every value that a bounded integer
// can have.
func (t Type) labelled(c Type) bool {
	for n := int64(math.Ceil(t.Min)); float64(n) <= t.Max; n++ {
		if _, ok := c.Labels[n]; !ok {
			return false
		}
	}
	return true
}

// compareLimits compares range, step and unit. Whether the platform enforces
// the first two is not documented.
func (t Type) compareLimits(c Type, say sayer) {
	const unsure = "whether values outside are refused is not documented"
	switch {
	case !c.Bounded:
	case !t.Bounded:
		say(Note, 0, "give the field that range, so that the board's mistakes are seen here",
			"goes %s on the console, the board's values have no range; %s", c.reach(), unsure)
	case t.Kind == Int64 && t.Max > 1<<63: // said already
	case !t.within(c.Min, c.Max):
		say(Warning, 0, "widen it on the console, or give the field that range",
			"goes %s on the console, the board's values %s; %s", c.reach(), t.reach(), unsure)
	}
	if c.Step > t.Step*(1+1e-9) && (t.Step > 0 || c.Step >= 1) {
		say(Note, 0, "", "has the step %s on the console, the board's is %s", plain(c.Step), plain(t.Step))
	}
	if !sameUnit(t.Unit, c.Unit) {
		say(Note, 0, "", "has the unit %q on the console, %q here", c.Unit, t.Unit)
	}
}

func (t Type) within(low, high float64) bool { return t.Bounded && t.Min >= low && t.Max <= high }

// reach says which values there can be.
func (t Type) reach() string {
	if !t.Bounded {
		return "anywhere"
	}
	low, high := t.bounds()
	return "from " + low + " to " + high
}

// sameUnit compares with the console's way to write units, which puts a name
// before the sign, as in "摄氏度 / °C".
func sameUnit(ours, theirs string) bool {
	if i := strings.LastIndex(theirs, " / "); i >= 0 {
		theirs = theirs[i+len(" / "):]
	}
	sign := strings.NewReplacer("degC", "°C", "℃", "°C", "deg", "°", " ", "")
	return sign.Replace(cut(ours, maxUnit)) == sign.Replace(theirs)
}
