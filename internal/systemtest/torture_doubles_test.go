//go:build system

package systemtest

import (
	"slices"
	"time"
)

// moment is margin for the bound that is published.
const moment = 50 * time.Millisecond

// judgeDoubles wants a reason for each reading that was sent again: its post
// had not been answered, or the answer had not been made safe when the process
// died.
func (r *ordeal) judgeDoubles(out *result) {
	r.t.Helper()
	log := r.cloud.log
	log.traffic.mu.Lock()
	defer log.traffic.mu.Unlock()
	before := map[uint64]*posting{}
	unexplained := 0
	for _, p := range log.order {
		if !p.stored {
			continue
		}
		if r.atRisk(p, moment+out.paused) {
			out.risk += len(p.readings)
		}
		for _, n := range p.readings {
			if last := before[n]; last != nil {
				out.doubled++
				if !r.atRisk(last, margin+out.paused) {
					unexplained++
				}
			}
			before[n] = p
		}
	}
	if unexplained > 0 || out.doubled > out.risk {
		r.fail("%d readings doubled, %d of them for no reason; at most %d may be", out.doubled, unexplained, out.risk)
	}
}

// atRisk reports whether the readings of a post may be sent again. What was
// answered less than slack before a death may not have been read.
func (r *ordeal) atRisk(p *posting, slack time.Duration) bool {
	ended := r.cloud.log.conns[p.conn]
	took := p.answered.Sub(p.sent)
	switch {
	case p.answered.IsZero(), took > r.plan.timeout-slack:
		return true
	case !ended.at.IsZero() && ended.at.Sub(p.answered) < slack:
		// Replies come in order: when one has not been read, none behind it has.
		if ended.posts-p.index <= inFlight || took > slack {
			return true
		}
	}
	for _, b := range r.blind {
		if p.answered.After(b.from) && p.answered.Before(b.to) {
			return true
		}
	}
	for i, l := range r.lives {
		unclean := l.by == faultKill || l.by == faultPower || l.by == faultEIO
		if !unclean || l.ended.Before(p.answered) {
			continue
		}
		if p.answered.After(r.noted(i, l.by != faultKill).Add(-slack)) {
			return true
		}
	}
	return false
}

// noted returns when acknowledgements were last written down before a process
// died: by any "S", or for a power cut by one that surely reached the disk.
func (r *ordeal) noted(died int, power bool) (at time.Time) {
	for i := died; i >= 0; i-- {
		l := r.lives[i]
		if i < died && (l.by == faultStop || !power) {
			return l.ended // Close writes everything down; after a kill the kernel has what was written
		}
		marks := l.g.ledger.marks()
		for m, mark := range slices.Backward(marks) {
			if !power || r.flushed(l, marks, m) {
				return mark.at
			}
		}
	}
	return at
}

// flushed reports whether an "S" surely meant an fsync: there was a record that
// no earlier one had covered, and whose post had no answer yet.
func (r *ordeal) flushed(l *lifetime, marks []syncLine, m int) bool {
	from := 0
	if m > 0 {
		from = marks[m-1].had
	}
	records := 0
	for _, s := range l.sessions {
		for _, frame := range s.frames[:min(s.end-s.first, len(s.frames))] {
			if records++; records <= from || records > marks[m].had {
				continue
			}
			if answered, ok := r.firstAnswer(frame); !ok || answered.After(marks[m].at.Add(margin)) {
				return true
			}
		}
	}
	return false
}

// firstAnswer returns when a reading was confirmed first.
func (r *ordeal) firstAnswer(frame uint64) (time.Time, bool) {
	if r.answers == nil {
		r.answers = map[uint64]time.Time{}
		for _, p := range r.cloud.log.order {
			if p.answered.IsZero() || !p.stored {
				continue
			}
			for _, n := range p.readings {
				if at, ok := r.answers[n]; !ok || p.answered.Before(at) {
					r.answers[n] = p.answered
				}
			}
		}
	}
	at, ok := r.answers[frame]
	return at, ok
}
