//go:build system

package codegen

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// TestExamples_Work compiles or runs, of every description, the example that
// stands in the head of what is generated.
func TestExamples_Work(t *testing.T) {
	for name, d := range checked(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, err := C(name, d)
			if err != nil {
				t.Fatal(err)
			}
			lines := regexp.MustCompile(`(?m)^ \*     (.*)$`).FindAllStringSubmatch(header, -1)
			main := "#include \"frame.h\"\n#include <stdio.h>\nstatic void uart_put(uint8_t b) { putchar(b); }\nint main(void)\n{\n"
			for _, l := range lines {
				main += "    " + l[1] + "\n"
			}
			if len(lines) == 0 {
				t.Fatalf("no example in\n%.2000s", header)
			}
			ofC := inDir(t, map[string]string{"frame.h": header, "main.c": main + "    return 0;\n}\n"}, `gcc -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror -Wno-unused-function -o program main.c && ./program`)
			inDir(t, map[string]string{"frame.h": header, "main.cpp": main + "    return 0;\n}\n"}, `g++ -std=c++11 -Wall -Wextra -Werror -Wno-unused-function -o program main.cpp`)
			source, err := Python(name, d)
			if err != nil {
				t.Fatal(err)
			}
			call := regexp.MustCompile(`(?m)^#     uart\.write\((.*)\)$`).FindStringSubmatch(source)
			if call == nil {
				t.Fatalf("no example in\n%.2000s", source)
			}
			ofPython := inDir(t, map[string]string{"sender.py": source, "main.py": "from sender import *\nimport sys\nsys.stdout.buffer.write(" + call[1] + ")\n"}, "python3 main.py")
			plan, errs := frame.Compile(name, d)
			if errs != nil {
				t.Fatal(errs)
			}
			for language, sent := range map[string][]byte{"C": ofC, "Python": ofPython} {
				if len(sent) < plan.MinSize() {
					t.Errorf("%s sends % X, and a frame has %d bytes", language, sent, plan.MinSize())
				}
			}
			// C's gives only the first values, which are all that a small message has.
			if m := modelOf(t, name, d).messages[0]; len(m.members) <= exampleMost && !bytes.Equal(ofC, ofPython) && !hasList(m) {
				t.Errorf("C makes\n% X, Python\n% X", ofC, ofPython)
			}
		})
	}
}

// TestC_SaysThatItNeedsC99: an older compiler is told the cure.
func TestC_SaysThatItNeedsC99(t *testing.T) {
	header, err := C("x", described(t, "sync = \"AA\"\ncheck = { kind = \"sum8\" }\nfields = [{ name = \"v\", type = \"B\" }]"))
	if err != nil {
		t.Fatal(err)
	}
	for std, told := range map[string]bool{"c90": true, "gnu89": true, "c99": false, "gnu11": false} {
		out := string(inDir(t, map[string]string{"frame.h": header, "main.c": "#include \"frame.h\"\nint main(void) { return 0; }\n"},
			"gcc -std="+std+" -fsyntax-only main.c 2>&1; true"))
		if got := strings.Contains(out, "this header needs C99: gcc -std=c99; Keil: C99 Mode"); got != told {
			t.Errorf("%s: told is %v: %.500s", std, got, out)
		}
	}
}

// hasList: C's example gives the first value of a list, Python's all.
func hasList(m *message) bool {
	for _, one := range m.members {
		if one.list != nil {
			return true
		}
	}
	return false
}

// inDir writes files, runs a command line there, and returns what it printed.
func inDir(t *testing.T, files map[string]string, command string) []byte {
	t.Helper()
	dir := t.TempDir()
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = dir
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%.3000s", command, err, errs.String())
	}
	return out
}

// TestPython_RefusesListsOfOtherSizes with an error that names the list, and
// takes those of the right one.
func TestPython_RefusesListsOfOtherSizes(t *testing.T) {
	source, err := Python("x", described(t, `sync = "AA 55"
check = { kind = "sum8" }
max = 40
fields = [
  { name = "four", type = "<h", count = 4 },
  { count = 2, group = [{ name = "c", type = "B" }, { name = "d", type = "B" }] },
  { name = "_n", type = "B" },
  { repeat = "_n", max = 3, group = [{ name = "a", type = "B" }, { name = "b", type = "B" }] },
]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ args, want string }{
		{"[1, 2, 3, 4], [5, 6], [7, 8], 1, [9], [10]", hex.EncodeToString([]byte{0xAA, 0x55, 1, 0, 2, 0, 3, 0, 4, 0, 5, 7, 6, 8, 1, 9, 10, 0x37})},
		{"[1, 2, 3], [5, 6], [7, 8], 1, [9], [10]", "four: a list of 4 is needed, not of 3"},
		{"[1, 2, 3, 4, 5], [5, 6], [7, 8], 1, [9], [10]", "four: a list of 4 is needed, not of 5"},
		{"[1, 2, 3, 4], [5, 6], [7], 1, [9], [10]", "d: a list of 2 is needed, not of 1"},
		{"[1, 2, 3, 4], [5, 6], [7, 8], 2, [9], [10, 11]", "a: a list of 2 is needed, not of 1"},
		{"[1, 2, 3, 4], [5, 6], [7, 8], 4, [9] * 4, [10] * 4", "a: at most 3"},
	} {
		main := fmt.Sprintf("from sender import *\ntry:\n    print(x(%s).hex())\nexcept ValueError as e:\n    print(e)\n", row.args)
		out := inDir(t, map[string]string{"sender.py": source, "main.py": main}, "python3 main.py")
		if got := strings.TrimSpace(string(out)); got != row.want {
			t.Errorf("x(%s): %s, want %s", row.args, got, row.want)
		}
	}
}

// TestREADME_Examples: what the README shows for the board sends the frame that
// the description says, with its id.
func TestREADME_Examples(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(begins string) string {
		_, rest, found := strings.Cut(string(b), "```"+begins)
		text, _, closed := strings.Cut(rest, "```")
		if !found || !closed {
			t.Fatalf("the README has no block that begins with %s", begins)
		}
		return text
	}
	d := described(t, strings.ReplaceAll(block("toml\n[frame.car]\n"), "[[frame.car.", "[[frame.x."))
	header, err := C("car", d)
	if err != nil {
		t.Fatal(err)
	}
	source, err := Python("car", d)
	if err != nil {
		t.Fatal(err)
	}
	main := "#include <stdio.h>\n" + block("c\n") + "void uart_put(uint8_t byte) { putchar(byte); }\nint main(void)\n{\n    tell();\n    return 0;\n}\n"
	uart := "import sys\nclass UART:\n    def __init__(self, n, baud):\n        pass\n    def write(self, b):\n        sys.stdout.buffer.write(b)\n"
	want := []byte{0xAA, 0x55, 0x01, 0x04, 0xD2, 0x04, 0x7B, 0x01, 0xA4, 0x91}
	for language, got := range map[string][]byte{
		"C":      inDir(t, map[string]string{"car_frame.h": header, "main.c": main}, "gcc -std=c99 -Wall -Wextra -Werror -o program main.c && ./program"),
		"Python": inDir(t, map[string]string{"car_frame.py": source, "machine.py": uart, "main.py": block("python\n")}, "python3 main.py"),
	} {
		if !bytes.Equal(got, want) {
			t.Errorf("%s sends % X, want % X", language, got, want)
		}
	}
}
