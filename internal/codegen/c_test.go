//go:build system

package codegen

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

var (
	seed   = flag.Uint64("seed", 0, "seed of the random values, as a run has printed it; 0: a new one")
	frames = flag.Int("frames", 10_000, "random frames a preset and language")
)

// framesOf is fewer for the descriptions of this package's tests, whose frames
// are up to a hundred times as long as a preset's.
func framesOf(t *testing.T, name string) int {
	t.Helper()
	if _, own := testDescriptions(t)[name]; own {
		return *frames / 5
	}
	return *frames
}

func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("again with -args -seed %d", s)
	return rand.New(rand.NewPCG(s, 0))
}

// targets are the machines that the header is compiled for.
var targets = []struct{ name, compiler, runner string }{
	{"x86", "gcc", ""},
	{"arm", "arm-linux-gnueabihf-gcc", "qemu-arm-static"},
}

// TestC_FramesAreAccepted compiles the header of every preset with a checksum
// for x86 and arm, lets it make random frames, and holds what the scanner and
// the decoder make of them against the values.
func TestC_FramesAreAccepted(t *testing.T) {
	for name, d := range checked(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := modelOf(t, name, d)
			rng := seeded(t)
			samples := drawSamples(rng, m, framesOf(t, name))
			var input strings.Builder
			for _, s := range samples {
				writeSample(&input, m, s)
			}
			header, err := C(name, d)
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range targets {
				program := compileC(t, m, header, target.compiler)
				args := []string{program}
				if target.runner != "" {
					args = []string{target.runner, "-L", "/usr/arm-linux-gnueabihf", program}
				}
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Stdin = strings.NewReader(input.String())
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%s: %v", target.name, err)
				}
				hold(t, target.name, d, name, samples, out)
			}
		})
	}
}

func modelOf(t *testing.T, name string, d frame.Description) *model {
	t.Helper()
	m, err := newModel(name, d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compileC compiles a program that reads samples and writes their frames.
func compileC(t *testing.T, m *model, header, compiler string) string {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{"frame.h": header, "main.c": mainC(m)} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "program")
	cmd := exec.CommandContext(t.Context(), compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O1",
		"-o", program, filepath.Join(dir, "main.c"))
	if compiler == "gcc" {
		cmd.Args = append(cmd.Args, "-fsanitize=undefined,address", "-fno-sanitize-recover=all") //nolint:misspell // gcc's word
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	return program
}

// writeSample writes a sample as main.c reads it.
func writeSample(b *strings.Builder, m *model, s *sample) {
	for i, one := range m.messages {
		if one == s.message {
			fmt.Fprintf(b, "%d", i)
		}
	}
	for _, one := range s.message.members {
		if one.it != nil && one.bit < 0 && one.it.isText() {
			for i := range max(one.n, 1) {
				text := make([]byte, one.it.textSize())
				if i < len(s.text[one]) {
					text = s.text[one][i]
				}
				b.WriteString(" " + hex.EncodeToString(text))
			}
			continue
		}
		for i := range max(one.n, 1) {
			v := uint64(0)
			if i < len(s.raw[one]) {
				v = s.raw[one][i]
			}
			fmt.Fprintf(b, " %d", v)
		}
	}
	b.WriteString("\n")
}

// mainC writes the program around a header.
func mainC(m *model) string {
	var b strings.Builder
	b.WriteString(`#include "frame.h"
#include <stdio.h>
#include <stdlib.h>

static int skip(void)
{
    int c = getchar();
    while (c == ' ' || c == '\n')
        c = getchar();
    return c;
}
/* scanf and printf would take most of the time of an emulated processor. */
static uint64_t rd(void)
{
    uint64_t x = 0;
    int c = skip();
    if (c < '0' || c > '9')
        exit(2);
    for (; c >= '0' && c <= '9'; c = getchar())
        x = x * 10 + (uint64_t)(c - '0');
    return x;
}
static float rdf(void) { uint32_t b = (uint32_t)rd(); float f; memcpy(&f, &b, 4); return f; }
static double rdd(void) { uint64_t b = rd(); double f; memcpy(&f, &b, 8); return f; }
static unsigned digit(int c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c < 'a' || c > 'f')
        exit(3);
    return (unsigned)(c - 'a' + 10);
}
static void rdt(void *out, size_t n)
{
    int c = n > 0 ? skip() : 0;
    for (size_t i = 0; i < n; i++) {
        unsigned high = digit(c);
        ((uint8_t *)out)[i] = (uint8_t)(high << 4 | digit(getchar()));
        c = getchar();
    }
}
static void put(uint8_t b)
{
    putchar("0123456789ABCDEF"[b >> 4]);
    putchar("0123456789ABCDEF"[b & 15]);
}

int main(void)
{
    (void)rdf; (void)rdd; (void)rdt;
    for (int c = skip(); c != EOF; c = skip()) {
        ungetc(c, stdin);
        switch (rd()) {
`)
	for i, one := range m.messages {
		fmt.Fprintf(&b, "        case %d: {\n", i)
		arg := ""
		if len(one.inStruct()) > 0 {
			arg = "&v, "
			fmt.Fprintf(&b, "            struct %s v;\n            memset(&v, 0, sizeof v);\n", one.ident)
		}
		for _, m := range one.members {
			for k := range max(m.n, 1) {
				lhs := "v." + m.name
				if m.arg {
					lhs = m.cType() + " " + m.name
					arg = m.name + ", " + arg
				}
				if m.n > 0 {
					lhs += fmt.Sprintf("[%d]", k)
				}
				switch {
				case m.it == nil:
					fmt.Fprintf(&b, "            %s = (uint16_t)rd();\n", lhs)
				case m.bit < 0 && m.it.isText():
					fmt.Fprintf(&b, "            rdt(%s, %d);\n", lhs, m.it.textSize())
				case m.cType() == "float":
					fmt.Fprintf(&b, "            %s = rdf();\n", lhs)
				case m.cType() == "double":
					fmt.Fprintf(&b, "            %s = rdd();\n", lhs)
				case m.cType() == "bool":
					fmt.Fprintf(&b, "            %s = rd() != 0;\n", lhs)
				default:
					fmt.Fprintf(&b, "            %s = (%s)rd();\n", lhs, m.cType())
				}
			}
		}
		fmt.Fprintf(&b, "            if (%s_send(%sput) == 0)\n                exit(4);\n            putchar('\\n');\n            break;\n        }\n", one.ident, arg)
	}
	b.WriteString("        }\n    }\n    return 0;\n}\n")
	return b.String()
}
