package cloud

import (
	"encoding/binary"
	"fmt"
	"time"
)

// pulse keeps a connection alive and notices when it is dead. Only an
// acknowledgement is a sign of life: the cloud's own messages come in over a
// link that carries nothing in the other direction, too.
//
//	heard ──────────── keepalive ──────────▶ ping ── 0.4 of it ──▶ dead
//	spoke ──────────── keepalive ──────────▶ ping
//
// So a dead link is found within 1.5 times the keepalive, by which time the
// platform gives up a silent client; a tenth of it is for a busy machine.
// [ONENET-23]
type pulse struct {
	keepAlive time.Duration
	pinged    time.Time // the last ping
}

// step tells whether to ping now, how long nothing is to be done afterwards,
// and the error of a dead link. heard is when the last acknowledgement came in,
// spoke when the last packet went out.
func (p *pulse) step(now, heard, spoke time.Time) (ping bool, rest time.Duration, err error) {
	patience := p.keepAlive * 2 / 5
	if p.pinged.After(heard) {
		if rest = p.pinged.Add(patience).Sub(now); rest > 0 {
			return false, rest, nil
		}
		return false, 0, fmt.Errorf("the link is dead: no answer to a ping within %v", patience)
	}
	quiet := heard
	if last := later(spoke, p.pinged); last.Before(quiet) {
		quiet = last
	}
	if rest = quiet.Add(p.keepAlive).Sub(now); rest > 0 {
		return false, rest, nil
	}
	p.pinged = now
	return true, patience, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// setKeepAlive writes the keepalive, in seconds, into a CONNECT.
//
//	type+flags │ length │ protocol           │ level │ flags │ keepalive
//	10           2C       00 04 4D 51 54 54    04      C2      00 1E
func setKeepAlive(connect []byte, seconds uint16) {
	i := 1
	for connect[i]&0x80 != 0 { // the length of the packet
		i++
	}
	binary.BigEndian.PutUint16(connect[i+1+8:], seconds)
}
