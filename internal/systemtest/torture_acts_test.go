//go:build system

package systemtest

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"serialgw/internal/clocktest"
)

// act does one fault. Those of the link begin here and end by a timer, so that
// others may fall into them.
func (r *ordeal) act(a act) {
	r.t.Helper()
	link := r.cloud.link
	switch a.fault {
	case faultKill:
		r.die(a.fault, r.life().g.kill)
		wait(r.t, a.lasts)
		r.begin()
	case faultStop:
		r.die(a.fault, func() {
			if code, took := r.life().g.stop(30 * time.Second); code != 0 {
				r.t.Errorf("exit status %d after %v, want 0", code, took)
			}
		})
		wait(r.t, a.lasts)
		r.begin()
	case faultPower:
		r.powerCut(uint64(a.n))
		wait(r.t, a.lasts)
		r.begin()
	case faultRefused:
		link.set(refuse)
		link.cut()
		r.until(a.lasts, true, link.heal)
	case faultReset:
		link.cut()
		r.until(0, true, func() {})
	case faultTorn:
		link.tearNext()
		r.until(0, true, func() {})
	case faultHalfOpen:
		link.set([]road{loseUp, loseDown, loseBoth}[a.n%3])
		r.until(a.lasts, true, link.heal)
	case faultSilence:
		r.noticeSilence()
	case faultStall:
		link.set(hold)
		r.until(a.lasts, false, link.heal)
	case faultSlow:
		link.slow(time.Duration(a.n%300)*time.Millisecond, 20_000+a.n)
		r.until(a.lasts, false, link.heal)
	case faultUnplug, faultRename:
		r.replug(a.lasts, a.fault == faultRename)
	case faultNoise:
		r.feed.spoil(0, 50+a.n%2000)
	case faultDamage:
		r.feed.spoil(5+a.n%40, a.n%200)
	case faultFull:
		r.fullDisk(a.lasts)
	case faultEIO:
		r.ioErrors(a.lasts / 2)
	case faultSlowDisk:
		r.disk.slow(r.t, time.Duration(10+a.n%150)*time.Millisecond)
		wait(r.t, a.lasts)
		r.disk.slow(r.t, 0)
	case faultStep:
		r.stepClock(a)
	case faultBadReload:
		r.badReload()
	case faultGoodReload:
		r.goodReload(a.n)
	case faultBlackHole, faultThin:
		// TCP waits up to as long again before it tries once more.
		r.blind = append(r.blind, blindness{time.Now().Add(-margin), time.Now().Add(2*a.lasts + time.Second)})
		r.net.worsen(r.t, a)
		r.until(a.lasts, a.fault == faultBlackHole, func() { r.net.heal(r.t) })
	default:
		r.replies(a)
	}
}

// replies spoils some of the next replies, on the cable or, where only the
// platform can, there.
func (r *ordeal) replies(a act) {
	n, sim, link := 1+a.n%40, r.cloud.sim, r.cloud.link
	onCable := sim == nil || a.n%2 == 0
	switch {
	case a.fault == faultLost && onCable:
		link.befall(fate{lost: true}, n)
	case a.fault == faultLost:
		sim.SwallowReplies(n)
	case a.fault == faultDoubled && onCable:
		link.befall(fate{twice: true}, n)
	case a.fault == faultDoubled:
		sim.DuplicateReply(n)
	case a.fault == faultLate && onCable:
		link.befall(fate{late: time.Duration(a.n%3000) * time.Millisecond}, n)
	case a.fault == faultLate:
		sim.DelayReplies(time.Duration(a.n%3000) * time.Millisecond)
		r.until(a.lasts, false, func() { sim.DelayReplies(0) })
	case a.fault == faultForeign:
		sim.WrongID(n)
	case a.fault == faultNoID:
		sim.NoID(n)
	case a.fault == faultNoPuback:
		sim.SwallowPubacks(n)
	default:
		r.t.Fatalf("nobody knows how to do %q", a.fault)
	}
}

// powerCut takes the power away at one moment; what the process says after it
// does not count.
func (r *ordeal) powerCut(seed uint64) {
	r.t.Helper()
	l := r.life()
	l.frozen, l.safe = time.Now(), l.g.ledger.safe()
	r.disk.freeze(r.t)
	r.die(faultPower, l.g.kill)
	r.disk.cut(r.t, seed)
}

// fullDisk fills the disk while the cloud is away, so that the queue must drop.
// Nothing waits when it begins: what it drops has never been posted.
func (r *ordeal) fullDisk(lasts time.Duration) {
	r.t.Helper()
	g := r.life().g
	r.heal()
	must(r.t, r.feed.hush(within(r.t, startLimit)))
	g.awaitStatus(drainLimit, "queue empty", func(s status) bool { return s.Queue.Records == 0 })
	r.cloud.link.set(refuse)
	r.cloud.link.cut()
	r.disk.fill(r.t)
	r.feed.speak()
	wait(r.t, lasts)
	r.disk.free(r.t)
	s := g.awaitStatus(startLimit, "disk used again", func(s status) bool { return !s.Queue.InMemory })
	r.note("disk free again: %d dropped", s.Queue.Dropped)
	r.cloud.link.heal()
}

// ioErrors lets every write to the disk fail for a time. The queue must go on in
// another file, without a restart; where the file system has given itself up, it
// must carry on in memory until everything is delivered.
func (r *ordeal) ioErrors(lasts time.Duration) {
	r.t.Helper()
	g := r.life().g
	r.disk.fail(r.t, lasts)
	wait(r.t, lasts)
	begun := time.Now()
	if !r.disk.readOnly(r.t) {
		g.awaitStatus(startLimit, "disk used again", func(s status) bool { return !s.Queue.InMemory })
		r.resumed = append(r.resumed, time.Since(begun))
		return
	}
	r.note("the file system is read-only now")
	r.heal()
	must(r.t, r.feed.hush(within(r.t, startLimit)))
	g.awaitStatus(drainLimit, "queue empty", func(s status) bool { return s.Queue.Records == 0 })
	r.die(faultEIO, func() { _, _ = g.stop(30 * time.Second) }) // it cannot write down what it knows, and says so
	r.disk.remount(r.t)
	r.feed.speak()
	r.begin()
}

// noticeSilence lets both directions vanish, and wants the gateway to find out.
func (r *ordeal) noticeSilence() {
	r.t.Helper()
	g := r.life().g
	r.heal()
	g.awaitStatus(drainLimit, "a connection", func(s status) bool { return s.Link.State == "ready" })
	begun := time.Now()
	r.cloud.link.set(loseBoth)
	lost := g.expect(keepalive*3/2+startLimit, "half-open connection noticed", func(l line) bool {
		return state("lost")(l) && l.field("board") == "" && l.at.After(begun)
	})
	took := lost.at.Sub(begun)
	r.noticed = append(r.noticed, took)
	if took > keepalive*3/2+time.Second {
		r.fail("a half-open connection was noticed after %v, want %v", took, keepalive*3/2)
	}
	r.until(0, true, r.cloud.link.heal)
}

// badReload offers a file with a mistake.
func (r *ordeal) badReload() {
	r.t.Helper()
	g := r.life().g
	r.conf.board["bawd"] = "9600"
	r.conf.write()
	g.signal(syscall.SIGHUP)
	g.expect(startLimit, "configuration refused", saying("refused"))
	delete(r.conf.board, "bawd")
	r.conf.write()
}

// goodReload changes something that neither port nor queue needs to know.
func (r *ordeal) goodReload(n int) {
	r.t.Helper()
	g := r.life().g
	r.conf.onenet["history_values"] = []string{"100", "60", "20"}[n%3]
	r.conf.write()
	g.signal(syscall.SIGHUP)
	g.expect(startLimit, "configuration applied", saying("configuration read again"))
}

// sparePty takes the next name, so that nobody else gets it.
func sparePty(t *testing.T) *os.File {
	t.Helper()
	master, slave, err := pty.Open()
	must(t, err)
	_ = slave.Close()
	return master
}

// clockTrue is a clock that the kernel calls synchronised, and is.
var clockTrue = clocktest.State{Synced: true}

// clock is how the clock stands at the start: every second schedule with steps
// begins as a machine without a clock battery does.
func (p *plan) clock() clocktest.State {
	if p.theme == themeClock && p.seed/uint64(len(themes))%2 == 1 {
		return clocktest.State{Off: -3 * time.Hour}
	}
	return clockTrue
}

// stepClock sets the wall clock wrong, or only loses faith in it, and sets it
// right later. The kernel says synchronised only where it is true.
func (r *ordeal) stepClock(a act) {
	r.t.Helper()
	const year = 365 * 24 * time.Hour
	off := []time.Duration{time.Hour, -time.Hour, 50 * year, -50 * year, 0}[a.n%5]
	must(r.t, r.clock.Set(clocktest.State{Off: off}))
	clock := r.clock
	r.until(a.lasts, false, func() { _ = clock.Set(clockTrue) }) // heal does it again, and looks
}
