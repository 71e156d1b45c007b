package frame

import (
	"fmt"
	"math"
	"math/big"

	"serialgw/internal/reading"
)

// extra returns what the slot has beyond its bytes.
func (s *slot) extra() *more {
	if s.more == nil {
		s.more = &more{}
	}
	return s.more
}

// extend gives a slot what its field says beyond its value.
func (l *layout) extend(key string, f *Field, s *slot, info *PropertyInfo) {
	if s.at >= 0 {
		s.moving = l.here
	}
	if l.rest && l.group == nil && !l.line {
		s.reach = uint16(s.size)
	}
	if f.When != "" {
		if when, ok := l.compute(key+".when", f.When); ok {
			s.extra().when = when
		}
	}
	if f.Counter != nil {
		l.counter(key+".counter", f, s, info)
	}
	if s.more != nil || s.behind > 0 || s.in > 0 {
		l.extended = true
	}
}

// compute compiles an expression over earlier fields.
func (l *layout) compute(key, text string) (*program, bool) {
	p, err := parseExpr(text, func(name string) (uint16, *exprError) {
		i, ok := l.find(name)
		switch {
		case !ok:
			return 0, &exprError{want: "the name of an earlier field"}
		case l.slots[i].role == roleText:
			return 0, &exprError{want: "a number", cure: name + " is a text"}
		case l.slots[i].input == 0 && l.inputs == maxInputs:
			return 0, &exprError{want: fmt.Sprintf("at most %d different inputs in a message", maxInputs)}
		}
		s := &l.slots[i]
		if s.input == 0 {
			l.inputs++
			s.input = uint16(l.inputs)
		}
		return s.input - 1, nil
	})
	if err != nil {
		l.m.add(key, err.where(text), err.want, err.cure)
		return nil, false
	}
	l.extended = true
	return p, true
}

// exprDigits are the decimals of a computed value that does not say.
const exprDigits = 3

// expression adds a computed value.
func (l *layout) expression(key string, f *Field) {
	switch {
	case f.Name == "" || f.Name == "_":
		l.m.add(key+".name", "no name", "a name", "")
		return
	case f.Type != "" || f.At != nil || f.Bit != nil || f.Names != nil || f.Count != 0 || f.Repeat != "" || f.Group != nil ||
		f.Scale != nil || f.Offset != nil || f.Map != nil || f.Flags != nil || f.Const != nil || f.Invalid != nil ||
		f.Counter != nil || f.Sign != "" || f.Order != "" || f.Encode != "" || f.Max != 0:
		l.m.add(key+".expr", "expr beside keys of bytes", "name, unit, digits, range and when", "")
		return
	}
	calc, ok := l.compute(key+".expr", f.Expr)
	if !ok {
		return
	}
	digits := exprDigits
	if f.Digits != nil {
		digits = *f.Digits
	}
	if digits < 0 || digits > maxDigits {
		l.m.add(key+".digits", fmt.Sprint(digits), fmt.Sprintf("0 to %d", maxDigits), "")
		return
	}
	v := &value{slot: slot{digits: uint8(digits), power: math.Pow10(digits)}, info: PropertyInfo{Unit: f.Unit, Kind: reading.Int, Digits: digits}}
	if digits > 0 {
		v.info.Kind = reading.Decimal
	}
	if low, high, ok := l.limits(key, f, &v.info); ok {
		v.slot.ranged = true
		v.slot.low, v.slot.high = mantissaBound(low, digits, false), mantissaBound(high, digits, true)
	}
	v.slot.scale, _ = newScaling(big.NewRat(1, 1), new(big.Rat), 0)
	v.slot.extra().calc = calc
	l.publish(key, v, f, f.Name, 0)
}

// counter makes a slot one whose total grows.
func (l *layout) counter(key string, f *Field, s *slot, info *PropertyInfo) {
	if s.kind != rawUint || s.role != roleNumber {
		l.m.add(key, fmt.Sprint(f.Counter), "an unsigned integer type beside counter", "")
		return
	}
	_, high := s.bounds()
	modulus := new(big.Int).Add(high, big.NewInt(1))
	switch v := f.Counter.(type) {
	case bool:
		if !v {
			return
		}
		if modulus.BitLen() > 62 {
			l.m.add(key, "true", "a number at most 2^61", "a counter of 8 bytes does not start again")
			return
		}
	case int64:
		if v < 2 || modulus.Cmp(big.NewInt(v)) < 0 || v > 1<<61 {
			l.m.add(key, fmt.Sprint(v), fmt.Sprintf("true, or 2 to %v, at most 2^61", modulus), "the number of values that the counter has")
			return
		}
		modulus.SetInt64(v)
	default:
		l.m.add(key, fmt.Sprint(v), "true, or the number after which the counter starts at 0 again", "")
		return
	}
	m := s.extra()
	m.modulus, m.counter = modulus.Uint64(), *l.counters
	*l.counters++
	info.Range = nil
	if info.Kind == reading.Uint {
		info.Kind = reading.Int
	}
}
