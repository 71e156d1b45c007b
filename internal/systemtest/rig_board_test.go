//go:build system

package systemtest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// The rig's board: the frame with which the programs of docs/reliability.md
// were measured, 17 bytes, and values that can be told from the number.
//
//	AA 55 | 01 | length 12 | seq u32 | temp i16 | volt u16 | accel f32 | sum of all bytes
const (
	rigSize   = 17
	rigLength = 3 // where the length stands
)

const rigFrame = `
[frame.rig]
sync   = "AA 55"
length = { at = 3, add = 5 }
check  = { kind = "sum8" }
max    = 64
data   = 4
fields = [
  { name = "seq",   type = "<I" },
  { name = "temp",  type = "<h" },
  { name = "volt",  type = "<H" },
  { name = "accel", type = "<f" },
]
`

func encodeRig(b []byte, seq uint64) []byte {
	start := len(b)
	b = append(b, 0xAA, 0x55, 0x01, rigSize-5)
	s := rigValues(seq)
	b = binary.LittleEndian.AppendUint32(b, uint32(s.Seq))
	b = binary.LittleEndian.AppendUint16(b, uint16(s.Temp))
	b = binary.LittleEndian.AppendUint16(b, s.Volt)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(s.Accel))
	return append(b, sum8(b[start:]))
}

func sum8(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

// rigSample is one frame as it arrived at the platform.
type rigSample struct {
	Seq   uint64
	Temp  int16
	Volt  uint16
	Accel float32
	ms    int64     // its time, 0 without
	at    time.Time // when it arrived
}

// rigValues is what the frame with this number says.
func rigValues(seq uint64) rigSample {
	return rigSample{Seq: seq, Temp: int16(seq * 7), Volt: uint16(seq * 13), Accel: float32(seq%4096) / 4}
}

// rigSink is the platform's side of the rig: what arrived, in order.
type rigSink struct {
	mu     sync.Mutex
	got    []rigSample
	unique map[uint64]bool
	news   bell
}

type rigValue struct {
	Value json.RawMessage `json:"value"`
	Time  int64           `json:"time"`
}

// read takes a post: a property post has an object, a history post an array.
func (k *rigSink) read(payload []byte) (id string, err error) {
	var post struct {
		ID     string          `json:"id"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(payload, &post); err != nil {
		return "", fmt.Errorf("not JSON: %w", err)
	}
	var columns []map[string][]rigValue
	if strings.HasPrefix(string(post.Params), "[") {
		var entries []struct{ Properties map[string][]rigValue }
		err = json.Unmarshal(post.Params, &entries)
		for _, e := range entries {
			columns = append(columns, e.Properties)
		}
	} else {
		var one map[string]rigValue
		err = json.Unmarshal(post.Params, &one)
		c := map[string][]rigValue{}
		for name, v := range one {
			c[name] = []rigValue{v}
		}
		columns = append(columns, c)
	}
	for _, c := range columns {
		for i := range c["seq"] {
			s, rerr := rigRow(c, i)
			err = errors.Join(err, rerr)
			k.add(s)
		}
	}
	return post.ID, err
}

// rigRow is the i-th frame of a post. Every frame has all four values.
func rigRow(c map[string][]rigValue, i int) (s rigSample, err error) {
	for name, into := range map[string]any{"seq": &s.Seq, "temp": &s.Temp, "volt": &s.Volt, "accel": &s.Accel} {
		if i >= len(c[name]) {
			return s, fmt.Errorf("%d values of %s, %d of seq", len(c[name]), name, len(c["seq"]))
		}
		err = errors.Join(err, json.Unmarshal(c[name][i].Value, into))
	}
	s.ms = c["seq"][i].Time
	return s, err
}

func (k *rigSink) add(s rigSample) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s.at = time.Now()
	k.got = append(k.got, s)
	if k.unique == nil {
		k.unique = map[uint64]bool{}
	}
	k.unique[s.Seq] = true
	k.news.ring()
}

// await waits until a frame has arrived.
func (k *rigSink) await(ctx context.Context, seq uint64) error {
	for {
		k.mu.Lock()
		arrived, n, news := k.unique[seq], len(k.unique), k.news.wait()
		k.mu.Unlock()
		if arrived {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("%w: frame %d has not arrived, %d others have", context.Cause(ctx), seq, n)
		}
	}
}

func (k *rigSink) samples() []rigSample {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.got)
}

// rigCount is what became of the frames with the numbers below sent.
type rigCount struct {
	sent, unique, missing, doubled int

	wrong    int           // with other values than were sent, or never sent
	backward int           // first arrivals behind a later number
	untimed  int           // without a time
	off      time.Duration // the most that a time differs from when the frame was sent
}

func (c rigCount) String() string {
	return fmt.Sprintf("%d sent: %d unique, %d missing, %d doubled, %d wrong, %d out of order, times off by %v at most",
		c.sent, c.unique, c.missing, c.doubled, c.wrong, c.backward, c.off.Round(time.Millisecond))
}

func (k *rigSink) count(b *board) (c rigCount) {
	c.sent = int(b.frames())
	seen := map[uint64]bool{}
	newest := uint64(0)
	for _, s := range k.samples() {
		want := rigValues(s.Seq)
		want.ms, want.at = s.ms, s.at
		if s != want || s.Seq >= uint64(c.sent) {
			c.wrong++
			continue
		}
		if seen[s.Seq] {
			c.doubled++
			continue
		}
		seen[s.Seq] = true
		if s.Seq < newest {
			c.backward++
		}
		newest = max(newest, s.Seq)
		if s.ms == 0 {
			c.untimed++
			continue
		}
		c.off = max(c.off, time.UnixMilli(s.ms).Sub(b.sentAt(s.Seq)).Abs())
	}
	c.unique, c.missing = len(seen), c.sent-len(seen)
	return c
}
