package capture

import (
	"bufio"
	"bytes"
	"fmt"
	"time"
)

// logic1 reads what Saleae Logic 1 exports of an async serial analyser. The
// times count from the trigger.
//
//	Time [s],Value,Parity Error,Framing Error
//	0.042909760000000,0x00,,Error
type logic1 struct {
	left   leftOut
	fields [][]byte
	head   bool // the first line has been read
	one    [1]byte
}

const logic1Head = "Time [s],Value,Parity Error,Framing Error"

func sniffLogic1(h head) verdict { return prefixed(h.bytes, logic1Head) }

func newLogic1(in *bufio.Reader) Source { return newLineSource(in, &logic1{}) }

func (l *logic1) timing() Timing                { return Elapsed }
func (l *logic1) notes() []string               { return l.left.notes() }
func (l *logic1) finish() (Packet, bool, error) { return Packet{}, false, nil }

func (l *logic1) line(text []byte) (Packet, bool, error) {
	if !l.head {
		l.head = true
		if !bytes.HasPrefix(text, []byte(logic1Head)) {
			return Packet{}, false, fmt.Errorf("%s where %q was due: export the serial analyser alone, as CSV", shorten(text), logic1Head)
		}
		return Packet{}, false, nil
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return Packet{}, false, nil
	}
	l.fields = csvFields(text, l.fields)
	if len(l.fields) < 2 {
		return Packet{}, false, fmt.Errorf("%s has no value: the line is not whole; export again", shorten(text))
	}
	at, ok := parseSeconds(l.fields[0])
	if !ok || at < -int64(elapsedZero/2) {
		return Packet{}, false, fmt.Errorf("%s is not a time in seconds: export again", shorten(l.fields[0]))
	}
	b, err := analysed(l.fields[1])
	if err != nil {
		return Packet{}, false, err
	}
	for _, fault := range l.fields[2:] {
		if len(fault) > 0 {
			l.left.add(faultyByte)
			break
		}
	}
	l.one[0] = b
	return Packet{Direction: Inbound, Time: at + int64(elapsedZero/time.Nanosecond), Bytes: l.one[:]}, true, nil
}
