package infer

import (
	"testing"
	"time"

	"serialgw/internal/frame"
)

func boards() map[string]*board {
	return map[string]*board{
		"length": {sync: []byte{0xAA, 0x55}, parts: []part{{kind: 'l', size: 1, add: 3}, {kind: 'i', size: 1}, {kind: 's', size: 1}},
			msgs: []message{{1, 12, 0}, {2, 20, 0}, {7, 6, 0}}, check: frame.Check{Kind: "crc-16/modbus", Endian: "little"}, flip: 1e-4},
		"fixed": {sync: []byte{0xA5}, parts: []part{{kind: 's', size: 1}}, msgs: []message{{1, 16, 0}}, check: frame.Check{Kind: "sum8"}, from: 1, tail: []byte{0x0D, 0x0A}, flip: 1e-4},
		"vary":  {sync: []byte{0xEB, 0x90}, parts: []part{{kind: 'i', size: 1}, {kind: 'l', size: 2, big: true, add: 0}}, msgs: []message{{0x11, 4, 20}, {0x12, 8, 0}}, check: frame.Check{Kind: "crc-8/maxim-dow"}, from: 2, gaps: 0.2, idle: 0xFF, flip: 1e-4},
		"byid":  {sync: []byte{0x7E, 0x01}, parts: []part{{kind: 'i', size: 1}}, msgs: []message{{0x30, 8, 0}, {0x31, 14, 0}, {0x40, 22, 0}}, check: frame.Check{Kind: "crc-32/iso-hdlc", Endian: "big"}, big: true, flip: 1e-4},
		"end":   {sync: []byte{0xFA, 0xCE}, msgs: []message{{1, 4, 9}}, check: frame.Check{Kind: "xor8"}, tail: []byte{0x0D, 0x0A}, flip: 1e-4},
		"none":  {sync: []byte{0x5A, 0xA5}, parts: []part{{kind: 's', size: 2}}, msgs: []message{{1, 12, 0}}, flip: 1e-4},
	}
}

func TestExplore(t *testing.T) {
	for name, b := range boards() {
		s := b.stream(2000, 7)
		began := time.Now()
		r := Infer(s)
		t.Logf("%s: %v: sync %+v\n size %+v length %+v\n check %+v %+v\n id %+v %+v seq %+v %+v\n frames %d explained %f\n%s", name, time.Since(began), r.Sync, r.Size, r.Size.Length, r.Check, r.Check.Check, r.ID, r.ID.Ref, r.Seq, r.Seq.Ref, r.Frames, r.Explained, r.Draft)
	}
}
