package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/clock"
	"serialgw/internal/cloud"
	"serialgw/internal/gateway"
	"serialgw/internal/reading"
)

// clockFile keeps, in the state directory, what is needed to give readings of an
// earlier boot their true time.
const clockFile = "clock.json"

// offLeast is the least error of the clock that is worth a word.
const offLeast = 10 * time.Millisecond

// restoreClock reads what earlier runs knew. Without it the gateway works on:
// readings of an earlier boot may then have no time.
func (n *node) restoreClock() {
	text, err := os.ReadFile(filepath.Join(n.dir, clockFile))
	if err == nil {
		err = n.clock.Restore(text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		n.log.Warn().Err(err).Msg("cannot read what was known of the clock; readings of an earlier start may go without their time")
	}
}

// giveTimes makes an uplink give each reading its true time.
func (n *node) giveTimes(up *gateway.Uplink, c cloud.Config) {
	wait, believed := c.ClockRule()
	if n.options.noWait {
		wait = 0
	}
	up.ClockWait, up.Resolve = wait, n.clock.Resolve
	if believed {
		up.Resolve = n.believe
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.believed, n.waits = believed, wait > 0
}

// believe is for a broker that reads the same clock as we do. It too takes no
// time of 1970.
func (n *node) believe(s reading.Stamp) (reading.Stamp, reading.Certainty) {
	s, sure := n.clock.Resolve(s)
	if sure != reading.TimeKnown && cloud.Plausible(s) {
		s.Synced, sure = true, reading.TimeKnown
	}
	return s, sure
}

// tellClock says at the start whether the clock is right, and what follows; it
// returns what it has said.
func (n *node) tellClock() clock.State {
	wait, believed := n.cfg.OneNET.ClockRule()
	s := n.clock.State()
	switch {
	case s.By != clock.Nobody:
		n.log.Info().Stringer("by", s.By).Msg("the clock is synchronised")
	case s.Anchored:
		n.log.Info().Msg("the clock is not synchronised any more; times are reckoned from when it was")
	case believed:
		n.log.Info().Msg("the clock is not synchronised; the broker is on this machine and has the same clock, so it is believed")
	case n.options.noWait: // the verb says it
	case wait == 0:
		n.log.Warn().Msg("the clock is not synchronised; readings go without their time until it is")
	default:
		n.log.Warn().Msgf("the clock is not synchronised; readings wait for it, at most %s after the first connection, then go without their time", span(wait))
	}
	return s
}

// watchClock says what becomes of the clock after what was said, and keeps what
// later boots need.
func (n *node) watchClock(ctx context.Context, said clock.State) {
	k := clockKeeper{path: filepath.Join(n.dir, clockFile), log: n.log}
	for {
		select {
		case <-ctx.Done():
			k.save(n.clock)
			return
		case <-k.again():
		case <-n.clock.Changed():
			now := n.clock.State()
			n.clockChanged(said, now)
			said = now
		}
		k.save(n.clock)
	}
}

func (n *node) clockChanged(was, now clock.State) {
	off := now.Off.Round(time.Millisecond)
	switch {
	case now.By == clock.Nobody && was.By != clock.Nobody:
		n.log.Warn().Msg("the clock is not synchronised any more; times are reckoned from when it was")
	case now.By != clock.Nobody && was.By == clock.Nobody:
		line := n.log.Info().Stringer("by", now.By)
		if off.Abs() >= offLeast {
			line.Stringer("it_was_ahead", off)
		}
		line.Msg("the clock is synchronised")
	case now.Off != was.Off:
		n.log.Warn().Stringer("by", now.By).Stringer("it_was_ahead", off).Msg("the clock was set anew; readings that have a time keep it")
	}
}

// saveAgain is how long after a failure it is tried to save again.
const saveAgain = time.Minute

// clockKeeper writes what is to be kept of the clock.
type clockKeeper struct {
	path    string
	waiting []byte // what the last attempt could not write
	log     zerolog.Logger
}

// again returns what tells when to save again though nothing has changed: a power
// cut must not find unwritten what a full disk once refused. Else nil.
func (k *clockKeeper) again() <-chan time.Time {
	if k.waiting == nil {
		return nil
	}
	return time.After(saveAgain)
}

// save writes what has changed, and what could not be written before.
func (k *clockKeeper) save(c interface{ Save() ([]byte, error) }) {
	text, err := c.Save()
	again := k.waiting != nil
	if text == nil {
		text = k.waiting
	}
	if err == nil && text != nil {
		err = replaceFile(k.path, string(text))
	}
	if k.waiting = nil; err != nil {
		k.waiting = text
		if !again {
			k.log.Warn().Err(err).Msg("cannot keep what is known of the clock; after a reboot readings of this boot may go without their time")
		}
	}
}

// clockStatus is what "status" says of the clock.
type clockStatus struct {
	Synchronised bool   `json:"synchronised"`
	By           string `json:"by,omitempty"` // whose word that is
	Anchored     bool   `json:"anchored"`     // it was in this boot: times are reckoned from that
	Believed     bool   `json:"believed"`     // the broker has the same clock
	Waited       bool   `json:"waited_for"`   // readings wait until it is synchronised
}

func (n *node) clockStatus() clockStatus {
	s := n.clock.State()
	n.mu.Lock()
	defer n.mu.Unlock()
	c := clockStatus{Synchronised: s.By != clock.Nobody, Anchored: s.Anchored, Believed: n.believed, Waited: n.waits}
	if c.Synchronised {
		c.By = s.By.String()
	}
	return c
}

// String says it in words.
func (c clockStatus) String() string {
	switch {
	case c.Synchronised:
		return "synchronised, says " + c.By
	case c.Anchored:
		return "not synchronised any more; times are reckoned from when it was"
	case c.Believed:
		return "no time service has set it, and none is needed here: the broker is on this machine and has the same clock"
	case !c.Waited:
		return "not synchronised; readings go without a time"
	}
	return "not synchronised"
}

// clockNews says what that has meant for the readings, if anything.
func clockNews(u gateway.UplinkStatus, now time.Time) string {
	text := ""
	if u.Unclocked > 0 {
		text += fmt.Sprintf(", %s for it, %s more at most", readingsWait(u.Unclocked), span(max(u.ClockUntil.Sub(now), 0)))
	}
	if u.Untimed > 0 {
		text += fmt.Sprintf(", %s went without a time", count(u.Untimed, "reading"))
	}
	if u.Corrected > 0 {
		text += fmt.Sprintf(", %s corrected", count(u.Corrected, "reading"))
	}
	return text
}
