//go:build system

package codegen

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// TestPython_FramesAreAccepted lets the generated sender make random frames
// under CPython and holds what the scanner and the decoder make of them
// against the values.
func TestPython_FramesAreAccepted(t *testing.T) {
	for name, d := range checked(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := modelOf(t, name, d)
			rng := seeded(t)
			samples := make([]*sample, framesOf(t, name)/10)
			var input strings.Builder
			for i := range samples {
				samples[i] = drawSample(rng, m)
				writeSample(&input, m, samples[i])
			}
			out := runPython(t, m, name, d, input.String())
			hold(t, "python", d, name, samples, out)
		})
	}
}

func runPython(t *testing.T, m *model, name string, d frame.Description, input string) []byte {
	t.Helper()
	source, err := Python(name, d)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for file, text := range map[string]string{"sender.py": source, "main.py": mainPython(m)} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "python3", filepath.Join(dir, "main.py"))
	cmd.Stdin = strings.NewReader(input)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mainPython writes the program around a sender.
func mainPython(m *model) string {
	var b strings.Builder
	b.WriteString(`import struct, sys
import sender as generated

def signed(x, bits):
    x = int(x)
    return x - (1 << 64) if x >> 63 else x

def f32(x):
    return struct.unpack("<f", struct.pack("<I", int(x)))[0]

def f64(x):
    return struct.unpack("<d", struct.pack("<Q", int(x)))[0]

for line in sys.stdin:
    words = iter(line.split())
    kind = int(next(words))
`)
	for i, one := range m.messages {
		fmt.Fprintf(&b, "    if kind == %d:\n        counts = {}\n", i)
		var args []string
		for _, m := range one.members {
			read := "int(next(words))"
			switch {
			case m.it == nil:
			case m.bit < 0 && m.it.isText():
				read = "bytes.fromhex(next(words))"
			case m.bit < 0 && m.it.isFloat() && m.it.pos.Type.Bits == 64:
				read = "f64(next(words))"
			case m.bit < 0 && m.it.isFloat():
				read = "f32(next(words))"
			case m.bit < 0 && m.it.signed():
				read = "signed(next(words), 64)"
			case m.it.pos.Type.Kind == frame.TypeBool || m.bit >= 0:
				read = "next(words) != '0'"
			}
			if m.n > 0 {
				read = fmt.Sprintf("[%s for _ in range(%d)]", read, m.n)
			}
			fmt.Fprintf(&b, "        %s = %s\n", m.name, read)
			if m.it != nil {
				args = append(args, m.name)
			}
		}
		for _, it := range one.items {
			for _, m := range listsOf(it) {
				fmt.Fprintf(&b, "        %s = %s[:%s]\n", m.name, m.name, it.count.name)
			}
		}
		for _, it := range one.items { // a text of its own length ends at its NUL
			if it.hasType() && it.pos.Type.Bits == 0 && it.count == nil {
				fmt.Fprintf(&b, "        %s = %s.split(b'\\0')[0]\n", it.members[0].name, it.members[0].name)
			}
		}
		fmt.Fprintf(&b, "        print(generated.%s(%s).hex())\n", one.ident, strings.Join(args, ", "))
	}
	return b.String()
}

// listsOf returns the members that have as many values as a count says.
func listsOf(it *item) []*member {
	if it.count == nil {
		return nil
	}
	if len(it.group) == 0 {
		return it.members
	}
	var out []*member
	for _, one := range it.group {
		out = append(out, one.members...)
	}
	return out
}
