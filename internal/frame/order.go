package frame

import "fmt"

// An order other than "<" and ">" is kept as three bits a byte, the first
// byte's lowest: how many bytes of the number stand below that one. CDAB, as
// most Modbus meters send 32 bits, is 1, 0, 3, 2.

func loadOrder(b []byte, perm uint32) uint64 {
	var v uint64
	for _, x := range b {
		v |= uint64(x) << (8 * (perm & 7))
		perm >>= 3
	}
	return v
}

func storeOrder(b []byte, perm uint32, v uint64) {
	for i := range b {
		b[i] = byte(v >> (8 * (perm & 7)))
		perm >>= 3
	}
}

// reorder compiles order, which replaces the byte order of a type.
func (l *layout) reorder(key string, f *Field, a atom) atom {
	if f.Order == "" {
		return a
	}
	number := a.form == formWhole && (a.integer() || a.kind == rawFloat)
	if !number || a.size != 2 && a.size != 4 && a.size != 8 || a.bits%8 != 0 {
		l.m.add(key+".order", quote(f.Order), "order beside a number of 2, 4 or 8 bytes", "")
		return a
	}
	perm, ok := permutation(f.Order, a.size)
	if !ok {
		letters := "ABCDEFGH"[:a.size]
		l.m.add(key+".order", quote(f.Order), fmt.Sprintf("the letters of %s, each once, A the most significant byte", letters), "")
		return a
	}
	a.run = false
	switch f.Order {
	case "ABCDEFGH"[:a.size]:
		a.big = true
	case "HGFEDCBA"[8-a.size:]:
		a.big = false
	default:
		a.form, a.perm = formOrder, perm
	}
	return a
}

func permutation(order string, size int) (perm uint32, ok bool) {
	if len(order) != size {
		return 0, false
	}
	seen := 0
	for i := range len(order) {
		rank := int(order[i]) - 'A'
		if rank < 0 || rank >= size || seen&(1<<rank) != 0 {
			return 0, false
		}
		seen |= 1 << rank
		perm |= uint32(size-1-rank) << (3 * i)
	}
	return perm, true
}
