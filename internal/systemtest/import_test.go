//go:build system

package systemtest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
)

// tool runs a program of the distribution and returns what it wrote.
func tool(t *testing.T, stdin []byte, name string, args ...string) (stdout, stderr []byte) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: .ci/run installs it", name)
	}
	cmd := exec.CommandContext(within(t, time.Minute), path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v %s", name, err, &complaints)
	}
	return out.Bytes(), complaints.Bytes()
}

// dumped is bytes of every kind: random, runs of one value, text and lines.
func dumped(rng *rand.Rand) []byte {
	var b []byte
	for range 200 {
		switch rng.IntN(4) {
		case 0:
			b = append(b, bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(200))...)
		case 1:
			b = append(b, "aa 55 01 | hello\r\n  "...)
		default:
			for range rng.IntN(60) {
				b = append(b, byte(rng.Uint32()))
			}
		}
	}
	return append(b, 1) // xxd -a does not end in a run
}

// TestImport_Dumps lets the real programs dump bytes, and reads the dumps back:
// the bytes are the same, and the format is found without its name.
func TestImport_Dumps(t *testing.T) {
	t.Parallel()
	rng := seeded(t)
	for _, row := range []struct {
		name   string
		format capture.Format
		args   []string
	}{
		{"xxd", capture.XXD, nil},
		{"xxd", capture.XXD, []string{"-g", "1", "-u", "-c", "30"}},
		{"xxd", capture.XXD, []string{"-a", "-c", "7"}},
		{"xxd", capture.Hex, []string{"-p"}},
		{"hexdump", capture.Hexdump, nil},
		{"hexdump", capture.Hexdump, []string{"-v"}},
		{"hexdump", capture.Hexdump, []string{"-C"}},
		{"od", capture.Text2pcap, []string{"-A", "x", "-t", "x1", "-v"}},
	} {
		t.Run(strings.Join(append([]string{row.name}, row.args...), ""), func(t *testing.T) {
			for range 4 {
				want := dumped(rng)
				file := filepath.Join(t.TempDir(), "dump")
				text, _ := tool(t, want, row.name, row.args...)
				must(t, os.WriteFile(file, text, 0o600))
				if got, format := readBack(t, file, capture.Inbound); format != row.format || !bytes.Equal(got, want) {
					t.Fatalf("taken for %s: %d bytes, want %d; the first to differ is %d", format, len(got), len(want), differ(got, want))
				}
			}
		})
	}
}

// TestImport_Socat lets socat log what it carries between two programs.
func TestImport_Socat(t *testing.T) {
	t.Parallel()
	rng := seeded(t)
	for _, args := range [][]string{{"-x"}, {"-x", "-v"}} {
		want := dumped(rng)
		began := time.Now()
		_, log := tool(t, want, "socat", append(args, "-", "EXEC:cat")...)
		ended := time.Now()
		file := filepath.Join(t.TempDir(), "socat.log")
		must(t, os.WriteFile(file, log, 0o600))
		for _, d := range []capture.Direction{capture.Inbound, capture.Outbound} {
			got, format := readBack(t, file, d)
			// socat may end before cat has answered all.
			if format != capture.Socat || d == capture.Inbound && !bytes.Equal(got, want) || !bytes.HasPrefix(want, got) {
				t.Errorf("socat %v, direction %d: taken for %s: %d bytes, want %d", args, d, format, len(got), len(want))
			}
		}
		for _, p := range packetsOf(t, file) {
			if at := time.Unix(0, p.Time); at.Before(began.Add(-time.Millisecond)) || at.After(ended.Add(time.Millisecond)) {
				t.Errorf("socat %v: a time of %v, want one between %v and %v", args, at, began, ended)
			}
		}
	}
}

// TestImport_Text2pcap gives the same file to text2pcap and to us: both see the
// same packets, with their times and directions; and reads tshark -x back.
func TestImport_Text2pcap(t *testing.T) {
	t.Parallel()
	rng := seeded(t)
	var text strings.Builder
	var want strings.Builder
	for i := range 50 {
		b := dumped(rng)[:1+rng.IntN(300)]
		at := time.Unix(1_787_395_353, rng.Int64N(1e9)).Add(time.Duration(i) * time.Second).UTC()
		_, _ = fmt.Fprintf(&text, "%c %s\n", "IO"[i%2], at.Format("2006-01-02T15:04:05.000000000Z"))
		dump, _ := tool(t, b, "od", "-Ax", "-tx1", "-v")
		text.Write(dump)
		_, _ = fmt.Fprintf(&want, "%d.%09d|%s|%s\n", at.Unix(), at.Nanosecond(), tsharkDirection[capture.Direction(1+i%2)], hex.EncodeToString(b))
	}
	dir := t.TempDir()
	file, pcapng := filepath.Join(dir, "text"), filepath.Join(dir, "text.pcapng")
	must(t, os.WriteFile(file, []byte(text.String()), 0o600))
	tool(t, nil, "text2pcap", "-D", "-t", "ISO", "-l", "147", file, pcapng)
	seen, _ := tool(t, nil, "tshark", "-n", "-r", pcapng, "-T", "fields", "-E", "separator=|", "-e", "frame.time_epoch", "-e", "frame.packet_flags_direction", "-e", "data.data")
	var got strings.Builder
	for _, p := range packetsOf(t, file) {
		_, _ = fmt.Fprintf(&got, "%d.%09d|%s|%s\n", p.Time/1e9, p.Time%1e9, tsharkDirection[p.Direction], hex.EncodeToString(p.Bytes))
	}
	if got.String() != want.String() || string(seen) != want.String() {
		t.Errorf("ours\n%.600s\ntext2pcap's\n%.600s\nwant\n%.600s", got.String(), seen, want.String())
	}
	dump, _ := tool(t, nil, "tshark", "-n", "-r", pcapng, "-x")
	must(t, os.WriteFile(file, dump, 0o600))
	again := packetsOf(t, file)
	for i, line := range strings.Split(strings.TrimSpace(want.String()), "\n") {
		if _, bytes, _ := strings.Cut(line[30:], "|"); i >= len(again) || hex.EncodeToString(again[i].Bytes) != bytes {
			t.Fatalf("tshark -x: %d packets, and packet %d is another", len(again), i)
		}
	}
}

func packetsOf(t *testing.T, file string) (packets []capture.Packet) {
	t.Helper()
	f, err := capture.OpenAny(file)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	for p, err := range capture.Packets(f) {
		must(t, err)
		p.Bytes = bytes.Clone(p.Bytes)
		packets = append(packets, p)
	}
	return packets
}

// readBack returns all bytes of one direction, and the format found.
func readBack(t *testing.T, file string, d capture.Direction) (got []byte, format capture.Format) {
	t.Helper()
	f, err := capture.OpenAny(file)
	must(t, err)
	format = f.Format
	must(t, f.Close())
	for _, p := range packetsOf(t, file) {
		if p.Direction == d {
			got = append(got, p.Bytes...)
		}
	}
	return got, format
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// TestImport_Recorded reads what others recorded, with their own programs.
func TestImport_Recorded(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		file   string
		as     capture.Format // "" = found out
		format capture.Format
		bytes  int
		begins string
		time   int64
	}{
		{"gpsd/ublox-neo-m8u-hnr.log", "", capture.GPSD, 3253, `{"class":"VERSION"`, 0},
		{"pypms/PMS3003.hexdump", "", capture.XXD, 240, "\x42\x4D\x00\x14", 0},
		{"pypms/PMSx003.hexdump", "", capture.XXD, 320, "\x42\x4D\x00\x1C", 0},
		{"pypms/SDS01x.hexdump", "", capture.XXD, 100, "\xAA\xC0", 0},
		{"pypms/SPS30.hexdump", "", capture.XXD, 479, "\x7E\x00\x03\x00\x28", 0},
		// One record is too little to be known by, and so the format is given.
		{"mavlink/capture.mav2.battery_status.tlog", capture.TLog, capture.TLog, 48, "\xFD\x24\x00\x00\xAC", 47_333_000_000},
		{"mavlink/capture.mavlink", "", capture.Raw, 36764, "", 0},
		{"pyubx2/pygpsdata-HNR.log", "", capture.Raw, 1040, "\xB5\x62", 0},
	} {
		f, err := capture.OpenAs(shared(t, "captures/"+row.file), row.as)
		must(t, err)
		var got []byte
		at := int64(0)
		for p, err := range capture.Packets(f) {
			must(t, err)
			got, at = append(got, p.Bytes...), p.Time
		}
		if f.Format != row.format || len(got) != row.bytes || !bytes.HasPrefix(got, []byte(row.begins)) || at != row.time {
			t.Errorf("%s: taken for %s: %d bytes from % X, at %d", row.file, f.Format, len(got), got[:min(8, len(got))], at)
		}
		must(t, f.Close())
	}
}
