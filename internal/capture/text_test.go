package capture

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	long := strings.Repeat("AA 55 01 02 ", 1000)
	for _, row := range []struct {
		name, file string
		format     Format
		packets    int
		bytes      string
	}{
		{"PcapNG", string(record(t, recorded[:1])), PcapNG, 1, "\xAA\x55\x01"},
		{"Hex", "# from the data sheet\nAA 55 01\n\n0x0D,0x0a # end\r\nff", Hex, 3, "\xAA\x55\x01\r\n\xFF"},
		{"HexOneLongLine", long, Hex, 1, strings.Repeat("\xAA\x55\x01\x02", 1000)},
		{"Raw", "\xAA\x55\x01\n", Raw, 1, "\xAA\x55\x01\n"},
		{"RawText", "$GPGGA,1\r\n", Raw, 1, "$GPGGA,1\r\n"},
		{"RawOddDigits", "123\n", Raw, 1, "123\n"},
		{"RawCommentOnly", "# nothing\n", Raw, 1, "# nothing\n"},
		{"RawLong", strings.Repeat("\x00", rawChunk+1), Raw, 2, strings.Repeat("\x00", rawChunk+1)},
		{"Empty", "", Raw, 0, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "recording")
			if err := os.WriteFile(path, []byte(row.file), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := OpenAny(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Close() })
			packets, err := readAll(f)
			var all []byte
			for _, p := range packets {
				all = append(all, p.Bytes...)
				if p.Direction != Inbound {
					t.Errorf("direction %d", p.Direction)
				}
			}
			if err != nil || f.Format != row.format || len(packets) != row.packets || string(all) != row.bytes {
				t.Errorf("%s, %d packets, %d bytes, %v", f.Format, len(packets), len(all), err)
			}
			if _, err := f.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

// A classic pcap file is no board's bytes, unless one says so.
func TestDetect_ClassicPcap(t *testing.T) {
	for _, magic := range []string{"\xA1\xB2\xC3\xD4", "\xD4\xC3\xB2\xA1", "\xA1\xB2\x3C\x4D", "\x4D\x3C\xB2\xA1"} {
		_, _, err := Detect(strings.NewReader(magic + "\x02\x00\x04\x00"))
		if want := "a classic pcap file: save it as pcapng (editcap -F pcapng IN OUT)"; err == nil || err.Error() != want {
			t.Errorf("% X: %v, want %s", magic, err, want)
		}
		if _, format, err := DetectAs(strings.NewReader(magic), Raw); format != Raw || err != nil {
			t.Errorf("% X as raw: %s, %v", magic, format, err)
		}
	}
}

func TestOpenAny_NotThere(t *testing.T) {
	if _, err := OpenAny(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestHex_DamageNamesItsLine(t *testing.T) {
	for _, row := range []struct{ line, want string }{
		{"AA 5", `line 3 of the recording: "5" is not bytes in hex`},
		{"AA 0x", `line 3 of the recording: "0x" is not bytes in hex`},
		{"AA 0x0x55", `line 3 of the recording: "0x0x55" is not bytes in hex`},
		{"[12:00] AA", `line 3 of the recording: "[12:00]" is not bytes in hex: other bytes here have no colons`},
		{strings.Repeat("A", maxLine+1), "cannot read line 3 of the recording: bufio.Scanner: token too long"},
	} {
		src := newHexSource(strings.NewReader("AA\n55\n" + row.line + "\n"))
		got, err := readAll(src)
		if len(got) != 2 || err == nil || err.Error() != row.want {
			t.Errorf("%d packets, %v, want %s", len(got), err, row.want)
		}
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte("AA 55 # x\n0x01,02"))
	f.Add([]byte("\n\r\r\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		src, format, err := Detect(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		packets, err := readAll(src)
		if format == Raw {
			var all []byte
			for _, p := range packets {
				all = append(all, p.Bytes...)
			}
			if err != nil || !bytes.Equal(all, file) {
				t.Errorf("raw: %d of %d bytes, %v", len(all), len(file), err)
			}
		}
	})
}

// What has been consumed is what the packets were read from, not what lies
// read ahead.
func TestFile_Consumed(t *testing.T) {
	for _, row := range []struct{ name, text string }{
		{"a.pcapng", string(record(t, recorded))},
		{"a.hex", "AA 55\n# nothing\n01\n02 03\n"},
	} {
		path := filepath.Join(t.TempDir(), row.name)
		if err := os.WriteFile(path, []byte(row.text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenAny(path)
		if err != nil {
			t.Fatal(err)
		}
		last, n := int64(0), 0
		for _, err := range Packets(f) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if at := f.Consumed(); at <= last || n == 1 && at > f.Size/2 {
				t.Errorf("%s: %d of %d bytes consumed after packet %d, %d before", row.name, at, f.Size, n, last)
			}
			last = f.Consumed()
		}
		if err := f.Close(); err != nil || last != f.Size || n < 3 {
			t.Errorf("%s: %v, %d packets, %d of %d bytes consumed", row.name, err, n, last, f.Size)
		}
	}
}
