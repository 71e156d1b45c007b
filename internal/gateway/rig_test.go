package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/reading"
)

// rig runs one deliver loop inside a synctest bubble.
type rig struct {
	t     *testing.T
	q     *memQueue
	cloud *scriptedCloud
	d     *deliver
	log   *bytes.Buffer
	wake  chan struct{}
	dirty chan struct{}
	path  string
	idle  atomic.Uint64 // what Deps.Idle was told last
	stop  func()
}

func newRig(t *testing.T, up Uplink, j judge) *rig {
	t.Helper()
	r := &rig{
		t: t, q: newMemQueue(), cloud: newCloud(j), log: new(bytes.Buffer),
		wake: make(chan struct{}, 1), dirty: make(chan struct{}, 1), path: filepath.Join(t.TempDir(), "dead.jsonl"),
	}
	letters, err := OpenDeadLetters(r.path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	up.Publisher = r.cloud
	if up.InFlight == 0 {
		up.InFlight = 16
	}
	deps := Deps{Queue: r.q, DeadLetters: letters, Log: zerolog.New(r.log), Idle: r.idle.Store}
	r.d = newDeliver(up, deps, r.wake, r.dirty, 5*time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.d.run(ctx)
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done; _ = letters.Close() })
	t.Cleanup(r.stop)
	return r
}

// up reports the link ready and lets the loop look at it.
func (r *rig) up() { r.cloud.link(reading.LinkReady); synctest.Wait() }

// wait lets virtual time pass.
func (r *rig) wait(d time.Duration) { <-time.After(d); synctest.Wait() }

// add stores one record whose properties are the names given.
func (r *rig) add(names ...string) uint64 {
	r.t.Helper()
	seq, err := r.q.Append(reading.AppendRecord(nil, say(names...)))
	if err != nil {
		r.t.Fatal(err)
	}
	signal(r.wake)
	return seq
}

func say(names ...string) reading.Reading {
	rd := reading.Reading{Board: "press", Message: "env", Stamp: stampNow()}
	for i, name := range names {
		rd.Props = append(rd.Props, reading.Property{Name: name, Value: reading.DecimalValue(int64(i), 1)})
	}
	return rd
}

func (r *rig) letters() []DeadLetter {
	r.t.Helper()
	return readLetters(r.t, r.path)
}

func readLetters(t testing.TB, path string) []DeadLetter {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []DeadLetter
	for line := range bytes.Lines(text) {
		var l DeadLetter
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%q is not one JSON object: %v", line, err)
		}
		out = append(out, l)
	}
	return out
}

func (r *rig) logged(text string) int { return bytes.Count(r.log.Bytes(), []byte(text)) }

func refuseForm(sent) reading.Outcome {
	return reading.Outcome{Verdict: reading.RefusedForm, Code: 2402, Text: "request format error"}
}

func confirm(sent) reading.Outcome { return reading.Outcome{Verdict: reading.Confirmed, Code: 200} }

// refuseName refuses every post that carries one of the identifiers.
func refuseName(bad ...string) judge {
	return func(p sent) reading.Outcome {
		for _, name := range p.names() {
			if slices.Contains(bad, name) {
				return reading.Outcome{
					Verdict: reading.RefusedValue, Code: 2306, Identifier: name,
					Text: fmt.Sprintf("identifier not exist:identifier:%s", name),
				}
			}
		}
		return confirm(p)
	}
}

// guilty refuses every post that carries one of the records.
func guilty(seqs ...uint64) judge {
	return func(p sent) reading.Outcome {
		for _, seq := range p.seqs() {
			if slices.Contains(seqs, seq) {
				return refuseForm(p)
			}
		}
		return confirm(p)
	}
}

// counts returns how often each record was posted.
func counts(posts []sent) map[uint64]int {
	n := make(map[uint64]int)
	for _, p := range posts {
		for _, seq := range p.seqs() {
			n[seq]++
		}
	}
	return n
}
