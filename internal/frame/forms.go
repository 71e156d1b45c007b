package frame

import (
	"encoding/binary"
	"math/big"
)

// form is how the bytes of a value stand for it.
type form uint8

const (
	formWhole form = iota // a number of whole bytes, in the order of big; text with NULs behind it
	formBits              // some bits of its bytes
	formOrder             // bytes in an order of their own
	formBCD               // two decimal digits a byte
	formMidi              // seven bits a byte
	formHex               // text: the bytes in hexadecimal
	formZ                 // text up to the first NUL
)

// raw reads the bits of a number without extending its sign. A BCD number is
// 0 where a digit is none; see loadBCD.
func (a *atom) raw(b []byte) uint64 {
	switch a.form {
	case formBits:
		return a.loadBits(b)
	case formOrder:
		return loadOrder(b, a.perm)
	case formBCD:
		v, _ := loadBCD(b, a.big, 0xFF)
		return v
	case formMidi:
		return loadMidi(b, a.big)
	}
	return loadUint(b, a.big)
}

// store writes what raw reads. Of a number of some bits, the others stay.
func (a *atom) store(b []byte, v uint64) {
	switch a.form {
	case formBits:
		a.storeBits(b, v)
	case formOrder:
		storeOrder(b, a.perm, v)
	case formBCD:
		storeBCD(b, a.big, v)
	case formMidi:
		storeMidi(b, a.big, v)
	default:
		storeUint(b, v, a.big)
	}
}

// bounds returns what an integer type can hold.
func (a *atom) bounds() (low, high *big.Int) {
	one := big.NewInt(1)
	switch {
	case a.sign != signNone:
		high = a.mostMagnitude()
		return new(big.Int).Neg(high), high
	case a.kind == rawInt:
		high = new(big.Int).Lsh(one, uint(a.bits)-1)
		return new(big.Int).Neg(high), new(big.Int).Sub(high, one)
	case a.form == formBCD:
		high = new(big.Int).Exp(big.NewInt(10), big.NewInt(2*int64(a.size)), nil)
	default:
		high = new(big.Int).Lsh(one, uint(a.bits))
	}
	return new(big.Int), high.Sub(high, one)
}

func (a *atom) holds(n *big.Int) bool {
	low, high := a.bounds()
	return n.Cmp(low) >= 0 && n.Cmp(high) <= 0
}

// loadLong reads an unsigned integer of 5, 6 or 7 bytes.
func loadLong(b []byte, bigEndian bool) uint64 {
	n := len(b)
	if bigEndian {
		return uint64(binary.BigEndian.Uint32(b))<<(8*(n-4)) | uint64(binary.BigEndian.Uint32(b[n-4:]))
	}
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*(n-4))
}
