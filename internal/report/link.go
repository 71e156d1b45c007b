package report

import (
	"time"

	"serialgw/internal/reading"
)

// LinkMessage is the message of the readings that say how the link is.
const LinkMessage = "link"

// LinkCounts are what a board's scanner has counted since it was started.
type LinkCounts struct {
	Frames      uint64 // accepted
	FrameBytes  uint64 // in them
	Noise       uint64 // bytes in no frame
	CheckFailed uint64 // frames whose check failed
	Lost        uint64 // frames missing according to the sequence number
	Repeated    uint64 // frames with the number of the one before
}

const (
	linkOK = iota
	linkExplained
	linkFrames
	linkCheckFailed
	linkNoise
	linkLost
	linkRepeated
)

// explainedDigits are the decimals of link_explained.
const explainedDigits = 3

// LinkProperties returns what Link says, under the names that rename takes.
// Frames without a sequence number leave lost and repeated out.
func LinkProperties(numbered bool) []Property {
	names := []string{"link_ok", "link_explained", "link_frames", "link_check_failed", "link_noise", "link_lost", "link_repeated"}
	if !numbered {
		names = names[:linkLost]
	}
	out := make([]Property, len(names))
	for i, name := range names {
		out[i] = Property{Message: LinkMessage, Name: name, Identifier: name, Kind: reading.Int}
	}
	out[linkOK].Kind = reading.Bool
	out[linkExplained].Kind, out[linkExplained].Digits = reading.Decimal, explainedDigits
	return out
}

// Link makes readings of a board's link, one at the end of each interval,
// whether the board says anything or not.
type Link struct {
	every  time.Duration
	names  []string
	begun  bool
	start  reading.Stamp
	before LinkCounts // at start
	out    reading.Reading
}

// NewLink says how the link is once in every; identifier gives the cloud's name
// for a property.
func NewLink(board string, every time.Duration, numbered bool, identifier func(string) string) *Link {
	l := &Link{every: every, out: reading.Reading{Board: board, Message: LinkMessage}}
	for _, p := range LinkProperties(numbered) {
		l.names = append(l.names, identifier(p.Name))
	}
	return l
}

// Due returns when Take has something to say.
func (l *Link) Due() (reading.Stamp, bool) { return l.start.Add(l.every), l.begun }

// Take returns the reading of an interval that has ended, or nil. The first
// interval begins with the first call, and anew where the time went back. The
// result is valid until the next call.
func (l *Link) Take(now reading.Stamp, c LinkCounts) *reading.Reading {
	switch gone := now.Since(l.start); {
	case !l.begun || now.BootID != l.start.BootID || gone < -backwards:
		l.begun, l.start, l.before = true, now, c
		return nil
	case gone < l.every:
		return nil
	}
	l.out.Stamp, l.out.Props = now, l.out.Props[:0]
	for i, name := range l.names {
		if v, ok := l.value(i, c); ok {
			l.out.Props = append(l.out.Props, reading.Property{Name: name, Value: v})
		}
	}
	l.start, l.before = gridded(now, l.start, l.every), c
	return &l.out
}

// value is false for what is not known: a share of no bytes.
func (l *Link) value(i int, c LinkCounts) (reading.Value, bool) {
	switch i {
	case linkOK:
		return reading.BoolValue(c.Frames > l.before.Frames), true
	case linkExplained:
		good := c.FrameBytes - l.before.FrameBytes
		all := good + c.Noise - l.before.Noise
		if all == 0 {
			return reading.Value{}, false
		}
		return reading.DecimalValue(int64((good*1000+all/2)/all), explainedDigits), true
	}
	counts := [...]uint64{linkFrames: c.Frames, linkCheckFailed: c.CheckFailed, linkNoise: c.Noise, linkLost: c.Lost, linkRepeated: c.Repeated}
	return reading.IntValue(int64(counts[i])), true
}
