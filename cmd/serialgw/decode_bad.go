package main

import (
	"fmt"

	"serialgw/internal/frame"
)

// badFinder finds where the first frame begins whose check fails. The scanner
// only counts those; so what stands since the last good frame is kept.
type badFinder struct {
	plan  *frame.Plan
	held  []byte
	base  int64  // bytes before held
	start int    // held[start:] stands behind the last good frame
	over  bool   // a check has failed: what is to be found is
	at    int64  // bytes before the bad frame
	frame []byte // the bad frame; nil: none was found
}

// noiseHeld bounds what is kept of noise; of a longer frame, twice its size is.
const noiseHeld = 64 << 10

// feed takes the bytes that the scanner is fed. Of those before, each has been
// judged that a frame of the largest size could not begin with.
func (f *badFinder) feed(b []byte) {
	if f.over {
		return
	}
	f.start = max(f.start, len(f.held)-max(noiseHeld, 2*f.plan.MaxLine()))
	n := copy(f.held, f.held[f.start:])
	f.base += int64(f.start)
	f.held, f.start = append(f.held[:n], b...), 0
}

// scanned is told, behind each frame and when there is none, what the scanner
// has counted, and how many bytes stand before the end of the last good frame.
func (f *badFinder) scanned(failed bool, end uint64) {
	if f.over {
		return
	}
	if f.over = failed; failed {
		if at, size := f.plan.FindBadCheck(f.held[f.start:]); at >= 0 {
			at += f.start
			f.at, f.frame = f.base+int64(at), f.held[at:at+size]
		}
		return
	}
	f.start = max(f.start, int(int64(end)-f.base))
}

// explain is the command that explains the first frame whose check failed.
func (o decodeOptions) explain(plan *frame.Plan, args []string, bad *badFinder) string {
	command := "serialgw explain "
	if o.config != "" {
		command += "--config " + fileName(o.config) + " "
	}
	command += plan.Name()
	file := len(args) == 0 && o.in != "-" && !o.swap && o.as == "" // what explain can find
	switch {
	case file && bad.frame == nil:
		return command + " " + fileName(o.in) + " --at OFFSET"
	case file:
		return command + explainAt(o.in, o.port, bad.at)
	case bad.frame == nil || len(bad.frame) > shownBytes:
		return command + " HEX"
	}
	return fmt.Sprintf("%s %q", command, hexArgument(bad.frame))
}

// explainAt is where a frame of a recording begins, as explain takes it.
func explainAt(path, port string, at int64) string {
	text := fmt.Sprintf(" %s --at %d", fileName(path), at)
	if port != "" {
		text += " --port " + fileName(port)
	}
	return text
}
