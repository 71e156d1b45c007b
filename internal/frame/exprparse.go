package frame

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	maxExpr  = 400 // characters
	maxDepth = 40  // parentheses, signs and conditions within each other
)

// exprError is a mistake in an expression, with the place where it stands.
type exprError struct {
	at   int // characters in front of it
	want string
	cure string
}

// where returns the text with the place of the mistake, for people.
func (e *exprError) where(text string) string {
	return fmt.Sprintf("%q at character %d", text, e.at+1)
}

// exprParser reads an expression by recursive descent and writes the program
// behind itself: operands first.
type exprParser struct {
	text  string
	at    int
	depth int
	held  int // values on the stack at this point
	out   program
	// input finds the register of a name; a mistake says why there is none.
	input func(name string) (register uint16, err *exprError)
	err   *exprError // the first
}

// parseExpr compiles an expression; input gives names a meaning.
func parseExpr(text string, input func(name string) (uint16, *exprError)) (*program, *exprError) {
	if len(text) > maxExpr {
		return nil, &exprError{at: maxExpr, want: fmt.Sprintf("at most %d characters", maxExpr)}
	}
	p := &exprParser{text: text, input: input}
	p.condition()
	if p.space(); p.err == nil && p.at < len(p.text) {
		p.fail("an operator or the end", "")
	}
	if p.err != nil {
		return nil, p.err
	}
	return &p.out, nil
}

func (p *exprParser) fail(want, cure string) {
	if p.err == nil {
		p.err = &exprError{at: p.at, want: want, cure: cure}
	}
}

// emit adds a step and watches the stack.
func (p *exprParser) emit(s step) {
	if p.err != nil {
		return
	}
	s.takes = uint8(s.op.takes())
	p.out.steps = append(p.out.steps, s)
	p.held += 1 - s.op.takes()
	switch {
	case len(p.out.steps) > maxSteps:
		p.fail(fmt.Sprintf("at most %d numbers and operators", maxSteps), "")
	case p.held > maxStack:
		p.fail(fmt.Sprintf("at most %d values waiting for their operator", maxStack), "split it into several fields")
	}
}

// deeper guards what may stand within itself; it is undone by returning.
func (p *exprParser) deeper() bool {
	if p.depth++; p.depth > maxDepth {
		p.fail(fmt.Sprintf("at most %d levels", maxDepth), "split it into several fields")
	}
	return p.err == nil
}

func (p *exprParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take passes over a token if it stands here.
func (p *exprParser) take(token string) bool {
	p.space()
	if p.err != nil || !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

// condition reads a ? b : c, or less.
func (p *exprParser) condition() {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return
	}
	if p.operators(0); !p.take("?") {
		return
	}
	p.condition()
	if !p.take(":") {
		p.fail(`":" and what holds otherwise`, "")
		return
	}
	p.condition()
	p.emit(step{op: opChoose})
}

// exprOperators are the operators of two values by level, those that bind most
// tightly last: bits before comparisons, as in Python, not as in C. A token
// stands behind a longer one that begins with it.
var exprOperators = [][]struct { //nolint:gochecknoglobals // a table that is only read
	token string
	op    opcode
}{
	{{"||", opEither}},
	{{"&&", opBoth}},
	{{"==", opEqual}, {"!=", opUnequal}, {"<=", opAtMost}, {">=", opAtLeast}, {"<", opLess}, {">", opMore}},
	{{"|", opOr}},
	{{"^", opXor}},
	{{"&", opAnd}},
	{{"<<", opLeft}, {">>", opRight}},
	{{"+", opAdd}, {"-", opSub}},
	{{"*", opMul}, {"/", opDiv}, {"%", opMod}},
}

const comparing = 2 // level of the comparisons

func (p *exprParser) operators(level int) {
	if level == len(exprOperators) {
		p.signed()
		return
	}
	p.operators(level + 1)
	for n := 0; p.err == nil; n++ {
		op, ok := p.operator(level)
		if !ok {
			return
		}
		if level == comparing && n > 0 {
			p.fail("one comparison", "write && between two")
			return
		}
		p.operators(level + 1)
		p.emit(step{op: op})
	}
}

// operator passes over an operator of that level.
func (p *exprParser) operator(level int) (opcode, bool) {
	p.space()
	rest := p.text[p.at:]
	doubled := len(rest) > 1 && rest[1] == rest[0] && strings.IndexByte("<>|&", rest[0]) >= 0
	for _, o := range exprOperators[level] {
		if doubled && len(o.token) == 1 { // "<" is not the beginning of "<<", nor "|" that of "||"
			continue
		}
		if strings.HasPrefix(rest, o.token) {
			p.at += len(o.token)
			return o.op, true
		}
	}
	return 0, false
}

// signed reads a value with - or ! in front.
func (p *exprParser) signed() {
	op := opNegate
	if !p.take("-") {
		if op = opNot; !p.take("!") {
			p.operand()
			return
		}
	}
	defer func() { p.depth-- }()
	if p.deeper() {
		p.signed()
		p.emit(step{op: op})
	}
}

func (p *exprParser) operand() {
	p.space()
	switch c := p.peek(); {
	case c == '(':
		p.at++
		p.condition()
		if !p.take(")") {
			p.fail(`")"`, "")
		}
	case c == '.' || c >= '0' && c <= '9':
		p.number()
	case isWord(c):
		p.word()
	default:
		p.fail(`a number, a name or "("`, "")
	}
}

// peek returns the byte here, 0 at the end.
func (p *exprParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// scan passes over letters, digits, "_" and what else is asked for.
func (p *exprParser) scan(also byte) string {
	start := p.at
	for p.at < len(p.text) && (isWord(p.text[p.at]) || p.text[p.at] == also) {
		p.at++
	}
	return p.text[start:p.at]
}

// number reads 12, 0.5 or 0x1F.
func (p *exprParser) number() {
	start := p.at
	text := p.scan('.')
	var v float64
	n, err := strconv.ParseUint(text, 0, 64)
	if v = float64(n); err != nil || !strings.HasPrefix(text, "0x") {
		v, err = strconv.ParseFloat(text, 64)
	}
	if err != nil || strings.ContainsAny(text, "_pP") || strings.ContainsAny(text, "eE") && !strings.HasPrefix(text, "0x") {
		p.at = start
		p.fail("a number such as 12, 0.5 or 0x1F", "")
		return
	}
	p.emit(step{op: opConst, value: v})
}

// exprFunctions are the functions and how many values each takes; min and max
// take two or more.
var exprFunctions = map[string]opcode{ //nolint:gochecknoglobals // a table that is only read
	"abs": opAbs, "min": opMin, "max": opMax, "sqrt": opSqrt, "round": opRound, "floor": opFloor,
}

// word reads a name, or a function with its values.
func (p *exprParser) word() {
	start := p.at
	name := p.scan('_')
	if p.space(); p.peek() == '(' {
		op, ok := exprFunctions[name]
		if !ok {
			p.at = start
			p.fail("abs, min, max, sqrt, round or floor", "")
			return
		}
		p.at++
		p.values(name, op)
		return
	}
	register, err := p.input(name)
	if err != nil {
		p.at = start
		p.fail(err.want, err.cure)
		return
	}
	if !slices.Contains(p.out.inputs, register) {
		p.out.inputs = append(p.out.inputs, register)
	}
	p.emit(step{op: opLoad, input: register})
}

// values reads what a function is given, behind its "(".
func (p *exprParser) values(name string, op opcode) {
	p.condition()
	n := 1
	for ; p.err == nil && p.take(","); n++ {
		if op.takes() == 1 {
			p.fail("one value in "+name, "")
			return
		}
		p.condition()
		p.emit(step{op: op})
	}
	switch {
	case op.takes() == 2 && n < 2:
		p.fail("two values or more in "+name, "")
	case !p.take(")"):
		p.fail(`")"`, "")
	case op.takes() == 1:
		p.emit(step{op: op})
	}
}
