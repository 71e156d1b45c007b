package frame

import (
	"math"
	"strings"
	"testing"
)

// exprNames are what the expressions of the tests may name.
var exprNames = map[string]float64{"a": 6, "b": 4, "_c": 0.5, "zero": 0, "none": math.NaN(), "big": 1 << 52}

func testExpr(text string) (*program, []float64, *exprError) {
	var registers []float64
	p, err := parseExpr(text, func(name string) (uint16, *exprError) {
		v, ok := exprNames[name]
		if !ok {
			return 0, &exprError{want: "an earlier field"}
		}
		registers = append(registers, v)
		return uint16(len(registers) - 1), nil
	})
	return p, registers, err
}

func TestExpr_Values(t *testing.T) {
	nan := math.NaN()
	for _, row := range []struct {
		text string
		want float64 // NaN: no value
	}{
		{"1 + 2 * 3", 7}, {"(1+2)*3", 9}, {"10 - 4 - 3", 3}, {"2 * 3 % 4", 2}, {"-a + 1", -5}, {"--a", 6}, {"-(a)", -6},
		{"a / b", 1.5}, {"a/zero", nan}, {"a % zero", nan}, {"7.5 % 2", 1.5}, {"-7 % 3", -1}, {".5 + 5.", 5.5},
		{"0x1F & 0x18", 24}, {"a & 3 == 2", 1}, {"a | 1", 7}, {"a ^ b", 2}, {"1 << b", 16}, {"a >> 1", 3}, {"-8 >> 1", -4},
		{"1 | 2 ^ 3 & 1", 3}, {"1 << 2 + 1", 8}, {"_c & 1", nan}, {"1 << 64", nan}, {"1 << -1", nan}, {"1 << 63", 1 << 63},
		{"a > b", 1}, {"a < b", 0}, {"a >= 6", 1}, {"a <= 5", 0}, {"a == 6", 1}, {"a != 6", 0},
		{"a > b && b > 3", 1}, {"a > b && b > 4", 0}, {"zero || b", 1}, {"zero || 0", 0}, {"!a", 0}, {"!zero", 1}, {"!(a > 7)", 1},
		{"a > 5 ? 1 : 2", 1}, {"a > 6 ? 1 : 2", 2}, {"zero ? 1 : a ? 3 : 4", 3}, {"a ? zero ? 1 : 2 : 3", 2},
		{"zero != 0 ? a / zero : -1", -1}, {"a / zero ? 1 : 2", nan}, {"zero && a / zero", 0}, {"1 || a / zero", 1},
		{"a && a / zero", nan}, {"a / zero > 1", nan}, {"!(a / zero)", nan}, {"max(a / zero, 1)", nan},
		{"min(a, b, 5)", 4}, {"max(1, 2, a)", 6}, {"abs(-_c)", 0.5}, {"sqrt(16)", 4}, {"sqrt(-1)", nan},
		{"round(2.5)", 3}, {"round(-2.5)", -3}, {"floor(-0.5)", -1}, {"big * big", 1 << 104}, {" a\t*\n b ", 24},
	} {
		p, registers, err := testExpr(row.text)
		if err != nil {
			t.Errorf("%s: want %s", err.where(row.text), err.want)
			continue
		}
		got, ok := p.run(registers)
		if !ok || got != row.want && !(math.IsNaN(got) && math.IsNaN(row.want)) {
			t.Errorf("%s: got %v %v, want %v", row.text, got, ok, row.want)
		}
	}
}

// TestExpr_AbsentInput: an input without a value leaves the result without
// one, even where it would not be needed.
func TestExpr_AbsentInput(t *testing.T) {
	for _, text := range []string{"none", "a + none", "1 ? a : none"} {
		p, registers, err := testExpr(text)
		if err != nil {
			t.Fatal(err.where(text))
		}
		if v, ok := p.run(registers); ok {
			t.Errorf("%s: got %v, want none", text, v)
		}
	}
}

func TestExpr_Mistakes(t *testing.T) {
	for _, row := range []struct {
		text string
		at   int
		want string
	}{
		{"", 0, `a number, a name or "("`}, {"a +", 3, `a number, a name or "("`}, {"a b", 2, "an operator or the end"},
		{"(a", 2, `")"`}, {"a)", 1, "an operator or the end"}, {"a ? b", 5, `":" and what holds otherwise`},
		{"a < b < 3", 7, "one comparison"}, {"a + unknown", 4, "an earlier field"}, {"sin(a)", 0, "abs, min, max, sqrt, round or floor"},
		{"abs(a, b)", 6, "one value in abs"}, {"min(a)", 5, "two values or more in min"}, {"min(a b)", 6, "two values or more in min"},
		{"1e5", 0, "a number such as"}, {"0b1", 0, "a number such as"}, {"1.2.3", 0, "a number such as"}, {"12x", 0, "a number such as"}, {"0x", 0, "a number such as"},
		{"a = b", 2, "an operator or the end"}, {"a ** b", 3, `a number, a name or "("`}, {"a; b", 1, "an operator or the end"}, {"a | | b", 4, `a number, a name or "("`},
		{strings.Repeat("(", 50) + "1", 40, "at most 40 levels"}, {strings.Repeat("-", 60) + "1", 40, "at most 40 levels"},
		{strings.Repeat("1+", 200) + "11", 400, "at most 400 characters"},
		{strings.Repeat("1-(", 17) + "1" + strings.Repeat(")", 17), 49, "at most 16 values waiting"},
		{strings.Repeat("1+", 130) + "1", 257, "at most 256 numbers and operators"},
	} {
		_, _, err := testExpr(row.text)
		if err == nil || err.at != row.at || !strings.HasPrefix(err.want, row.want) {
			t.Errorf("%q: got %+v, want %q at %d", row.text, err, row.want, row.at)
		}
	}
}

func TestExpr_AllocatesNothing(t *testing.T) {
	p, registers, err := testExpr("a > 5 && b < 10 ? min(a, b) * 1000 / _c : sqrt(big)")
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	if n := testing.AllocsPerRun(1000, func() {
		v, _ := p.run(registers)
		sum += v
	}); n != 0 || sum == 0 {
		t.Errorf("%v allocations a run, sum %v", n, sum)
	}
}

// FuzzExpr: no text makes the parser panic, and what it takes runs.
func FuzzExpr(f *testing.F) {
	for _, text := range []string{"a + b * 2", "a ? b : _c", "min(a,b)<<3", "!(a&1)||b", "((((", "0x1F.5", "a<b<c", "max(1", "-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, registers, err := testExpr(text)
		if (p == nil) == (err == nil) {
			t.Fatal("neither a program nor a mistake, or both")
		}
		if err != nil && (err.at < 0 || err.at > len(text) || err.want == "") {
			t.Fatalf("a mistake at %d of %d: %q", err.at, len(text), err.want)
		}
		if p != nil {
			p.run(registers)
		}
	})
}
