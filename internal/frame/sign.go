package frame

import (
	"fmt"
	"math"
	"math/big"

	"serialgw/internal/reading"
)

// signMode is where the sign of a number stands that is not two's complement.
// [WIRE-16]
type signMode uint8

const (
	signNone  signMode = iota
	signTop            // its highest bit
	signField          // the slot atom.signAt, in front of its own
)

// signed compiles sign. From here on the type counts as a signed integer.
func (l *layout) signed(key string, f *Field, a atom) atom {
	switch {
	case f.Sign == "":
		return a
	case a.kind != rawUint:
		l.m.add(key+".sign", quote(f.Sign), `sign beside an unsigned type such as ">I", "<u12" or ">bcd4"`, "a signed type has its own")
		return a
	case len(f.Map) > 0 || len(f.Flags) > 0 || f.Const != nil:
		l.m.add(key+".sign", quote(f.Sign), "sign beside none of map, flags and const", "")
		return a
	case f.Sign == "msb" && a.bits == 1:
		l.m.add(key+".sign", quote(f.Sign), "a type of 2 bits or more", "the sign leaves nothing else")
		return a
	case f.Sign == "msb":
		a.sign = signTop
	default:
		i, ok := l.signSlot(key, f.Sign)
		if !ok {
			return a
		}
		a.sign, a.signAt = signField, uint16(i)
	}
	a.kind = rawInt
	return a
}

// signSlot finds the earlier field that is the sign of another.
func (l *layout) signSlot(key, name string) (int, bool) {
	i, ok := l.find(name)
	if !ok {
		l.m.add(key+".sign", quote(name), `an earlier field of this message, or "msb"`, "")
		return 0, false
	}
	if s := &l.slots[i]; s.kind == rawFloat || s.kind == rawText || s.more != nil && s.more.calc != nil || !l.beside(s) {
		l.m.add(key+".sign", quote(name), "one integer, or one true or false", "")
		return 0, false
	}
	return i, true
}

// mostMagnitude returns the largest magnitude of a number with such a sign.
func (a *atom) mostMagnitude() *big.Int {
	plain := *a
	plain.sign, plain.kind = signNone, rawUint
	_, most := plain.bounds()
	switch {
	case a.sign == signTop && a.form == formBCD: // 79 99 ...: its first digit has three bits
		most.Add(most, big.NewInt(1))
		most.Quo(most.Mul(most, big.NewInt(8)), big.NewInt(10))
		most.Sub(most, big.NewInt(1))
	case a.sign == signTop:
		most.Rsh(most, 1)
	}
	if !most.IsInt64() {
		return big.NewInt(math.MaxInt64)
	}
	return most
}

// magnitude reads a number without its sign; negative is its highest bit.
func (a *atom) magnitude(b []byte) (v uint64, negative, ok bool) {
	switch {
	case a.form == formBCD && a.sign == signTop:
		top := b[len(b)-1]
		if a.big {
			top = b[0]
		}
		v, ok = loadBCD(b, a.big, 0x7F)
		return v, top&0x80 != 0, ok
	case a.form == formBCD:
		v, ok = loadBCD(b, a.big, 0xFF)
		return v, false, ok
	case a.sign == signTop:
		v = a.raw(b)
		top := uint64(1) << (a.bits - 1)
		return v &^ top, v&top != 0, true
	}
	return a.raw(b), false, true
}

// signedInteger reads a number whose sign or whose digits may have no value;
// slots and frame are where the sign may stand. A magnitude that does not fit
// is out of range.
func (s *slot) signedInteger(b []byte, slots []slot, frame []byte, absent *Absent) (raw uint64, ok bool) {
	v, negative, ok := s.magnitude(b)
	if ok && s.sign == signField {
		negative, ok = slots[s.signAt].nonzero(frame)
	}
	return join(v, negative, ok, absent)
}

// join makes a number of sign and magnitude; ok is false where one is none.
func join(v uint64, negative, ok bool, absent *Absent) (uint64, bool) {
	if !ok {
		absent.NaN++
		return 0, false
	}
	if v > math.MaxInt64 {
		absent.Range++
		return 0, false
	}
	if negative {
		return -v, true
	}
	return v, true
}

// nonzero reads a slot that is another one's sign; ok is false where it is no
// number, or the frame does not have it.
func (s *slot) nonzero(frame []byte) (negative, ok bool) {
	at := resolveAt(s.at, len(frame))
	if at < 0 || at+s.size > len(frame) {
		return false, false
	}
	return s.isNonzero(frame[at : at+s.size])
}

func (s *slot) isNonzero(b []byte) (negative, ok bool) {
	switch {
	case s.role == roleFlag:
		return s.raw(b)>>s.bit&1 != 0, true
	case s.form == formBCD:
		v, ok := loadBCD(b, s.big, 0xFF)
		return v != 0, ok
	}
	return s.raw(b) != 0, true
}

// storeSigned writes sign and magnitude; a sign that is a property of its own
// is written by its own value.
func (s *slot) storeSigned(b []byte, v int64, slots []slot, frame []byte) {
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	switch s.store(b, magnitude); {
	case v >= 0:
	case s.sign == signTop && s.form == formBCD && !s.big:
		b[len(b)-1] |= 0x80
	case s.sign == signTop && s.form == formBCD:
		b[0] |= 0x80
	case s.sign == signTop:
		s.store(b, magnitude|1<<(s.bits-1))
	default:
		if t := &slots[s.signAt]; t.hidden {
			at := resolveAt(t.at, len(frame))
			part := frame[at : at+t.size]
			t.store(part, t.raw(part)|1<<t.bit)
		}
	}
}

// signsAgree reports a value whose sign stands in another field that says
// something else: the property's own value, or that of a second number.
func signsAgree(slots []slot, frame []byte, values map[string]reading.Value) error {
	for i := range slots {
		s := &slots[i]
		v, given := values[s.name]
		if s.sign != signField || !given {
			continue
		}
		t := &slots[s.signAt]
		negative, _ := t.nonzero(frame)
		at := resolveAt(s.at, len(frame))
		if magnitude, _, _ := s.magnitude(frame[at : at+s.size]); magnitude == 0 {
			continue // 0 has either sign
		}
		if exact, err := ratOf(v); err == nil && (s.scale.invert(exact).Sign() < 0) != negative {
			return fmt.Errorf("%s is %v, but its sign %s says otherwise", s.name, v, t.name)
		}
	}
	return nil
}
