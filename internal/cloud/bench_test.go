package cloud

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// benchEntries are readings of a usual board, a second apart.
func benchEntries(n int) []reading.Entry {
	entries := make([]reading.Entry, n)
	for i := range entries {
		entries[i] = entry(uint64(i+1), stampAt(time.Duration(i)*time.Second),
			reading.Property{Name: "temp", Value: reading.DecimalValue(2537, 2)},
			reading.Property{Name: "humidity", Value: reading.DecimalValue(485, 1)},
			volt(11_842),
			reading.Property{Name: "current", Value: reading.Float32Value(-0.125)},
			reading.Property{Name: "state", Value: reading.IntValue(1)},
			reading.Property{Name: "running", Value: reading.BoolValue(true)},
		)
	}
	return entries
}

// BenchmarkPropertyPost builds the payload of one reading.
func BenchmarkPropertyPost(b *testing.B) { benchPayload(b, AppendPropertyPost, benchEntries(1)) }

// BenchmarkHistoryPost builds the payload of so many readings with the same
// properties; 96 values are the most that six properties fill a post with.
func BenchmarkHistoryPost(b *testing.B) {
	for _, n := range []int{2, 16} {
		b.Run(fmt.Sprintf("readings=%d", n), func(b *testing.B) { benchPayload(b, AppendHistoryPost, benchEntries(n)) })
	}
}

func benchPayload(b *testing.B, build func([]byte, uint64, []reading.Entry, TimeFunc) []byte, entries []reading.Entry) {
	b.Helper()
	out := build(nil, 1_767_225_600_001, entries, StampTime)
	b.SetBytes(int64(len(out)))
	b.ReportAllocs()
	for b.Loop() {
		out = build(out[:0], 1_767_225_600_001, entries, StampTime)
	}
}

// BenchmarkParseReply reads the platform's verdict on a post.
func BenchmarkParseReply(b *testing.B) {
	reply := []byte(`{"id":"1767225600001","code":200,"msg":"success"}`)
	b.SetBytes(int64(len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		if r, err := ParseReply(reply); err != nil || r.Code != 200 {
			b.Fatal(r, err)
		}
	}
}

// BenchmarkPubacks is what stands between the network and the library, for the
// acknowledgements of a full window that come in one read.
func BenchmarkPubacks(b *testing.B) {
	var in, out atomic.Int64
	confirmed := 0
	c := newConn(nil, &in, &out, func(posts []uint64) { confirmed += len(posts) })
	read := make([]byte, 0, 4*inFlightMost)
	for packet := range inFlightMost {
		read = append(read, 0x40, 2, byte(packet>>8), byte(packet))
	}
	b.SetBytes(int64(len(read)))
	b.ReportAllocs()
	for b.Loop() {
		for packet := range inFlightMost {
			c.unacked[uint16(packet)] = uint64(packet)
		}
		if _, err := c.check.pass(read); err != nil {
			b.Fatal(err)
		}
		c.acked(c.acks)
		c.acks = c.acks[:0]
	}
	if confirmed != b.N*inFlightMost {
		b.Fatalf("%d of %d confirmed", confirmed, b.N*inFlightMost)
	}
}
