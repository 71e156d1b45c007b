package frame

import "math"

// A program is a compiled expression: steps over a small stack of numbers, in
// the order in which they are done, without jumps. NaN stands for no value: a
// division by 0 makes one, arithmetic hands it on, and an operator that does
// not need it (a ? b : c, &&, ||) leaves it out. docs/frames.md, "Computed
// values", is the language; exprparse.go reads it.
type program struct {
	steps  []step
	inputs []uint16 // registers that must have a value
}

type step struct {
	op    opcode
	takes uint8   // values off the stack
	input uint16  // opLoad: the register
	value float64 // opConst
}

type opcode uint8

const (
	opConst opcode = iota
	opLoad
	opNegate
	opNot
	opAbs
	opSqrt
	opRound
	opFloor
	opAdd // from here on: of two
	opSub
	opMul
	opDiv
	opMod
	opAnd
	opOr
	opXor
	opLeft
	opRight
	opEqual
	opUnequal
	opLess
	opAtMost
	opMore
	opAtLeast
	opBoth
	opEither
	opMin
	opMax
	opChoose // of three
)

// takes returns how many values the operation takes off the stack.
func (op opcode) takes() int {
	switch {
	case op < opNegate:
		return 0
	case op < opAdd:
		return 1
	case op < opChoose:
		return 2
	}
	return 3
}

const (
	// maxStack, maxSteps and maxInputs bound what a frame can make an
	// expression cost.
	maxStack  = 16
	maxSteps  = 256
	maxInputs = 256
)

// run computes the expression; ok is false where an input has no value. A
// result that is not finite is none.
func (p *program) run(registers []float64) (v float64, ok bool) {
	for _, i := range p.inputs {
		if registers[i] != registers[i] {
			return 0, false
		}
	}
	var stack [maxStack]float64
	n := 0 // held
	for i := range p.steps {
		s := &p.steps[i]
		switch s.takes {
		case 0:
			v = s.value
			if s.op == opLoad {
				v = registers[s.input]
			}
		case 1:
			n--
			v = ofOne(s.op, stack[n])
		case 2:
			n -= 2
			v = ofTwo(s.op, stack[n], stack[n+1])
		default:
			n -= 3
			v = ofThree(stack[n], stack[n+1], stack[n+2])
		}
		stack[n] = v
		n++
	}
	return stack[0], true
}

func ofOne(op opcode, x float64) float64 {
	switch op {
	case opNegate:
		return -x
	case opNot:
		if x != x {
			return x
		}
		return truth(x == 0)
	case opAbs:
		return math.Abs(x)
	case opSqrt:
		return math.Sqrt(x)
	case opRound:
		return math.Round(x)
	}
	return math.Floor(x)
}

func ofTwo(op opcode, x, y float64) float64 {
	switch op {
	case opAdd:
		return x + y
	case opSub:
		return x - y
	case opMul:
		return x * y
	case opDiv:
		if y == 0 {
			return math.NaN()
		}
		return x / y
	case opMod:
		return math.Mod(x, y) // NaN for 0
	case opMin:
		return math.Min(x, y)
	case opMax:
		return math.Max(x, y)
	case opBoth, opEither:
		return joined(op, x, y)
	case opAnd, opOr, opXor, opLeft, opRight:
		return bitwise(op, x, y)
	}
	return compared(op, x, y)
}

func compared(op opcode, x, y float64) float64 {
	if x != x || y != y {
		return math.NaN()
	}
	switch op {
	case opEqual:
		return truth(x == y)
	case opUnequal:
		return truth(x != y)
	case opLess:
		return truth(x < y)
	case opAtMost:
		return truth(x <= y)
	case opMore:
		return truth(x > y)
	}
	return truth(x >= y)
}

// joined is && and ||: one side may settle it alone.
func joined(op opcode, x, y float64) float64 {
	settles := truth(op == opEither) // 0 && ... = 0, 1 || ... = 1
	switch {
	case x == x && truth(x != 0) == settles, y == y && truth(y != 0) == settles:
		return settles
	case x != x || y != y:
		return math.NaN()
	}
	return 1 - settles
}

// bitwise works on whole numbers of 64 bits; others have no bits.
func bitwise(op opcode, x, y float64) float64 {
	a, okA := whole(x)
	b, okB := whole(y)
	if !okA || !okB {
		return math.NaN()
	}
	switch op {
	case opAnd:
		return float64(a & b)
	case opOr:
		return float64(a | b)
	case opXor:
		return float64(a ^ b)
	}
	if b < 0 || b > 63 {
		return math.NaN()
	}
	if op == opLeft {
		return math.Ldexp(x, int(b)) // a number that has grown too large stays one
	}
	return float64(a >> b)
}

func whole(x float64) (int64, bool) {
	if math.Floor(x) != x || math.Abs(x) >= 1<<63 {
		return 0, false
	}
	return int64(x), true
}

// ofThree is c ? x : y.
func ofThree(c, x, y float64) float64 {
	switch {
	case c != c:
		return c
	case c != 0:
		return x
	}
	return y
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
