package noise

import (
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// A bench that finds no fault must be able to: here it judges scanners that
// have one.

// skipper finds 匿名 V7 frames as many parsers do: it believes the length, and
// when the check fails it skips the whole claimed frame.
//
//	AA FF 03 07 D2 04 C9 FD 4F 46 01 E5 C8
//	sync  │  length of data          two sums
//	      id
type skipper struct {
	plan  *frame.Plan
	buf   []byte
	found *frame.Frame
	m     frame.Metrics
}

func (s *skipper) Feed(c reading.Chunk)            { s.buf = append(s.buf, c.Bytes...) }
func (s *skipper) Deadline() (reading.Stamp, bool) { return reading.Stamp{}, false }
func (s *skipper) Metrics() frame.Metrics          { return s.m }

func (s *skipper) Frame() *frame.Frame { return s.found }

func (s *skipper) Scan() bool {
	for len(s.buf) >= 4 {
		size := int(s.buf[3]) + 6
		switch {
		case s.buf[0] != 0xAA || size > s.plan.MaxSize():
			s.skip(1)
		case len(s.buf) < size:
			return false
		case !twoSums(s.buf[:size]):
			s.m.CheckFailed++
			s.skip(size)
		default:
			f, err := s.plan.Parse(s.buf[:size])
			if err != nil {
				s.skip(size)
				continue
			}
			s.buf = s.buf[size:]
			s.m.Frames++
			s.m.FrameBytes += uint64(size)
			s.found = f
			return true
		}
	}
	return false
}

func (s *skipper) skip(n int) {
	s.buf = s.buf[n:]
	s.m.Noise += uint64(n)
}

// twoSums is the check of 匿名 V7, written down once more.
func twoSums(b []byte) bool {
	var sum, sums byte
	last := len(b) - 2
	for _, x := range b[:last] {
		sum += x
		sums += sum
	}
	return b[last] == sum && b[last+1] == sums
}

// TestControl_SkippingTheClaimedFrameLosesFrames: with the policy of gpsd and
// pymavlink more than every hundredth whole frame is lost.
func TestControl_SkippingTheClaimedFrameLosesFrames(t *testing.T) {
	p := preset(t, "ano-v7")
	rows := bench(t, p, 4, *frameCount, func() scanner { return &skipper{plan: p} })
	if worst := rows[2].tally; float64(worst.lost) < 0.01*float64(worst.whole) {
		t.Errorf("a scanner that skips lost %d of %d whole frames, want 1 %% at least", worst.lost, worst.whole)
	}
	t.Logf("\n%s", table(rows))
}

// TestControl_WithoutItsCheckAFrameGivesFalseReadings: the scanner knows all of
// the description but the check.
func TestControl_WithoutItsCheckAFrameGivesFalseReadings(t *testing.T) {
	for _, name := range []string{"jy901", "demo"} {
		p := preset(t, name)
		d := presets(t)[name]
		d.Check, d.Max = nil, p.MaxSize()
		for i := range d.Messages {
			d.Messages[i].Size = p.MaxSize()
			for k := range d.Messages[i].Fields {
				if f := &d.Messages[i].Fields[k]; f.Type != "" && len(f.Map)+len(f.Flags) == 0 {
					f.Range = []float64{-1e6, 1e6}
				}
			}
		}
		blind := compile(t, name, d)
		rows := bench(t, p, 2, *frameCount, func() scanner { return frame.NewScanner(blind, *baud) })
		for _, r := range rows {
			if most := mostBy(r.tally.odds); r.tally.wrong <= most {
				t.Errorf("%s at %s: %d false readings without a check, and %d pass", name, r.level.name, r.tally.wrong, most)
			}
			if r.tally.unproven == 0 {
				t.Errorf("%s at %s: of %d false readings none breaks a rule", name, r.level.name, r.tally.wrong)
			}
		}
		t.Logf("\n%s", table(rows))
	}
}

// patient never gives a partial frame up.
type patient struct{ *frame.Scanner }

func (patient) Deadline() (reading.Stamp, bool) { return reading.Stamp{}, false }

func TestControl_WithoutADeadlineFramesComeLate(t *testing.T) {
	p := preset(t, "ano-v7")
	rows := bench(t, p, 1, *frameCount, func() scanner { return patient{frame.NewScanner(p, *baud)} })
	if rows[2].tally.late == 0 {
		t.Error("no frame came late, although nothing ends a wait")
	}
}

// TestControl_ACleanLineLosesNothing: a line without faults, first frame apart,
// brings every frame as what it is.
func TestControl_ACleanLineLosesNothing(t *testing.T) {
	for _, p := range append(compileAll(t, presets(t)), compileAll(t, fileDescriptions(t, shapes))...) {
		if !p.Checked() {
			continue
		}
		got := run(p, stream(t, p, 1, framesARun()), level{}, frame.NewScanner(p, *baud), 1)
		if got.whole != got.sent-1 || got.found() != got.whole || got.wrong+got.renamed+got.unknown+got.late > 0 {
			t.Errorf("%s: %+v", p.Name(), got)
		}
	}
}

// TestJudge_ProvesWhatIsInTheWay: only bytes that are a frame of the message
// excuse a lost one.
func TestJudge_ProvesWhatIsInTheWay(t *testing.T) {
	p := preset(t, "modbus")
	request := []byte{0xBD, 3, 4, 0xF1, 0x86, 9, 0xAD, 0x93, 0}
	j := &judge{plan: p, line: line{bytes: request}}
	for _, row := range []struct {
		message string
		to      int
		want    bool
	}{
		{"read_request", 8, true},
		{"read_request", 9, false}, // not its size
		{"read_reply", 9, true},    // a CRC and a 0 pass the CRC again
		{"write_single_request", 8, false},
	} {
		if got := j.proven(taken{to: row.to, message: p.Message(row.message)}); got != row.want {
			t.Errorf("%s of %d bytes: got %v", row.message, row.to, got)
		}
	}
}

// TestJudge_ProvesALine: the digits of a check may be of either case, nothing else.
func TestJudge_ProvesALine(t *testing.T) {
	p := preset(t, "nmea0183")
	const wire = "$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,*5B\r\n"
	for _, row := range []struct {
		old, new string
		want     bool
	}{
		{"5B", "5B", true}, {"5B", "5b", true}, {"5B", "4B", false}, {"5B", "7B", false},
		{",N,", ",n,", false}, {"$GPGGA", "$GPgGA", false}, {",E,", ",e,", false},
	} {
		b := []byte(strings.Replace(wire, row.old, row.new, 1))
		j := &judge{plan: p, line: line{bytes: b}}
		if got := j.proven(taken{to: len(b), message: p.Message("gga")}); got != row.want {
			t.Errorf("%s for %s: got %v", row.new, row.old, got)
		}
	}
}
