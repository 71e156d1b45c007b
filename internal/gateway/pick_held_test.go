package gateway

import (
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/reading"
)

// heldModel adds to a pickModel what looking ahead may meet: records that wait
// for their time, such as never get one, damaged ones, and those of a newer
// version, which stay.
type heldModel struct {
	*pickModel
	pending bool // the clock has not been set
	newer   map[uint64]bool
}

func newHeldModel(t *testing.T, cfg Uplink, seed uint64) *heldModel {
	m := &heldModel{pickModel: newPickModel(t, cfg, seed), pending: true, newer: map[uint64]bool{}}
	cfg.ClockWait = time.Hour
	cfg.Resolve = m.resolve
	m.p.hold = newHold(cfg, Deps{Queue: m.q, Log: zerolog.Nop()}, &uplinkCounters{})
	m.p.hold.connected()
	m.p.linkUp()
	m.p.lost = func(seq uint64, _ error) {
		if !m.newer[seq] {
			m.p.done(seq)
			m.q.Ack(seq)
		}
	}
	return m
}

func (m *heldModel) resolve(s reading.Stamp) (reading.Stamp, reading.Certainty) {
	switch {
	case s.Boot%3 == 0:
		return s, reading.TimeUnknown
	case m.pending:
		return s, reading.TimePending
	}
	s.Synced = true
	return s, reading.TimeKnown
}

func (m *heldModel) next() []reading.Entry {
	m.p.hold.begin()
	return m.pickModel.next()
}

func (m *heldModel) append(record []byte) uint64 {
	seq, err := m.q.Append(record)
	if err != nil {
		m.t.Fatal(err)
	}
	return seq
}

func (m *heldModel) addUntimed() {
	seq := m.q.NextSeq()
	m.append(reading.AppendRecord(nil, reading.Reading{
		Board: "press", Message: "env", Stamp: reading.Stamp{Wall: int64(seq), Boot: int64(seq), BootID: reading.BootID{1}},
		Props: []reading.Property{{Name: fmt.Sprintf("p%d", m.rng.IntN(5)), Value: reading.UintValue(seq)}},
	}))
	m.waiting[seq] = true
}

func (m *heldModel) addUnreadable() {
	if m.rng.IntN(2) == 0 {
		m.append([]byte{1, 2, 3})
		return
	}
	m.newer[m.append([]byte{99, 1})] = true
}

// TestPicker_FollowsModelOverHeldAndUnreadable: none of those makes it forget
// another record.
func TestPicker_FollowsModelOverHeldAndUnreadable(t *testing.T) {
	for name, cfg := range pickUplinks {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(60) {
				m := newHeldModel(t, cfg, seed)
				steps := []func(){
					m.add, m.add, m.add, m.addUntimed, m.addUntimed, m.addUnreadable, m.confirm, m.confirm, m.confirm,
					m.release, m.setAside, m.unsetAside, m.retry, m.unreadable, func() { m.next() }, func() { m.next() },
				}
				rare := []func(){m.p.linkUp, m.drop, func() { m.pending = !m.pending }}
				for range 600 {
					if m.rng.IntN(40) == 0 {
						rare[m.rng.IntN(len(rare))]()
						continue
					}
					steps[m.rng.IntN(len(steps))]()
				}
				m.pending = false
				m.unsetAside()
				for len(m.posts) > 0 {
					m.release()
				}
				for len(m.next()) > 0 {
					m.confirm()
				}
				m.wantNoneForgotten(seed)
			}
		})
	}
}

func (m *heldModel) wantNoneForgotten(seed uint64) {
	m.t.Helper()
	if len(m.waiting)+len(m.again) != 0 {
		m.t.Fatalf("seed %d: forgotten: %v, %v", seed, m.waiting, m.again)
	}
	for seq := range m.p.taken {
		if m.q.holds(seq) && !m.newer[seq] {
			m.t.Fatalf("seed %d: record %d stays taken", seed, seq)
		}
	}
	for seq := range m.p.hold.sent {
		if m.q.holds(seq) {
			m.t.Fatalf("seed %d: what became of the time of record %d is not forgotten", seed, seq)
		}
	}
}
