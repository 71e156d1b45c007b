package codegen

import (
	"regexp"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// described parses one [frame.x].
func described(t *testing.T, toml string) frame.Description {
	t.Helper()
	all, issues := config.ParseFrames([]byte("[frame.x]\n"+toml), "x")
	if config.Failed(issues) {
		t.Fatal(issues)
	}
	return all["x"]
}

// TestC_AnIDThatIsNotSaidIsAsked: a struct of which only the fields are set must
// not send the id 00.
func TestC_AnIDThatIsNotSaidIsAsked(t *testing.T) {
	const open = `sync = "AA 55"
id = { at = 2, type = "<H" }
check = { kind = "sum8" }
data = 4
fields = [{ name = "speed", type = "<h" }]`
	const said = `sync = "AA 55"
id = { at = 2, type = "<H" }
check = { kind = "sum8" }
[[frame.x.message]]
name = "x"
id = 0x102
data = 4
fields = [{ name = "speed", type = "<h" }]`
	for name, row := range map[string]struct {
		toml, encode, example, written string
		argument                       bool
	}{
		"open": {open, "x_encode(uint8_t *buf, uint16_t id, const struct x *v)", "x_send(1, &v, uart_put);", "x_put_le(f + 2, 2, (uint32_t)id);", true},
		"said": {said, "x_encode(uint8_t *buf, const struct x *v)", "x_send(&v, uart_put);", "x_put_le(f + 2, 2, (uint32_t)(0x102));", false},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := C("x", described(t, row.toml))
			if err != nil {
				t.Fatal(err)
			}
			body := regexp.MustCompile(`(?s)struct x \{(.*?)\};`).FindString(text)
			if strings.Contains(body, " id;") {
				t.Errorf("the id is in the struct: %s", body)
			}
			for _, want := range []string{row.encode, " *     struct x v;\n *     memset(&v, 0, sizeof v);\n *     v.speed = 1;\n *     " + row.example, row.written} {
				if !strings.Contains(text, want) {
					t.Errorf("no %s in\n%s", want, text)
				}
			}
			if got := strings.Contains(text, "is an argument."); got != row.argument {
				t.Errorf("that the id is an argument is said: %v", got)
			}
		})
	}
}

// TestPython_Lists says how many values a list has, and what an example gives.
func TestPython_Lists(t *testing.T) {
	text, err := Python("x", described(t, `sync = "AA 55"
check = { kind = "sum8" }
max = 40
fields = [
  { name = "four", type = "<h", count = 4 },
  { name = "_n", type = "B" },
  { repeat = "_n", max = 3, group = [{ name = "a", type = "B" }, { name = "b", type = "B", map = { 5 = "five" } }] },
]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"    four: <h; list of 4\n", "    a: B; list of up to 3\n", "uart.write(x(four=[1, 1, 1, 1], n_=1, a=[1], b=[5]))\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
