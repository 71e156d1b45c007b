package cloud

import (
	"fmt"
	"math/rand/v2"
	"time"

	"serialgw/internal/reading"
)

const (
	networkFirst = 2 * time.Second
	networkMost  = time.Minute
	refusedFirst = 30 * time.Second
	refusedMost  = 10 * time.Minute

	// soundLife is how long a connection must last to count as a success.
	soundLife = 10 * time.Second
	// soundPosts confirmed prove the same in less time: the platform's pace
	// does not allow a twin to get so far before it is kicked.
	soundPosts = 32
	// suspectAfter short connections in a row, something kicks us out.
	suspectAfter = 3
	suspectWait  = time.Minute

	// banAfter connections in a row that the peer took and closed before it
	// answered the login, it is as if we were banned: a ban lasts 5 minutes.
	banAfter = 5
	banWait  = 5 * time.Minute

	// Two logins in loginWindow are allowed by every text of the platform; a
	// third may cost a ban of five minutes. [ONENET-18]
	loginWindow = 5 * time.Second
)

// endKind is how a connection, or the attempt at one, ended.
type endKind uint8

const (
	endStopped endKind = iota // we were told to
	endNetwork                // not reached, or no proper answer
	endClosed                 // taken, and closed before the CONNACK
	endLogin                  // CONNACK with a code
	endTopics                 // the subscription was refused
	endDropped                // it had been logged in
)

type ending struct {
	kind endKind
	err  error
	code byte          // endLogin: the CONNACK's
	life time.Duration // endDropped: since the login

	confirmed uint64 // endDropped: posts since the login
}

// backoff decides how long to wait before the next attempt. The zero value is
// ready for use.
type backoff struct {
	network time.Duration // the last wait of each kind; 0 = none since a success
	refused time.Duration
	short   int // connections in a row that did not live
	closed  int // in a row, before the CONNACK

	attempts [2]reading.Stamp // the last two, oldest first
}

// began notes an attempt.
func (b *backoff) began(now reading.Stamp) { b.attempts = [2]reading.Stamp{b.attempts[1], now} }

// after returns the wait that an ending calls for, and whether news from the
// network may cut it short.
func (b *backoff) after(end ending) (wait time.Duration, network bool) {
	if b.closed++; end.kind != endClosed {
		b.closed = 0
	}
	switch end.kind {
	case endClosed:
		if b.banned() {
			return jitter(banWait), false
		}
	case endLogin, endTopics:
		b.refused = grow(b.refused, refusedFirst, refusedMost)
		return jitter(b.refused), false
	case endDropped:
		if end.life >= soundLife || end.confirmed >= soundPosts {
			*b = backoff{attempts: b.attempts}
		} else if b.short++; b.suspicious() {
			return jitter(suspectWait), false
		}
	}
	b.network = grow(b.network, networkFirst, networkMost)
	return jitter(b.network), true
}

// suspicious reports whether something other than the network must be at work.
// [ONENET-20]
func (b *backoff) suspicious() bool { return b.short >= suspectAfter }

// banned reports whether the platform seems to have locked us out. [ONENET-18]
func (b *backoff) banned() bool { return b.closed >= banAfter }

// pace returns how long the platform's login limit wants us to wait.
func (b *backoff) pace(now reading.Stamp) time.Duration {
	var wait time.Duration
	if last := b.attempts[1]; !last.IsZero() {
		wait = networkFirst - now.Since(last)
	}
	if before := b.attempts[0]; !before.IsZero() {
		wait = max(wait, loginWindow+time.Millisecond-now.Since(before))
	}
	return max(wait, 0)
}

func grow(last, first, most time.Duration) time.Duration { return min(max(2*last, first), most) }

// jitter adds up to a quarter, so that a hundred gateways behind one router do
// not come back as one.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/4) }

const loginHelp = "the platform gives code 4 for every cause; check, in this order: " +
	"onenet.product, onenet.device (exact spelling, and created in the console), " +
	"onenet.key (the device's key; with level = \"product\" the product's access key; never the account's), " +
	"this machine's clock, " +
	"that the product's protocol is MQTT with the thing model, " +
	"and onenet.address (on heclouds.com try the product's own host by leaving it empty); " +
	"the console's device log names the true cause"

const suspectHelp = "dropped within seconds of the login, again and again: a second program is logged in with the same device name " +
	"(the newer login wins), or the platform does not allow a topic that we post to"

const banHelp = "it takes the connection and closes it before it answers the login, again and again: " +
	"after too many logins within seconds the platform locks a device out for 5 minutes " +
	"(is a second program logging in with the same device name?); " +
	"if it goes on, check onenet.tls and the port of onenet.address"

// explain words an ending for people.
func (b *backoff) explain(end ending, target string) Event {
	switch end.kind {
	case endLogin: // [ONENET-19]
		text := fmt.Sprintf("%s refused the login with code %d", target, end.code)
		if end.code == 4 || end.code == 5 {
			text += ": " + loginHelp
		}
		return Event{Kind: EventRefused, Code: int(end.code), Text: text}
	case endClosed:
		if b.banned() {
			return Event{Kind: EventSuspect, Text: fmt.Sprintf("%s: %s; the last attempt ended with: %v", target, banHelp, end.err)}
		}
	case endTopics:
		return Event{Kind: EventRefused, Text: fmt.Sprintf("%s: %v", target, end.err)}
	case endDropped:
		if b.suspicious() {
			return Event{Kind: EventSuspect, Text: fmt.Sprintf("%s: %s; the connection ended with: %v", target, suspectHelp, end.err)}
		}
		return Event{Kind: EventLost, Text: fmt.Sprintf("connection to %s lost after %v: %v", target, end.life.Round(time.Second), end.err)}
	}
	return Event{Kind: EventFailed, Text: fmt.Sprintf("cannot connect to %s: %v", target, end.err)}
}
