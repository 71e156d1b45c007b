//go:build system

package codegen

import (
	"encoding/binary"
	"math"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"serialgw/internal/reading"
)

// userZero is LINKTYPE_USER0.
const userZero = 147

// writePcap writes a capture with one frame a packet.
func writePcap(t *testing.T, packets [][]byte) string {
	t.Helper()
	out := binary.LittleEndian.AppendUint32(nil, 0xA1B2C3D4)
	out = binary.LittleEndian.AppendUint16(out, 2)
	out = binary.LittleEndian.AppendUint16(out, 4)
	for _, v := range []uint32{0, 0, 65535, userZero} {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	for i, b := range packets {
		for _, v := range []uint32{uint32(i), 0, uint32(len(b)), uint32(len(b))} {
			out = binary.LittleEndian.AppendUint32(out, v)
		}
		out = append(out, b...)
	}
	path := filepath.Join(t.TempDir(), "frames.pcap")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tshark dissects a capture with a generated script, also as root, for whom
// scripts are off unless init.lua says otherwise.
func tshark(t *testing.T, script, capture string, more ...string) string {
	t.Helper()
	home := t.TempDir()
	path := filepath.Join(home, "frame.lua")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "init.lua"), []byte("run_user_scripts_when_superuser = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-r", capture, "-X", "lua_script:" + path}, more...)
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	cmd.Env = append(os.Environ(), "WIRESHARK_CONFIG_DIR="+home)
	var wrong strings.Builder
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil || strings.Contains(wrong.String(), "Lua: ") {
		t.Fatalf("tshark: %v\n%s", err, wrong.String())
	}
	return string(out)
}

// TestLua_ShowsTheSameValues: for every preset with a checksum, tshark with the
// generated dissector shows the values that the decoder gives, and marks a
// damaged frame.
func TestLua_ShowsTheSameValues(t *testing.T) {
	for name, d := range checked(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := modelOf(t, name, d)
			rng := seeded(t)
			var input strings.Builder
			samples := make([]*sample, 60)
			for i := range samples {
				samples[i] = drawSample(rng, m)
				writeSample(&input, m, samples[i])
			}
			out := runPython(t, m, name, d, input.String())
			script, err := Lua(name, d)
			if err != nil {
				t.Fatal(err)
			}
			compareLua(t, m, script, strings.Fields(string(out)))
		})
	}
}

// compareLua dissects frames, whole and damaged, as they are and as on the line.
func compareLua(t *testing.T, m *model, script string, lines []string) {
	t.Helper()
	var packets [][]byte
	var readings []reading.Reading
	for _, line := range lines {
		wire := fromHex(t, line)
		f, err := m.plan.Parse(wire)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var r reading.Reading
		m.plan.Decode(f, &r)
		plain := append([]byte(nil), f.Bytes...)
		packets = append(packets, wire, plain, damage(m, plain))
		readings = append(readings, r)
	}
	text := tshark(t, script, writePcap(t, packets), "-V")
	parts := strings.Split(text, "\nFrame ")
	if len(parts) != len(packets) {
		t.Fatalf("%d packets, want %d:\n%.2000s", len(parts), len(packets), text)
	}
	wrong := 0
	for i, r := range readings {
		for k, form := range []string{"on the line", "the frame"} {
			if part := parts[3*i+k]; !shows(t, m, part, r) || strings.Contains(part, "Error/Checksum") || strings.Contains(part, "Error/Malformed") {
				t.Errorf("%s, %s: % X: %v in\n%s", r.Message, form, packets[3*i+k], r.Props, part[strings.Index(part, "serialgw frame"):])
				wrong++
			}
		}
		if part := parts[3*i+2]; !strings.Contains(part, "Error/Checksum") && !strings.Contains(part, "Error/Malformed") {
			t.Errorf("%s: nothing is wrong with % X:\n%s", r.Message, packets[3*i+2], part)
			wrong++
		}
		if wrong > 2 {
			return
		}
	}
}

// damage changes one bit that a check covers.
func damage(m *model, b []byte) []byte {
	out := append([]byte(nil), b...)
	for i := len(out) - 1 - len(m.end); i >= 0; i-- {
		out[i] ^= 0x10
		if _, err := m.plan.Parse(m.plan.Wire(nil, out)); err != nil {
			return out
		}
		out[i] ^= 0x10
	}
	return out
}

// shows reports whether tshark's text has every property with its value.
func shows(t *testing.T, m *model, text string, r reading.Reading) bool {
	t.Helper()
	if !strings.Contains(text, "message: "+r.Message+"\n") {
		return false
	}
	values := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if _, bits, ok := strings.Cut(line, " = "); ok && strings.Contains(line, "....") {
			line = bits // a flag, with a drawing of its bits
		}
		if name, value, ok := strings.Cut(line, ": "); ok {
			values[name] = value
		}
	}
	computed := map[string]bool{}
	for _, one := range m.messages {
		for _, f := range one.Fields {
			computed[f.Name] = computed[f.Name] || f.Expr != ""
		}
	}
	for _, p := range r.Props {
		if computed[p.Name] {
			if !strings.Contains(text, p.Name+" is computed by the gateway: ") {
				t.Errorf("%s: nothing says that it is computed", p.Name)
				return false
			}
			continue
		}
		got, ok := values[p.Name]
		if empty := p.Value.Kind == reading.Text && strings.TrimSpace(p.Value.Str()) == ""; !empty && (!ok || !sameText(got, p)) {
			t.Errorf("%s: tshark shows %q, want %v", p.Name, got, p.Value)
			return false
		}
	}
	return true
}

// sameText compares what tshark prints with a value.
func sameText(got string, p reading.Property) bool {
	switch p.Value.Kind {
	case reading.Bool:
		return strings.EqualFold(got, p.Value.String())
	case reading.Text:
		return strings.EqualFold(got, p.Value.Str()) || strings.TrimSpace(p.Value.Str()) == strings.TrimSpace(got)
	}
	number, _, _ := strings.Cut(got, " ")
	if p.Label != "" {
		_, number, _ = strings.Cut(strings.TrimSuffix(got, ")"), "(")
	}
	x, ok := new(big.Float).SetString(number)
	if !ok {
		return false
	}
	if p.Value.Kind == reading.Int || p.Value.Kind == reading.Uint {
		want, ok := new(big.Float).SetString(p.Value.String())
		return ok && new(big.Float).Sub(x, want).Sign() == 0
	}
	f, _ := x.Float64()
	want, err := strconv.ParseFloat(p.Value.String(), 64)
	half := 0.0
	if p.Value.Kind == reading.Decimal {
		half = 0.6 * math.Pow10(-digitsOf(p.Value)) // a tie that is no tie in binary
	}
	return err == nil && math.Abs(f-want) <= max(half, 5e-6*math.Abs(want))
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	out := make([]byte, len(text)/2)
	for i := range out {
		v, err := strconv.ParseUint(text[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = byte(v)
	}
	return out
}
