package frame

// mostBCD and mostMidi are the bytes whose digits fit into 64 bits.
const (
	mostBCD  = 9
	mostMidi = 9
)

// loadBCD reads two decimal digits a byte, the high four bits first; ok is
// false where four bits are none. top is what counts of the most significant
// byte: all of it, or what a sign leaves. [WIRE-16]
//
//	<   67 45 23 01   1234567   lowest pair first
//	>   01 23 45 67             highest pair first
func loadBCD(b []byte, big bool, top byte) (v uint64, ok bool) {
	for i := range b {
		x := b[len(b)-1-i]
		if big {
			x = b[i]
		}
		if i == 0 {
			x &= top
		}
		high, low := x>>4, x&0x0F
		if high > 9 || low > 9 {
			return 0, false
		}
		v = v*100 + uint64(10*high+low)
	}
	return v, true
}

func storeBCD(b []byte, big bool, v uint64) {
	for i := range b {
		at := i
		if big {
			at = len(b) - 1 - i
		}
		pair := v % 100
		b[at] = byte(pair/10<<4 | pair%10)
		v /= 100
	}
}

// loadMidi reads seven bits a byte; the eighth is left out. [WIRE-16]
func loadMidi(b []byte, big bool) uint64 {
	var v uint64
	for i := range b {
		x := b[len(b)-1-i]
		if big {
			x = b[i]
		}
		v = v<<7 | uint64(x&0x7F)
	}
	return v
}

func storeMidi(b []byte, big bool, v uint64) {
	for i := range b {
		at := i
		if big {
			at = len(b) - 1 - i
		}
		b[at] = byte(v & 0x7F)
		v >>= 7
	}
}
