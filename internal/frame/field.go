package frame

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"

	"serialgw/internal/reading"
)

// value is a compiled field before it has a name and a place.
type value struct {
	slot  slot
	info  PropertyInfo
	flags []flag
}

type flag struct {
	bit  uint8
	name string
}

// value compiles what a field says about its value; nil when it publishes
// nothing: a constant, or a mistake.
func (l *layout) value(key string, f *Field, a atom) *value {
	v := &value{slot: slot{atom: a}, info: PropertyInfo{Unit: f.Unit}}
	l.conflicts(key, f, a)
	switch {
	case f.Const != nil:
		l.constant(key, f, a)
		return nil
	case len(f.Flags) > 0:
		l.flags(key, f, a, v)
		return v
	case len(f.Map) > 0:
		l.labels(key, f, a, v)
	case a.kind == rawBool:
		v.slot.role, v.info.Kind = roleBool, reading.Bool
	case a.kind == rawText:
		l.text(key, f, v)
		return v
	case a.kind == rawFloat:
		l.float(key, f, v)
	default:
		if !l.integer(key, f, v) {
			return nil
		}
	}
	l.invalid(key, f, a, v)
	return v
}

// conflicts finds keys that say nothing about such a value.
func (l *layout) conflicts(key string, f *Field, a atom) {
	number := a.integer() || a.kind == rawFloat
	if a.form == formBCD && len(f.Flags) > 0 {
		l.m.add(key+".type", quote(f.Type), "a type with bits beside flags", "BCD has decimal digits")
	}
	if f.Encode != "" && a.kind != rawText {
		l.m.add(key+".encoding", quote(f.Encode), "encoding beside a text only", "")
	}
	scaled := f.Scale != nil || f.Offset != nil || f.Digits != nil
	switch {
	case !a.integer() && (len(f.Map) > 0 || len(f.Flags) > 0 || f.Const != nil):
		l.m.add(key+".type", quote(f.Type), "an integer type beside map, flags or const", "")
	case !number && (scaled || f.Range != nil) || a.kind == rawBool && f.Invalid != nil:
		l.m.add(key+".type", quote(f.Type), "a number beside scale, offset, digits, range or invalid", "")
	}
	exclusive := 0
	for _, given := range []bool{len(f.Map) > 0, len(f.Flags) > 0, f.Const != nil, scaled || f.Range != nil} {
		if given {
			exclusive++
		}
	}
	if exclusive > 1 {
		l.m.add(key, "map, flags, const and scale or range together", "one of them", "")
	}
	if (len(f.Flags) > 0 || f.Const != nil) && (f.Count > 0 || f.Repeat != "") {
		l.m.add(key+".count", "count or repeat", "one value with flags or const", "")
	}
}

func (l *layout) wantFit(key string, n fmt.Stringer, a atom) {
	low, high := a.bounds()
	l.m.add(key, n.String(), fmt.Sprintf("%v to %v, what the type can hold", low, high), "")
}

func (l *layout) constant(key string, f *Field, a atom) {
	n := big.NewInt(*f.Const)
	if !a.integer() {
		return // said already
	}
	if !a.holds(n) {
		l.wantFit(key+".const", n, a)
		return
	}
	at, a := l.spot(a)
	if a.size > 8 {
		l.m.add(key+".const", n.String(), "const in at most 8 bytes", "")
		return
	}
	l.consts = append(l.consts, movedConst{newConstant(at, a, uint64(*f.Const)), l.here})
}

func (l *layout) flags(key string, f *Field, a atom, v *value) {
	v.slot.role, v.info.Kind = roleFlag, reading.Bool
	for _, text := range slices.Sorted(maps.Keys(f.Flags)) {
		bit, err := strconv.ParseUint(text, 10, 8)
		if err != nil || bit >= uint64(a.bits) {
			l.m.add(key+".flags", quote(text), fmt.Sprintf("a bit number from 0 to %d", int(a.bits)-1), "")
			continue
		}
		v.flags = append(v.flags, flag{uint8(bit), f.Flags[text]})
	}
	slices.SortFunc(v.flags, func(x, y flag) int { return cmp.Compare(x.bit, y.bit) })
}

func (l *layout) labels(key string, f *Field, a atom, v *value) {
	v.slot.role, v.info.Kind = roleEnum, reading.Int
	v.info.Labels = map[int64]string{}
	for _, text := range slices.Sorted(maps.Keys(f.Map)) {
		n, err := strconv.ParseInt(text, 0, 64)
		switch {
		case err != nil:
			l.m.add(key+".map", quote(text), "an integer for each text", "")
		case a.integer() && !a.holds(big.NewInt(n)):
			l.wantFit(key+".map", big.NewInt(n), a)
		default:
			v.info.Labels[n] = f.Map[text]
		}
	}
	v.slot.labels = v.info.Labels
}

// factors reads scale and offset.
func (l *layout) factors(key string, f *Field) (scale, offset *big.Rat, ok bool) {
	scale, offset, ok = big.NewRat(1, 1), new(big.Rat), true
	const want = `a number or a fraction such as "16/32768"`
	if f.Scale != nil {
		r, err := parseRat(f.Scale)
		if err != nil || r.Sign() == 0 {
			l.m.add(key+".scale", fmt.Sprint(f.Scale), want+", not 0", "")
			ok = false
		} else {
			scale = r
		}
	}
	if f.Offset != nil {
		r, err := parseRat(f.Offset)
		if err != nil {
			l.m.add(key+".offset", fmt.Sprint(f.Offset), want, "")
			ok = false
		} else {
			offset = r
		}
	}
	if f.Digits != nil && (*f.Digits < 0 || *f.Digits > maxDigits) {
		l.m.add(key+".digits", fmt.Sprint(*f.Digits), fmt.Sprintf("0 to %d", maxDigits), "")
		ok = false
	}
	return scale, offset, ok
}

func (l *layout) integer(key string, f *Field, v *value) bool {
	scale, offset, ok := l.factors(key, f)
	if !ok {
		return false
	}
	_, fraction := f.Scale.(string)
	digits := defaultDigits(scale, offset, fraction)
	if f.Digits != nil {
		digits = *f.Digits
	}
	var err *Error
	if digits < 0 {
		err = &Error{Key: key + ".offset", Found: offset.String(), Want: "a decimal fraction", Cure: "or say digits"}
	} else if v.slot.scale, ok = newScaling(scale, offset, digits); !ok {
		err = &Error{Key: key + ".scale", Found: fmt.Sprint(f.Scale), Want: "a scale of fewer places", Cure: "say fewer digits"}
	}
	if err != nil {
		l.m.list = append(l.m.list, err)
		return false
	}
	v.slot.digits = uint8(digits)
	v.info.Kind, v.info.Digits = reading.Int, digits
	switch {
	case digits > 0:
		v.info.Kind = reading.Decimal
	case v.slot.kind == rawUint && v.slot.bits == 64 && v.slot.scale.plain():
		v.info.Kind = reading.Uint
	}
	v.info.Range = v.slot.naturalRange()
	if low, high, ok := l.limits(key, f, &v.info); ok {
		v.slot.ranged = true
		v.slot.low, v.slot.high = mantissaBound(low, digits, false), mantissaBound(high, digits, true)
	}
	return true
}

// naturalRange returns the values that the bytes can express.
func (s *slot) naturalRange() []float64 {
	low, high := s.bounds()
	a, _ := s.scale.value(new(big.Rat).SetInt(low)).Float64()
	b, _ := s.scale.value(new(big.Rat).SetInt(high)).Float64()
	return []float64{min(a, b), max(a, b)}
}

// mantissaBound turns a limit into the last mantissa inside it, exactly.
func mantissaBound(limit float64, digits int, upper bool) int64 {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(limit, 'f', -1, 64))
	if !ok {
		return 0
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
	// Div rounds down for the positive denominators of a Rat.
	n := new(big.Int).Div(r.Num(), r.Denom())
	if !upper && !r.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

func (l *layout) float(key string, f *Field, v *value) {
	scale, offset, _ := l.factors(key, f)
	s := &v.slot
	s.factor, _ = scale.Float64()
	s.offset, _ = offset.Float64()
	s.scale.scale, s.scale.offset = scale, offset
	v.info.Kind = reading.Float32
	if s.size == 8 {
		v.info.Kind = reading.Float64
	}
	if f.Digits != nil {
		s.rounded, s.power = true, math.Pow10(*f.Digits)
		v.info.Kind, v.info.Digits = reading.Float64, *f.Digits
	}
	if low, high, ok := l.limits(key, f, &v.info); ok {
		s.ranged, s.lowF, s.topF = true, low, high
	}
}

// limits reads range.
func (l *layout) limits(key string, f *Field, info *PropertyInfo) (low, high float64, ok bool) {
	if f.Range == nil {
		return 0, 0, false
	}
	bad := len(f.Range) != 2
	for _, x := range f.Range {
		bad = bad || math.IsNaN(x) || math.IsInf(x, 0)
	}
	if bad || f.Range[0] > f.Range[1] {
		l.m.add(key+".range", fmt.Sprint(f.Range), "[low, high]", "")
		return 0, 0, false
	}
	info.Range = slices.Clone(f.Range)
	return f.Range[0], f.Range[1], true
}

func (l *layout) invalid(key string, f *Field, a atom, v *value) {
	for i, none := range f.Invalid {
		where := fmt.Sprintf("%s.invalid[%d]", key, i)
		r, err := parseRat(none)
		switch {
		case err != nil:
			l.m.add(where, fmt.Sprint(none), "a raw value, before scaling", "")
		case a.kind == rawFloat:
			x, _ := r.Float64()
			if a.size == 4 {
				x = float64(float32(x))
			}
			v.slot.invalidF = append(v.slot.invalidF, x)
		case !a.integer():
		case !r.IsInt():
			l.m.add(where, fmt.Sprint(none), "an integer", "invalid lists raw values, before scaling")
		case !a.holds(r.Num()):
			l.wantFit(where, r.Num(), a)
		case r.Sign() < 0:
			v.slot.invalid = append(v.slot.invalid, uint64(r.Num().Int64()))
		default:
			v.slot.invalid = append(v.slot.invalid, r.Num().Uint64())
		}
	}
}
