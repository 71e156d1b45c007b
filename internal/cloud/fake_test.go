package cloud

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/reading"
)

const (
	testKey   = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	testThing = "$sys/Abcdef1234/board-01/thing/"
)

func testConfig() Config {
	cfg := Defaults()
	cfg.Product, cfg.Device, cfg.Key = "Abcdef1234", "board-01", testKey
	return cfg
}

// rig is a running client with its broker and everything it has said.
type rig struct {
	t      *testing.T
	b      *broker
	c      *Client
	cancel context.CancelFunc
	ended  chan struct{}

	mu     sync.Mutex
	events []Event
}

func start(t *testing.T, cfg Config, b *broker) *rig {
	t.Helper()
	r := &rig{t: t, b: b, ended: make(chan struct{})}
	c, err := New(cfg, r.clock, Options{Dial: b.dial, OnEvent: r.onEvent})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	r.c = c
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		defer close(r.ended)
		if err := c.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(r.stop)
	return r
}

func (r *rig) stop() {
	r.cancel()
	<-r.ended
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	for _, c := range r.b.conns {
		_ = c.Close()
	}
}

// stampAt is a trusted stamp that many seconds after the release date.
func stampAt(d time.Duration) reading.Stamp {
	return reading.Stamp{Wall: released*1e9 + int64(d), Boot: int64(d), Synced: true}
}

// epochGap, in ns, leads from the bubble's epoch to a sound date.
const epochGap = 27 * 365 * 24 * 3600 * 1e9

func (r *rig) clock() reading.Stamp {
	now := time.Now().UnixNano()
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	return reading.Stamp{Wall: now + epochGap + int64(r.b.step), Boot: now, Synced: !r.b.unsynced}
}

func (r *rig) onEvent(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *rig) kinds(kind EventKind) (found []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// pass lets virtual time go by.
func (r *rig) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// next returns the next outcome; a day of silence fails the test.
func (r *rig) next() reading.Outcome {
	r.t.Helper()
	select {
	case o := <-r.c.Outcomes():
		return o
	case <-time.After(24 * time.Hour):
		r.t.Fatalf("no outcome; status %+v", r.c.Status())
		return reading.Outcome{}
	}
}

func (r *rig) awaitLink(want reading.LinkState) {
	r.t.Helper()
	for {
		if o := r.next(); o.Post == 0 && o.Link == want {
			return
		}
	}
}

func (r *rig) post(entries ...reading.Entry) uint64 {
	r.t.Helper()
	id, err := r.c.Post(entries)
	if err != nil {
		r.t.Fatalf("Post: %v", err)
	}
	r.c.Flush()
	return id
}

func entry(seq uint64, at reading.Stamp, props ...reading.Property) reading.Entry {
	return reading.Entry{Seq: seq, Reading: reading.Reading{Board: "b", Message: "m", Stamp: at, Props: props}}
}

func volt(mv int64) reading.Property {
	return reading.Property{Name: "volt", Value: reading.DecimalValue(mv, 3)}
}

// checkNoSecret fails when the key or a signature is to be seen in text.
func (r *rig) checkNoSecret() {
	r.t.Helper()
	r.mu.Lock()
	text := fmt.Sprintf("%+v %+v", r.events, r.c.cfg)
	r.mu.Unlock()
	text += fmt.Sprintf("%+v %#v", r.c.Status(), r.c.cfg)
	secrets := []string{testKey}
	r.b.mu.Lock()
	for _, l := range r.b.logins {
		_, sign, _ := bytes.Cut(l.Password, []byte("sign="))
		if len(sign) == 0 {
			r.t.Error("a login without a signature")
		}
		secrets = append(secrets, string(sign), "sign=")
	}
	r.b.mu.Unlock()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			r.t.Errorf("the secret %q is to be seen", s)
		}
	}
}
