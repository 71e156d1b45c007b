package capture

import (
	"bufio"
	"bytes"
	"fmt"
)

// logic2 reads the data table that Saleae Logic 2 exports. Each analyser is a
// port; its times are those of the capture, or of the world with ISO 8601.
//
//	name,type,start_time,duration,data
//	"Async Serial","data",0.0429,8.68e-05,0x55
type logic2 struct {
	stamps
	left   leftOut
	fields [][]byte
	head   bool // the first line has been read
	fault  int  // column of an error; 0 = there is none
	ports  map[string]string
	one    [1]byte
}

const logic2Head = "name,type,start_time,duration,data"

const logic2Ports = 64 // analysers of one export

func sniffLogic2(h head) verdict { return prefixed(h.bytes, logic2Head) }

func newLogic2(in *bufio.Reader) Source {
	p := &logic2{ports: map[string]string{}}
	p.foresee(buffered(in), func(line []byte) (Timing, bool) {
		fields := csvFields(line, nil)
		if len(fields) < 5 || string(fields[1]) != "data" {
			return Untimed, false
		}
		_, kind, err := p.start(fields)
		return kind, err == nil
	})
	if p.kind == Untimed {
		p.kind = Elapsed
	}
	return newLineSource(in, p)
}

func (l *logic2) timing() Timing                { return l.kind }
func (l *logic2) notes() []string               { return l.left.notes() }
func (l *logic2) finish() (Packet, bool, error) { return Packet{}, false, nil }

func (l *logic2) line(text []byte) (Packet, bool, error) {
	if !l.head {
		return Packet{}, false, l.header(text)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return Packet{}, false, nil
	}
	l.fields = csvFields(text, l.fields)
	if len(l.fields) < 5 {
		return Packet{}, false, fmt.Errorf("%s has no data: the line is not whole; export again", shorten(text))
	}
	if string(l.fields[1]) != "data" || len(l.fields[4]) == 0 { // start, stop, address
		l.left.add("lines that hold no byte of a serial line were left out")
		return Packet{}, false, nil
	}
	at, kind, err := l.start(l.fields)
	if err != nil {
		return Packet{}, false, err
	}
	if kind != l.kind {
		return Packet{}, false, errMixedStamps
	}
	if l.one[0], err = analysed(l.fields[4]); err != nil {
		return Packet{}, false, err
	}
	if l.fault > 0 && l.fault < len(l.fields) && len(l.fields[l.fault]) > 0 {
		l.left.add(faultyByte)
	}
	port, err := l.port(l.fields[0])
	return Packet{Port: port, Direction: Inbound, Time: at, Bytes: l.one[:]}, err == nil, err
}

func (l *logic2) header(text []byte) error {
	l.head = true
	if !bytes.HasPrefix(text, []byte(logic2Head)) {
		return fmt.Errorf("%s where %q was due: export the data table of the serial analyser", shorten(text), logic2Head)
	}
	for i, name := range csvFields(text, nil) {
		if string(name) == "error" {
			l.fault = i
		}
	}
	return nil
}

// start returns when the last bit of the byte had come.
func (l *logic2) start(fields [][]byte) (at int64, kind Timing, err error) {
	took, ok := parseSeconds(fields[3])
	if !ok {
		return 0, Untimed, fmt.Errorf("%s is not a duration in seconds: export again", shorten(fields[3]))
	}
	if ns, kind, _ := parseStamp(fields[2]); kind == Dated {
		return ns + took, Dated, nil
	}
	ns, ok := parseSeconds(fields[2])
	if !ok || ns < -int64(elapsedZero/2) {
		return 0, Untimed, fmt.Errorf("%s is not a time in seconds or of ISO 8601: export again", shorten(fields[2]))
	}
	return ns + took + int64(elapsedZero), Elapsed, nil
}

func (l *logic2) port(name []byte) (string, error) {
	if known, ok := l.ports[string(name)]; ok {
		return known, nil
	}
	if len(l.ports) == logic2Ports || len(name) > maxText {
		return "", fmt.Errorf("%s: more than %d analysers", shorten(name), logic2Ports)
	}
	l.ports[string(name)] = string(name)
	return string(name), nil
}
