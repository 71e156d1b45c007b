package gateway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/reading"
)

var pickUplinks = map[string]Uplink{
	"LiveFirst":          {PostInterval: time.Second, InFlight: 16},
	"LiveFirstHistory":   {PostInterval: time.Second, InFlight: 16, History: true, HistoryValues: 6},
	"OldestFirst":        {PostInterval: time.Second, InFlight: 16, OldestFirst: true},
	"OldestFirstHistory": {PostInterval: time.Second, InFlight: 16, OldestFirst: true, History: true, HistoryValues: 6},
	"NoPace":             {InFlight: 16},
	"NoPaceHistory":      {InFlight: 16, History: true, HistoryValues: 6},
}

// numbered is a record of one to three properties whose values are its number.
func numbered(rng *rand.Rand, seq uint64) []byte {
	r := reading.Reading{Board: "press", Message: "env", Stamp: stampNow()}
	for _, i := range rng.Perm(5)[:1+rng.IntN(3)] {
		r.Props = append(r.Props, reading.Property{Name: fmt.Sprintf("p%d", i), Value: reading.UintValue(seq)})
	}
	return reading.AppendRecord(nil, r)
}

// pickModel does to a picker what a deliver loop does, in any order, and knows
// where each record must be.
type pickModel struct {
	t       *testing.T
	rng     *rand.Rand
	q       *memQueue
	p       *picker
	waiting map[uint64]bool // in the queue and free to be chosen
	aside   map[uint64]bool
	again   map[uint64]bool // to be sent by itself
	posts   [][]reading.Entry

	newest  map[string]uint64 // the newest record with each property
	shown   map[string]uint64 // the newest that a property/post brought
	dropped bool              // some record was: perhaps the one that was to be shown
}

func newPickModel(t *testing.T, cfg Uplink, seed uint64) *pickModel {
	m := &pickModel{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), q: newMemQueue(),
		waiting: map[uint64]bool{}, aside: map[uint64]bool{}, again: map[uint64]bool{},
		newest: map[string]uint64{}, shown: map[string]uint64{},
	}
	m.p = &picker{queue: m.q, cfg: cfg, taken: make(map[uint64]bool), display: newDisplay()}
	m.p.lost = func(seq uint64, err error) { t.Fatalf("record %d: %v", seq, err) }
	m.p.gone = func(seq uint64) {
		if m.q.holds(seq) {
			t.Fatalf("record %d is said to be gone", seq)
		}
		delete(m.again, seq)
	}
	return m
}

func (m *pickModel) add() {
	record := numbered(m.rng, m.q.NextSeq())
	seq, err := m.q.Append(record)
	if err != nil {
		m.t.Fatal(err)
	}
	m.waiting[seq] = true
	r, err := reading.ParseRecord(record)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, p := range r.Props {
		m.newest[p.Name] = seq
	}
}

// next checks what the picker chose.
func (m *pickModel) next() []reading.Entry {
	entries := m.p.next()
	repeated, values, names := false, 0, map[string]bool{}
	for i, e := range entries {
		switch {
		case m.again[e.Seq]:
			delete(m.again, e.Seq)
		case !m.waiting[e.Seq]:
			m.t.Fatalf("record %d was chosen; it is not free", e.Seq)
		}
		delete(m.waiting, e.Seq)
		if i > 0 && e.Seq <= entries[i-1].Seq {
			m.t.Fatalf("record %d behind %d in one post", e.Seq, entries[i-1].Seq)
		}
		for _, p := range e.Reading.Props {
			repeated = repeated || names[p.Name]
			names[p.Name] = true
			values++
		}
	}
	cfg := m.p.cfg
	if len(entries) > 1 && repeated && (!cfg.History || values > cfg.HistoryValues) {
		m.t.Fatalf("%d records with %d values and a property twice", len(entries), values)
	}
	if len(entries) > 0 {
		m.posts = append(m.posts, entries)
	}
	return entries
}

// settle takes a random post out of those on their way.
func (m *pickModel) settle() []reading.Entry {
	if len(m.posts) == 0 {
		return nil
	}
	i := m.rng.IntN(len(m.posts))
	entries := m.posts[i]
	m.posts = slices.Delete(m.posts, i, i+1)
	for _, e := range entries { // nobody wrote over it meanwhile
		for _, p := range e.Reading.Props {
			if p.Value.Uint64() != e.Seq {
				m.t.Fatalf("record %d carries the value of %d", e.Seq, p.Value.Uint64())
			}
		}
	}
	return entries
}

func (m *pickModel) confirm() {
	entries := m.settle()
	shows := !repeats(entries)
	for _, e := range entries {
		for _, p := range e.Reading.Props {
			if shows {
				m.shown[p.Name] = max(m.shown[p.Name], e.Seq)
			}
		}
		m.p.done(e.Seq)
		m.q.Ack(e.Seq)
	}
	m.p.recycle(entries)
}

func (m *pickModel) release() {
	for _, e := range m.settle() {
		m.p.release(e.Seq)
		m.free(e.Seq)
	}
}

// free: what a full queue dropped meanwhile does not come back.
func (m *pickModel) free(seq uint64) {
	if m.q.holds(seq) {
		m.waiting[seq] = true
	}
}

func (m *pickModel) setAside() {
	for _, e := range m.settle() {
		m.p.setAside(e.Seq)
		m.aside[e.Seq] = true
	}
}

func (m *pickModel) unsetAside() {
	for seq := range m.aside {
		delete(m.aside, seq)
		m.p.release(seq)
		m.free(seq)
	}
}

// retry splits a refused post, as finding the guilty record does.
func (m *pickModel) retry() {
	entries := m.settle()
	for half := range slices.Chunk(entries, max(len(entries)/2, 1)) {
		var seqs []uint64
		for _, e := range half {
			seqs = append(seqs, e.Seq)
			m.again[e.Seq] = true
		}
		m.p.retry(seqs...)
	}
}

// unreadable is a moment in which some records or all cannot be read.
func (m *pickModel) unreadable() {
	odds := 1 + m.rng.IntN(3)
	m.q.shorten(func() error {
		if m.rng.IntN(odds) == 0 {
			return errShort
		}
		return nil
	})
	m.next()
	m.q.shorten(nil)
}

// drop takes the oldest record away, as a full queue does.
func (m *pickModel) drop() {
	if seq, _, err := m.q.Read(0); err == nil {
		m.q.drop(seq)
		m.dropped = true
		delete(m.waiting, seq)
		delete(m.aside, seq)
	}
}

// TestPicker_FollowsModel: whatever is confirmed, lost, refused, set aside,
// dropped or unreadable for a moment, in whatever order and on however many
// connections, a record is never on its way twice, and none is forgotten. The
// newest value of each property went by property/post.
func TestPicker_FollowsModel(t *testing.T) {
	for name, cfg := range pickUplinks {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(40) {
				m := newPickModel(t, cfg, seed)
				steps := []func(){
					m.add, m.add, m.add, m.add, m.confirm, m.confirm, m.confirm, m.release, m.setAside, m.unsetAside, m.retry,
					func() { m.next() }, func() { m.next() }, func() { m.next() }, m.unreadable,
				}
				rare := []func(){m.p.linkUp, m.drop}
				if seed%2 == 0 { // without it the newest value can be looked for
					rare[1] = m.p.linkUp
				}
				for range 400 {
					if m.rng.IntN(40) == 0 {
						rare[m.rng.IntN(len(rare))]()
						continue
					}
					steps[m.rng.IntN(len(steps))]()
				}
				m.unsetAside()
				for len(m.posts) > 0 {
					m.release()
				}
				for len(m.next()) > 0 {
					m.confirm()
				}
				if n := m.q.waiting(); n != 0 || len(m.waiting)+len(m.again) != 0 {
					t.Fatalf("seed %d: %d records forgotten: %v, %v", seed, n, m.waiting, m.again)
				}
				for name, seq := range m.newest {
					if !m.dropped && m.shown[name] != seq {
						t.Fatalf("seed %d: of %s, record %d was shown last, and %d is the newest", seed, name, m.shown[name], seq)
					}
				}
				for seq := range m.p.taken {
					if m.q.holds(seq) {
						t.Fatalf("seed %d: record %d stays taken", seed, seq)
					}
				}
			}
		})
	}
}

// ackLog is a queue that notes each call of Ack.
type ackLog struct {
	*memQueue
	calls [][]uint64
}

func (q *ackLog) Ack(seqs ...uint64) {
	q.calls = append(q.calls, slices.Clone(seqs))
	q.memQueue.Ack(seqs...)
}

// TestDeliver_BurstsOfVerdicts gives verdicts in bursts and out of order, late
// ones among them: what was confirmed has left the queue at the end of its
// burst, by one call and one more for each late one, and nothing else ever has.
func TestDeliver_BurstsOfVerdicts(t *testing.T) {
	for name, up := range pickUplinks {
		up.PostInterval = 0 // the test is the pace
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				runBursts(t, up, rand.New(rand.NewPCG(seed, 3)))
			}
		})
	}
}

func runBursts(t *testing.T, up Uplink, rng *rand.Rand) {
	t.Helper()
	q := &ackLog{memQueue: newMemQueue()}
	cloud := newCloud(func(sent) reading.Outcome { return reading.Outcome{} }) // the test answers
	up.Publisher = cloud
	acked := 0
	d := newDeliver(up, Deps{Queue: q, Log: zerolog.Nop(), Acked: func() { acked++ }}, make(chan struct{}, 1), make(chan struct{}, 1), time.Second)
	good := map[uint64]bool{} // confirmed, as the cloud has told
	told := map[uint64]int{}  // how often, by all attempts
	answered := 0             // posts given to open or lost so far
	var open, lost []sent
	round := func(fail bool) {
		cloud.outcomes <- reading.Outcome{Link: reading.LinkReady} // begins the burst
		rng.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
		fresh, late := 0, 0
		confirm := func(p sent) {
			for _, seq := range p.seqs() {
				if !good[seq] {
					fresh++
				}
				good[seq] = true
				told[seq]++
			}
		}
		for n := rng.IntN(len(open) + 1); n > 0 || !fail && len(open) > 0; n-- {
			p := open[0]
			open = open[1:]
			if fail && rng.IntN(3) == 0 {
				cloud.answer(p, reading.Outcome{Verdict: reading.Lost})
				lost = append(lost, p)
				continue
			}
			cloud.answer(p, reading.Outcome{Verdict: reading.Confirmed, Code: 200})
			confirm(p)
		}
		for len(lost) > 0 && rng.IntN(3) == 0 { // given up, and yet it came through
			p := lost[0]
			lost = lost[1:]
			cloud.answer(p, reading.Outcome{Verdict: reading.Confirmed, Code: 200, Late: true})
			confirm(p)
			late++
		}
		calls := len(q.calls)
		d.settleBurst(<-cloud.outcomes)
		if n := len(q.calls) - calls; n > 1+late || n == 0 && fresh > 0 || acked != len(q.calls) {
			t.Fatalf("%d calls of Ack for %d records confirmed in one burst; %d told", n, fresh, acked)
		}
		for _, seq := range slices.Concat(q.calls[calls:]...) {
			if told[seq]--; told[seq] < 0 {
				t.Fatalf("record %d was acknowledged more often than confirmed", seq)
			}
		}
		for seq := uint64(1); seq < q.NextSeq(); seq++ {
			if q.holds(seq) == good[seq] {
				t.Fatalf("record %d: confirmed %v, in the queue %v", seq, good[seq], q.holds(seq))
			}
		}
		d.step()
		posts := cloud.seen()
		open = append(open, posts[answered:]...)
		answered = len(posts)
	}
	for range 40 {
		for range rng.IntN(20) {
			if _, err := q.Append(numbered(rng, q.NextSeq())); err != nil {
				t.Fatal(err)
			}
		}
		round(true)
	}
	for range 1000 {
		if q.waiting() == 0 {
			return
		}
		round(false)
	}
	t.Fatalf("%d records never got through", q.waiting())
}
