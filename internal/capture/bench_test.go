package capture

import (
	"bytes"
	"encoding/hex"
	"io"
	"path/filepath"
	"testing"
	"time"
)

// benchPacket is a read of a port: the 64 bytes that a USB adapter hands over.
var benchPacket = Packet{Port: "/dev/ttyUSB0", Direction: Inbound, Time: 1_767_225_600_123_456_789, Bytes: bytes.Repeat([]byte{0xAA}, 64)}

// BenchmarkWriter_Write records one packet.
func BenchmarkWriter_Write(b *testing.B) {
	w, err := NewWriter(io.Discard)
	if err == nil {
		err = w.Write(benchPacket)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(benchPacket.Bytes)))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(benchPacket); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecorder_Write records one packet in a file.
func BenchmarkRecorder_Write(b *testing.B) {
	r, err := NewRecorder(RecorderConfig{Path: filepath.Join(b.TempDir(), "board.pcapng"), Sync: time.Second})
	if err == nil {
		err = r.Write(benchPacket)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(benchPacket.Bytes)))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Write(benchPacket); err != nil {
			b.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSource_Next reads a recording of a thousand packets, in each format
// that a recording can have.
func BenchmarkSource_Next(b *testing.B) {
	const packets = 1000
	all, line := make([]Packet, packets), hex.EncodeToString(benchPacket.Bytes)+"\n"
	for i := range all {
		all[i] = benchPacket
	}
	for _, row := range []struct {
		format Format
		file   []byte
	}{
		{PcapNG, record(b, all)},
		{Hex, bytes.Repeat([]byte(line), packets)},
		{Raw, bytes.Repeat(benchPacket.Bytes, packets)},
	} {
		b.Run("format="+string(row.format), func(b *testing.B) {
			b.SetBytes(int64(packets * len(benchPacket.Bytes)))
			b.ReportAllocs()
			for b.Loop() {
				src, _, err := DetectAs(bytes.NewReader(row.file), row.format)
				if err != nil {
					b.Fatal(err)
				}
				size := 0
				for p, err := range Packets(src) {
					if err != nil {
						b.Fatal(err)
					}
					size += len(p.Bytes)
				}
				if size != packets*len(benchPacket.Bytes) {
					b.Fatalf("%d bytes", size)
				}
			}
		})
	}
}
