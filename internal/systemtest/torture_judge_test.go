//go:build system

package systemtest

import (
	"fmt"
	"slices"
	"time"
)

// margin is how long before a cut or a sync something must have happened to
// count as done by then: the gateway and we are two processes.
const margin = 500 * time.Millisecond

// result is what one schedule came to. All classes but the first line must be
// zero, or explained to the last record.
type result struct {
	produced, delivered, dropped, queued int

	doubled, risk int // readings delivered again, and those that might have been
	torn          int // written, not synced, and gone with the power
	window        time.Duration
	windowOf      time.Duration // sync_interval of the schedule with that window

	missing, missingSynced, reused, reordered  int
	damaged                                    int // records that the queue counts as lost to damage
	faults                                     map[fault]int
	restarts, outages, plugs, noticed, resumed []time.Duration
	wrong, untrue, deadLetters                 int
	frames, spoilt, timeless                   int
	timeOff, took, paused                      time.Duration
}

// written is a record that the ledger told of, with the frame it came from.
type written struct {
	record, frame uint64
	life          int
	at            time.Time // when we knew
}

// judge counts the classes and fails the schedule where one is not as promised.
func (r *ordeal) judge(last status) *result {
	r.t.Helper()
	log := r.cloud.log
	out := &result{
		faults: map[fault]int{}, dropped: int(last.Queue.Dropped), queued: int(last.Queue.Records), damaged: int(last.Queue.Damaged),
		plugs: r.plugs, noticed: r.noticed, resumed: r.resumed, wrong: len(log.bad), deadLetters: int(last.Gateway.Uplink.DeadLetters),
		frames: int(r.board.frames()), spoilt: r.feed.bad, timeless: log.timeless, took: time.Since(r.begun),
	}
	for _, a := range r.plan.acts {
		out.faults[a.fault]++
	}
	out.paused = r.machine.worst(r.begun)
	all := r.written(out)
	out.produced, out.delivered = len(all), len(log.times)
	r.judgeTimes(all, out)
	r.judgeMissing(all, out)
	r.judgeDoubles(out)
	r.judgeOrder(out)
	r.judgeRecovery(out)
	for _, bad := range first(log.bad) {
		r.fail("false: %s", bad)
	}
	for n, l := range r.lives {
		if l.g.log.count(saying("panic: "))+l.g.log.count(saying("fatal error: ")) > 0 {
			r.crashed++
			r.fail("crash: life %d has panicked", n+1)
		}
	}
	if out.produced != out.delivered+out.dropped+out.queued+out.torn {
		r.fail("%d produced, but %d delivered + %d dropped + %d queued + %d gone with the power", out.produced, out.delivered, out.dropped, out.queued, out.torn)
	}
	if out.deadLetters != 0 || out.damaged != 0 || out.reused != 0 {
		r.fail("%d dead letters, %d records damaged, %d numbers given twice, want 0 of each", out.deadLetters, out.damaged, out.reused)
	}
	return out
}

// fail is for what must not be, unless the disk is the one that must lose.
func (r *ordeal) fail(format string, args ...any) {
	r.t.Helper()
	r.note(format, args...)
	if r.control {
		return
	}
	r.t.Errorf(format, args...)
}

// first keeps a message readable.
func first(list []string) []string {
	if len(list) > 3 {
		list = append(slices.Clone(list[:3]), fmt.Sprintf("... and %d more", len(list)-3))
	}
	return list
}

// written maps the records to the frames. A frame that was delivered although
// no line told of its record had been written just when the process died.
func (r *ordeal) written(out *result) (all []written) {
	r.t.Helper()
	known := map[uint64]bool{}
	newest := uint64(0)
	for n, l := range r.lives {
		records := l.g.ledger.records()
		for _, s := range l.sessions {
			mine := records[s.first:s.end]
			if len(mine) > len(s.frames) {
				r.fail("life %d accepted %d frames of %d intact ones", n+1, len(mine), len(s.frames))
				mine = mine[:len(s.frames)]
			}
			for i, record := range mine {
				if record <= newest {
					out.reused++
				}
				newest = max(newest, record)
				all = append(all, written{record, s.frames[i], n, l.g.ledger.heard[s.first+i]})
				known[s.frames[i]] = true
			}
			if s.torn {
				r.note("life %d: the line was slower than the board; a silence may have cut a frame", n+1)
			}
			if !s.killed {
				continue
			}
			for _, frame := range s.frames[len(mine):] {
				if r.cloud.log.times[frame] == 0 {
					break
				}
				all = append(all, written{0, frame, n, l.ended})
				known[frame] = true
			}
		}
	}
	for frame := range r.cloud.log.times {
		if !known[frame] {
			out.wrong++
			r.fail("false: frame %d was delivered, but the gateway never accepted it", frame)
		}
	}
	return all
}

// timeTrue is how far a reading's time may be from the truth.
const timeTrue = time.Second

// judgeTimes wants each reading's time to lie between its sending and the moment
// at which we knew that it was written. The gateway stamps in between.
func (r *ordeal) judgeTimes(all []written, out *result) {
	r.t.Helper()
	known := map[uint64]time.Time{}
	for _, w := range all {
		known[w.frame] = w.at
	}
	var bad []string
	for _, s := range r.cloud.log.stamps {
		sent := r.board.sentAt(s.frame)
		out.timeOff = max(out.timeOff, s.at.Sub(sent).Abs())
		if s.at.Before(sent.Add(-timeTrue)) || s.at.After(known[s.frame].Add(timeTrue)) {
			bad = append(bad, fmt.Sprintf("frame %d came with the time %v, %v after it was sent", s.frame, s.at, s.at.Sub(sent)))
		}
	}
	out.untrue = len(bad)
	for _, b := range first(bad) {
		r.fail("false time: %s", b)
	}
}

// judgeMissing explains each record that was not delivered: dropped for want
// of room, or gone with the power before its sync.
func (r *ordeal) judgeMissing(all []written, out *result) {
	r.t.Helper()
	var lost []written
	for _, w := range all {
		switch {
		case r.cloud.log.times[w.frame] > 0:
		case r.goneWithPower(w, out):
			out.torn++
		default:
			lost = append(lost, w)
		}
	}
	// What was dropped and not yet synced when the power went counts as dropped.
	both := min(max(out.dropped-len(lost), 0), out.torn)
	out.torn -= both
	out.missing = len(lost) + both - out.dropped
	if out.missing == 0 {
		return
	}
	for _, w := range lost[:min(3, len(lost))] {
		r.fail("missing: record %d of life %d, frame %d", w.record, w.life+1, w.frame)
	}
	if out.faults[faultPower] > 0 {
		out.missing, out.missingSynced = 0, out.missing
	}
	r.fail("%d records missing that were written, %d that were synced", out.missing, out.missingSynced)
}

// goneWithPower reports whether a power cut explains the loss of a record: no
// "S" had covered it.
func (r *ordeal) goneWithPower(w written, out *result) bool {
	for _, l := range r.lives[w.life:] {
		if l.by != faultPower {
			continue
		}
		if w.record <= l.safe {
			return false
		}
		if window := l.frozen.Sub(r.board.sentAt(w.frame)); window > out.window {
			out.window, out.windowOf = window, r.plan.sync
			if window > r.windowMost() {
				r.fail("record %d was not synced %v after its frame, and is gone with the power (S %d)", w.record, window, l.safe)
			}
		}
		return true
	}
	return false
}

// windowMost is how old a record may be that a power cut takes: sync_interval,
// what the sync itself takes, and as long as the disk took no sync at all.
func (r *ordeal) windowMost() time.Duration {
	most := r.plan.sync + margin + r.machine.worst(r.begun)
	for _, a := range r.plan.acts {
		if a.fault == faultEIO || a.fault == faultSlowDisk {
			most += a.lasts
		}
	}
	return most
}
