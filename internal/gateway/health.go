package gateway

import "time"

// dropQuiet without a further dropped record ends a drop episode.
const dropQuiet = time.Minute

// Health is what the queue says of itself.
type Health struct {
	Dropped  uint64 // records dropped for want of room
	InMemory bool   // the disk refuses: the newest records are in memory only
	Damaged  uint64 // records lost to damage
}

// healthLog writes down what changes in the queue's health, once an episode.
type healthLog struct {
	deps     Deps
	last     Health
	before   uint64    // dropped before the episode
	dropping bool      // an episode runs
	until    time.Time // its end, when nothing more is dropped
}

func newHealthLog(deps Deps) *healthLog {
	h := &healthLog{deps: deps}
	if deps.Health != nil {
		h.last = deps.Health()
		h.last.InMemory = false
	}
	return h
}

// due fires when a drop episode may have ended.
func (h *healthLog) due() <-chan time.Time {
	if !h.dropping {
		return nil
	}
	return time.After(max(time.Until(h.until), minWait))
}

func (h *healthLog) look() {
	if h.deps.Health == nil {
		return
	}
	last, now := h.last, h.deps.Health()
	h.last = now
	log := h.deps.Log
	switch {
	case now.Dropped > last.Dropped:
		if !h.dropping {
			h.dropping, h.before = true, last.Dropped
			log.Warn().Msg("the queue is full; the oldest records are dropped")
		}
		h.until = time.Now().Add(dropQuiet)
	case h.dropping && !time.Now().Before(h.until):
		h.dropping = false
		log.Info().Uint64("records", now.Dropped-h.before).Msg("the queue no longer drops records")
	}
	if now.InMemory && !last.InMemory {
		log.Error().Msg("the disk refuses; the newest records are in memory only")
	}
	if !now.InMemory && last.InMemory {
		log.Info().Msg("the newest records are on the disk again")
	}
	if now.Damaged > last.Damaged {
		log.Error().Uint64("records", now.Damaged-last.Damaged).Msg("stored records were lost to damage")
	}
}
