package capture

import (
	"math/bits"
	"strconv"
)

// netIf is one interface of a section.
type netIf struct {
	name string
	raw  bool   // raw serial bytes
	unit uint64 // ticks a second
	zero int64  // seconds that time stamps count from
}

func (r *Reader) addInterface(body []byte) error {
	if len(body) < ifFixed {
		return r.damaged("interface block of %d bytes", len(body))
	}
	if len(r.ifs) == maxInterfaces {
		return r.damaged("more than %d interfaces in a section", maxInterfaces)
	}
	n := netIf{raw: r.order.Uint16(body) == uint16(LinkUser0), unit: 1_000_000}
	port := Port{}
	for code, value := range r.options(body[ifFixed:]) {
		switch {
		case code == optIfName:
			port.Name = string(value)
		case code == optIfDescription:
			port.Description = string(value)
		case code == optIfHardware:
			port.Hardware = string(value)
		case code == optIfTimeResolution && len(value) == 1:
			n.unit = timeUnit(value[0])
		case code == optIfTimeZero && len(value) == 8:
			n.zero = int64(r.order.Uint64(value))
		}
	}
	if n.unit == 0 {
		return r.damaged("impossible time resolution")
	}
	if port.Name == "" {
		port.Name = "interface " + strconv.Itoa(len(r.ifs)) // two must not be mixed
	}
	n.name = port.Name
	r.ifs = append(r.ifs, n)
	if n.raw {
		return r.addPort(port)
	}
	return nil
}

// addPort notes a port that is not known yet.
func (r *Reader) addPort(p Port) error {
	if r.known[p] {
		return nil
	}
	if len(r.ports) == maxInterfaces {
		return r.damaged("more than %d ports", maxInterfaces)
	}
	r.known[p] = true
	r.ports = append(r.ports, p)
	return nil
}

// timeUnit decodes if_tsresol: ticks a second as a power of ten, or of two
// when the high bit is set; 0 when it does not fit 64 bits.
func timeUnit(resolution byte) uint64 {
	if e := resolution & 0x7F; resolution&0x80 != 0 {
		return 1 << e
	} else if e > 19 {
		return 0
	}
	unit := uint64(1)
	for range resolution {
		unit *= 10
	}
	return unit
}

// nanoseconds converts a time stamp to Unix time; what lies outside of the
// years an int64 can hold is moved to their border.
func (n netIf) nanoseconds(stamp uint64) int64 {
	const border = 9_000_000_000 // seconds, in the year 2255
	seconds := int64(min(stamp/n.unit, border)) + max(min(n.zero, border), -border)
	hi, lo := bits.Mul64(stamp%n.unit, 1_000_000_000)
	fraction, _ := bits.Div64(hi, lo, n.unit)
	return max(min(seconds, border), -border)*1_000_000_000 + int64(fraction)
}
