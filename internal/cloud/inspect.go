package cloud

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// inboundMost is the longest packet taken from a broker, in bytes. The codec
// believes any length up to 256 MiB and allocates it. [ONENET-25]
const inboundMost = 64 << 10

// inspector follows packets through a byte stream. Once it has found a bad one
// it lets nothing pass.
type inspector struct {
	kind   byte // of the packet whose header is being read
	state  headerState
	shift  uint
	length int // of the body so far, later what is left of it
	err    error

	packet   uint16 // of the PUBACK whose body is being read; of a CONNACK, its two bytes
	puback   func(packet uint16)
	answered bool // something of ours was acknowledged; whoever reads it clears it
}

type headerState uint8

const (
	atType headerState = iota
	atLength
	atBody
)

// pass returns how many of the bytes may go on, and the error that stops the
// rest.
func (s *inspector) pass(p []byte) (int, error) {
	for i := 0; i < len(p) && s.err == nil; {
		switch s.state {
		case atType:
			s.kind, s.state, s.length, s.shift = p[i], atLength, 0, 0
			i++
		case atLength:
			if s.take(p[i]); s.err != nil {
				return i, s.err
			}
			i++
		case atBody:
			n := min(s.length, len(p)-i)
			if kind := s.kind >> 4; kind == 4 || kind == 2 {
				for _, b := range p[i : i+n] {
					s.packet = s.packet<<8 | uint16(b)
				}
			}
			s.length -= n
			i += n
			if s.length > 0 {
				break
			}
			if s.bodyEnds(); s.err != nil {
				return i - 1, s.err
			}
		}
	}
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

func (s *inspector) bodyEnds() {
	s.state = atType
	s.answered = s.answered || s.kind>>4 != 3 // all but PUBLISH
	switch kind := s.kind >> 4; {
	case kind == 4 && s.puback != nil:
		s.puback(s.packet)
	case kind == 2 && byte(s.packet) > 5: // the codec would take it for a success
		s.err = fmt.Errorf("the broker answered the login with the unknown code %d", byte(s.packet))
	}
}

func (s *inspector) take(b byte) {
	s.length |= int(b&0x7f) << s.shift
	s.shift += 7
	if b&0x80 != 0 {
		if s.shift > 21 {
			s.err = errors.New("the broker sent a packet length of more than four bytes")
		}
		return
	}
	if s.err = checkPacket(s.kind, s.length); s.err != nil {
		return
	}
	s.state = atBody
	if s.length == 0 {
		s.bodyEnds()
	}
}

// checkPacket refuses what no broker may send us, so that the codec sees only
// shapes that it handles: a SUBACK with more answers than questions would make
// it panic. Each of our SUBSCRIBEs carries one filter. [ONENET-25]
func checkPacket(head byte, length int) error {
	kind, ok := head>>4, false
	switch kind {
	case 2, 4: // CONNACK, PUBACK
		ok = length == 2
	case 3: // PUBLISH; QoS 2 is never granted
		ok = length >= 2 && head>>1&3 < 2
	case 9: // SUBACK
		ok = length == 3
	case 13: // PINGRESP
		ok = length == 0
	}
	if length > inboundMost {
		return fmt.Errorf("the broker sent a packet of %d bytes, at most %d are taken", length, inboundMost)
	}
	if !ok {
		return fmt.Errorf("the broker sent a malformed packet: type %d, %d bytes", kind, length)
	}
	return nil
}

// postPacket returns the packet identifier of a post, and the post's own, with
// which every payload of ours begins. Other packets are none.
//
//	type+flags │ length │ topic          │ packet │ payload
//	32           2D       00 04 75 2F 70..  00 07    {"id":"1767225600001","version":...
func postPacket(p []byte) (packet uint16, post uint64, ok bool) {
	if len(p) < 2 || p[0]>>4 != 3 || p[0]>>1&3 != 1 { // PUBLISH with QoS 1
		return 0, 0, false
	}
	i := 1
	for i < len(p) && p[i]&0x80 != 0 { // the length of the packet
		i++
	}
	if i += 1; i+2 > len(p) {
		return 0, 0, false
	}
	i += 2 + int(binary.BigEndian.Uint16(p[i:]))
	if i+2 > len(p) {
		return 0, 0, false
	}
	payload, begins := bytes.CutPrefix(p[i+2:], []byte(idPrefix))
	if !begins {
		return 0, 0, false
	}
	for _, b := range payload {
		if b < '0' || b > '9' {
			break
		}
		post = post*10 + uint64(b-'0')
	}
	return binary.BigEndian.Uint16(p[i:]), post, true
}
