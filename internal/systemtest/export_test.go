//go:build system

package systemtest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
)

// angleFrame is one of the JY901's.
const angleFrame = "555369217df8e8c482461b"

// TestExport_Tshark exports frames that lay several in a chunk, in parts and
// among noise: tshark sees one packet each, with its time, to the nanosecond,
// and its direction.
func TestExport_Tshark(t *testing.T) {
	t.Parallel()
	f, err := hex.DecodeString(angleFrame)
	must(t, err)
	bad := append([]byte(nil), f...)
	bad[10]++
	const at = 1_787_395_353_123_456_000
	packets := []capture.Packet{
		{Port: "/dev/ttyUSB0", Direction: capture.Inbound, Time: at + 1, Bytes: append([]byte("noise"), f[:4]...)},
		{Port: "/dev/ttyUSB0", Direction: capture.Outbound, Time: at + 400_000, Bytes: f},
		{Port: "/dev/ttyUSB0", Direction: capture.Inbound, Time: at + 789_012, Bytes: f[4:]},
		{Port: "/dev/ttyUSB0", Direction: capture.Inbound, Time: at + 5_000_003, Bytes: append(append([]byte(nil), bad...), f...)},
		{Port: "/dev/ttyUSB0", Direction: capture.Inbound, Time: at + 90_000_007, Bytes: f},
	}
	dir := t.TempDir()
	file, frames := filepath.Join(dir, "a.pcapng"), filepath.Join(dir, "frames.pcapng")
	out, err := os.Create(file)
	must(t, err)
	w, err := capture.NewWriter(out)
	must(t, err)
	must(t, w.AddPort(capture.Port{Name: "/dev/ttyUSB0", Description: "115200 8N1"}))
	for _, p := range packets {
		must(t, w.Write(p))
	}
	must(t, out.Close())
	if _, stderr, code := verb(t, time.Minute, "export", "--frames", file, "-o", frames, "--preset", "jy901"); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	seen, _ := tool(t, nil, "tshark", "-n", "-r", frames, "-T", "fields", "-E", "separator=|",
		"-e", "frame.time_epoch", "-e", "frame.packet_flags_direction", "-e", "frame.interface_name", "-e", "frame.encap_type", "-e", "data.data")
	const encapUser0 = 45 // Wireshark's WTAP_ENCAP_USER0, which is link type 147 in the file
	var want strings.Builder
	for _, i := range []int{1, 2, 3, 4} {
		p := packets[i]
		_, _ = fmt.Fprintf(&want, "%d.%09d|%s|/dev/ttyUSB0|%d|%s\n", p.Time/1e9, p.Time%1e9, tsharkDirection[p.Direction], encapUser0, angleFrame)
	}
	if string(seen) != want.String() {
		t.Errorf("tshark sees\n%swant\n%s", seen, want.String())
	}
}

// TestExport_Lua shows exported frames by the dissector that "frame lua" writes.
func TestExport_Lua(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, frames, script := filepath.Join(dir, "log"), filepath.Join(dir, "frames.pcapng"), filepath.Join(dir, "jy901.lua")
	must(t, os.WriteFile(log, []byte("[22:00:41.748]收←◆00 55 53 69 21 7d f8\n[22:00:41.750]收←◆e8 c4 82 46 1b 01\n"), 0o600))
	lua, stderr, code := verb(t, time.Minute, "frame", "lua", "jy901")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	must(t, os.WriteFile(script, []byte(lua), 0o600))
	// As root, scripts run only when this says so.
	must(t, os.WriteFile(filepath.Join(dir, "init.lua"), []byte("run_user_scripts_when_superuser = true\n"), 0o600))
	if _, stderr, code := verb(t, time.Minute, "export", "--frames", log, "-o", frames, "--preset", "jy901"); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	seen, _ := tool(t, nil, "env", "WIRESHARK_CONFIG_DIR="+dir, "tshark", "-r", frames, "-X", "lua_script:"+script, "-T", "fields",
		"-e", "gw_jy901.message", "-e", "gw_jy901.angle.roll", "-E", "separator=|")
	if got := strings.TrimSpace(string(seen)); !strings.HasPrefix(got, "angle|46.98") || strings.Contains(got, "\n") {
		t.Errorf("tshark shows %q, want one angle with a roll of 46.983", got)
	}
}

// TestExport_RTAC gives a recorded Modbus bus to Wireshark's own dissector: it
// finds every CRC right, as many frames as sigrok's decode of the recording has.
func TestExport_RTAC(t *testing.T) {
	t.Parallel()
	tsv, err := os.ReadFile(shared(t, "captures/sigrok/flowmeter_target_15liter_per_min.tsv"))
	must(t, err)
	says, err := os.ReadFile(shared(t, "captures/sigrok/flowmeter_target_15liter_per_min.sigrok-modbus.txt"))
	must(t, err)
	// As Saleae's Logic 2 would export it: a byte a line.
	csv := strings.Builder{}
	csv.WriteString("name,type,start_time,duration,data\n")
	for line := range strings.Lines(string(tsv)) {
		at, b, _ := strings.Cut(strings.TrimSpace(line), "\trx\t")
		ns, err := time.ParseDuration(at + "ns")
		must(t, err)
		_, _ = fmt.Fprintf(&csv, "bus,data,%d.%09d,0,0x%s\n", ns/time.Second, ns%time.Second, b)
	}
	dir := t.TempDir()
	file, frames := filepath.Join(dir, "bus.csv"), filepath.Join(dir, "frames.pcapng")
	must(t, os.WriteFile(file, []byte(csv.String()), 0o600))
	description, err := os.ReadFile("../frame/testdata/descriptions/flowmeter.toml")
	must(t, err)
	conf := filepath.Join(dir, "bus.toml")
	must(t, os.WriteFile(conf, append([]byte("[[board]]\nbaud = 9600\nframe = \"flowmeter\"\n"), description...), 0o600))
	if _, stderr, code := verb(t, time.Minute, "export", "--frames", "--link", "rtac", "--config", conf, "-o", frames, file); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	seen, _ := tool(t, nil, "tshark", "-n", "-r", frames, "-d", "rtacser.data,mbrtu", "-o", "mbrtu.crc_verification:TRUE", "-T", "fields", "-e", "mbrtu.crc16.status")
	good, want := strings.Count(string(seen), "1\n"), strings.Count(string(says), "CRC correct")
	if lines := strings.Count(string(seen), "\n"); want == 0 || good != want || lines != good {
		t.Errorf("tshark finds %d good CRCs in %d frames; sigrok says \"CRC correct\" %d times", good, lines, want)
	}
}

// shared finds a file of recorded data, which is not part of the project, beside
// a directory above this one.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	must(t, err)
	for ; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if filepath.Dir(dir) == dir {
			t.Skipf("no shared/%s above the package: recorded data is not part of the project", name)
		}
	}
}
