package capture

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
)

// The bytes as the pcapng specification has them, not as our reader likes them.
func TestWriter_Blocks(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddPort(Port{Name: "tty", Description: "9600 8N1"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Packet{Port: "tty", Direction: Inbound, Time: 0x1122334455667788, Bytes: []byte{0xAA, 0x55, 1}, Comment: "c"}); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"0a0d0d0a" + "2c000000" + "4d3c2b1a" + "0100" + "0000" + "ffffffffffffffff", // section
		"0400" + "0800" + hex.EncodeToString([]byte("serialgw")) + "00000000" + "2c000000",
		"01000000" + "34000000" + "9300" + "0000" + "00000000", // interface, USER0
		"0200" + "0300" + "74747900" + "0300" + "0800" + hex.EncodeToString([]byte("9600 8N1")),
		"0900" + "0100" + "09000000" + "00000000" + "34000000", // nanoseconds
		"06000000" + "38000000" + "00000000" + "44332211" + "88776655" + "03000000" + "03000000" + "aa550100",
		"0100" + "0100" + "63000000" + "0200" + "0400" + "01000000" + "00000000" + "38000000",
	}, "")
	if got := hex.EncodeToString(file.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWriter_Bounds(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Packet{Bytes: make([]byte, MaxPacket+1)}); err == nil {
		t.Error("an oversized packet was taken")
	}
	long := strings.Repeat("長", maxText)
	if err := w.Write(Packet{Comment: long, Time: -1, Bytes: make([]byte, MaxPacket)}); err != nil {
		t.Fatal(err)
	}
	got, err := readAll(NewReader(&file))
	if err != nil || len(got) != 1 {
		t.Fatalf("%d packets, %v", len(got), err)
	}
	if c := got[0].Comment; len(c) > maxText || !strings.HasPrefix(long, c) || got[0].Time != 0 || len(got[0].Bytes) != MaxPacket {
		t.Errorf("comment of %d bytes, time %d, %d bytes", len(c), got[0].Time, len(got[0].Bytes))
	}
}

// fullDisk takes some bytes, then no more.
type fullDisk struct{ left int }

func (d *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.left)
	if d.left -= n; n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestWriter_NothingFollowsATornBlock(t *testing.T) {
	disk := &fullDisk{left: 150}
	w, err := NewWriter(disk)
	if err != nil {
		t.Fatal(err)
	}
	first := error(nil)
	for first == nil {
		first = w.Write(Packet{Port: "p", Bytes: []byte("data")})
	}
	disk.left = 1 << 20
	if err := w.Write(Packet{Port: "p"}); !errors.Is(err, first) || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("then %v, want again %v", err, first)
	}
	if disk.left != 1<<20 {
		t.Error("wrote behind a torn block")
	}
}
