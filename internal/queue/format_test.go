package queue

import (
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"slices"
	"testing"
)

func appendChecksum(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.Checksum(b, castagnoli()))
}

// TestFormat_Bytes fixes the bytes on disk: files of one version must be read
// by all later ones. Each good row has its malformed twins.
func TestFormat_Bytes(t *testing.T) {
	h := header{first: 0x0102, nonce: 0x1122334455667788, id: 0x0a0b0c0d, minor: 1, recycled: true}
	wantHeader := []byte("SGWQ\x01\x01\x01\x00" + "\x02\x01\x00\x00\x00\x00\x00\x00" +
		"\x88\x77\x66\x55\x44\x33\x22\x11" + "\x0d\x0c\x0b\x0a" + "\xc4\xae\x9a\xfe")
	if got := h.append(nil); !slices.Equal(got, wantHeader) {
		t.Errorf("header\n got %x\nwant %x", got, wantHeader)
	}
	firstVersion := []byte("SGWQ\x01\x00\x00\x00" + "\x02\x01\x00\x00\x00\x00\x00\x00" +
		"\x88\x77\x66\x55\x44\x33\x22\x11" + "\x00\x00\x00\x00" + "\x23\x91\xe1\xe3")
	for _, tt := range []struct {
		b    []byte
		want header
		of   []uint64 // ids it may have
		not  []uint64
	}{
		{wantHeader, h, []uint64{0x0a0b0c0d, 0x70a0b0c0d}, []uint64{0x0a0b0c0e, 0}},
		{firstVersion, header{first: 0x0102, nonce: 0x1122334455667788}, []uint64{0, 7}, nil},
	} {
		got, err := parseHeader(tt.b)
		if err != nil || got != tt.want {
			t.Errorf("%x is %+v, %v, want %+v", tt.b, got, err, tt.want)
		}
		for _, id := range append(tt.of, tt.not...) {
			if ok := got.of(id); ok != slices.Contains(tt.of, id) {
				t.Errorf("%+v of id %x: %v", got, id, ok)
			}
		}
	}
	wantFrame := []byte("\xd7\x01\x00\x00" + "\x03\x00\x00\x00" + "\x02\x01\x00\x00\x00\x00\x00\x00" +
		"\xdc\xc1\xa7\x4d" + "abc")
	got := appendFrame(nil, h.seed(), frameRecord, 0x0102, []byte("abc"))
	if !slices.Equal(got, wantFrame) {
		t.Errorf("frame\n got %x\nwant %x", got, wantFrame)
	}
	for _, tt := range []struct {
		name string
		b    []byte
		seed uint32
		ok   bool
	}{
		{"Good", got, h.seed(), true},
		{"OtherFile", got, header{nonce: 1}.seed(), false},
		{"Zeros", make([]byte, 30), h.seed(), false},
		{"TypeZero", appendFrame(nil, h.seed(), 0, 1, []byte("abc")), h.seed(), false},
		{"TypeUnknown", appendFrame(nil, h.seed(), 3, 1, []byte("abc")), h.seed(), false},
		{"TooLong", []byte("\xd7\x01\x00\x00\x01\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), h.seed(), false},
		{"PayloadFlipped", append(slices.Clone(got[:22]), 'C'), h.seed(), false},
		{"ReservedSet", reserved(h.seed()), h.seed(), true},
	} {
		n, ok := frameSize(tt.b)
		if ok {
			_, ok = parseFrame(tt.b[:n], tt.seed)
		}
		if ok != tt.ok {
			t.Errorf("%s: valid = %v, want %v", tt.name, ok, tt.ok)
		}
	}
}

// reserved is a frame of a later minor version: its reserved bytes are used.
func reserved(seed uint32) []byte {
	b := appendFrame(nil, seed, frameRecord, 7, []byte("abc"))
	b[2], b[3] = 1, 2
	sum := crc32.Update(crc32.Update(seed, castagnoli(), b[:16]), castagnoli(), b[20:])
	binary.LittleEndian.PutUint32(b[16:], sum)
	return b
}

var someState = state{complete: true, synced: 300, dropped: 5, episodes: 1, damaged: 2, cleared: 400,
	gone: []span{{0, 7}, {9, 12}, {1 << 40, 1<<40 + 1}}, table: []place{{3, 7}, {4, 200}}}

func FuzzState(f *testing.F) {
	f.Add(someState.append(nil))
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 0, 0, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := parseState(b)
		if !ok {
			return
		}
		again, ok := parseState(s.append(nil))
		if !ok || !reflect.DeepEqual(s, again) {
			t.Errorf("%x: %+v became %+v", b, s, again)
		}
	})
}

func TestState_ComesBack(t *testing.T) {
	b := someState.append(nil)
	got, ok := parseState(b)
	if !ok || !reflect.DeepEqual(got, someState) {
		t.Errorf("got %+v, want %+v", got, someState)
	}
	before := len(b) - 2 // a state of before there was clearing
	for i := range b {
		if _, ok := parseState(b[:i]); ok != (i == before) {
			t.Errorf("the first %d bytes pass for a state: %v", i, ok)
		}
	}
	older := someState
	older.cleared = 0
	if got, _ := parseState(b[:before]); !reflect.DeepEqual(got, older) {
		t.Errorf("an older state: got %+v, want %+v", got, older)
	}
}

// TestSet compares with a map, from every side of a few spans.
func TestSet(t *testing.T) {
	var s set
	model := map[uint64]bool{}
	for i, c := range []span{{0, 1}, {5, 8}, {10, 12}, {3, 4}, {8, 10}, {4, 5}, {20, 20}, {0, 30}, {2, 9}, {40, 41}} {
		want := uint64(0)
		for n := c.from; n < c.to; n++ {
			if !model[n] {
				want++
			}
			model[n] = true
		}
		if got := s.add(c.from, c.to); got != want {
			t.Errorf("step %d: add(%v) = %d, want %d", i, c, got, want)
		}
		for from := range uint64(45) {
			next, count := from, uint64(0)
			for model[next] {
				next++
			}
			for to := from; to < 45; to++ {
				if got := s.count(from, to); got != count {
					t.Fatalf("step %d: count(%d, %d) = %d, want %d of %v", i, from, to, got, count, s.spans)
				}
				var gap uint64
				for _, g := range s.gaps(from, to) {
					gap += g.to - g.from
				}
				if gap != to-from-count {
					t.Fatalf("step %d: gaps(%d, %d) hold %d, want %d", i, from, to, gap, to-from-count)
				}
				if model[to] {
					count++
				}
			}
			prev := max(from, 1) - 1
			for prev > 0 && model[prev] {
				prev--
			}
			if got := s.prev(from); got != prev {
				t.Fatalf("step %d: prev(%d) = %d, want %d of %v", i, from, got, prev, s.spans)
			}
			if s.has(from) != model[from] || s.next(from) != next {
				t.Fatalf("step %d: has(%d) = %v, next = %d", i, from, s.has(from), s.next(from))
			}
		}
	}
}
