package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/reading"
)

// memQueue is a Queue in memory. onAck sees each number that leaves it.
type memQueue struct {
	mu      sync.Mutex
	records map[uint64][]byte
	last    uint64
	acks    map[uint64]int
	syncs   int
	refuse  error
	onAck   func(seq uint64)
}

func newMemQueue() *memQueue {
	return &memQueue{records: make(map[uint64][]byte), acks: make(map[uint64]int)}
}

func (q *memQueue) Append(record []byte) (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refuse != nil {
		return 0, q.refuse
	}
	q.last++
	q.records[q.last] = bytes.Clone(record)
	return q.last, nil
}

func (q *memQueue) Read(from uint64) (uint64, []byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for seq := max(from, 1); seq <= q.last; seq++ {
		if r, ok := q.records[seq]; ok {
			return seq, bytes.Clone(r), true
		}
	}
	return 0, nil, false
}

func (q *memQueue) Ack(seqs ...uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, seq := range seqs {
		if _, ok := q.records[seq]; !ok {
			continue
		}
		if q.onAck != nil {
			q.onAck(seq)
		}
		q.acks[seq]++
		delete(q.records, seq)
	}
}

func (q *memQueue) NextSeq() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last + 1
}

func (q *memQueue) Sync() (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.syncs++
	return q.last, nil
}

// drop takes a record away as a full queue does.
func (q *memQueue) drop(seq uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.records, seq)
}

func (q *memQueue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.records)
}

func (q *memQueue) holds(seq uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.records[seq]
	return ok
}

// stored returns the readings in the queue, by number.
func (q *memQueue) stored(t *testing.T) []reading.Reading {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []reading.Reading
	for seq := uint64(1); seq <= q.last; seq++ {
		if raw, ok := q.records[seq]; ok {
			r, err := reading.ParseRecord(raw)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r)
		}
	}
	return out
}

// sent is one post as the scripted cloud saw it.
type sent struct {
	id      uint64
	at      time.Time
	entries []reading.Entry
	history bool // a property stands twice
}

func (p sent) seqs() []uint64 { return batch{entries: p.entries}.seqs() }

func (p sent) names() []string {
	var names []string
	for _, e := range p.entries {
		for _, prop := range e.Reading.Props {
			names = append(names, prop.Name)
		}
	}
	return names
}

// judge says what the scripted cloud makes of a post. Verdict 0 = no answer.
type judge func(sent) reading.Outcome

var errNotReady = errors.New("not connected")

// scriptedCloud is a Publisher. Each answer comes after delay.
type scriptedCloud struct {
	mu       sync.Mutex
	judge    judge
	delay    time.Duration
	down     bool // Post fails
	posts    []sent
	good     map[uint64]int // confirmed, by record
	outcomes chan reading.Outcome
	runs     int
	ended    bool
}

func newCloud(j judge) *scriptedCloud {
	return &scriptedCloud{judge: j, delay: 50 * time.Millisecond, good: make(map[uint64]int), outcomes: make(chan reading.Outcome, 1<<15)}
}

func (c *scriptedCloud) Run(ctx context.Context) error {
	c.mu.Lock()
	c.runs++
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	return nil
}

func (c *scriptedCloud) Outcomes() <-chan reading.Outcome { return c.outcomes }

func (c *scriptedCloud) Post(entries []reading.Entry) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return 0, errNotReady
	}
	p := sent{id: uint64(len(c.posts) + 1), at: time.Now(), entries: slices.Clone(entries)}
	names := p.names()
	slices.Sort(names)
	p.history = len(slices.Compact(slices.Clone(names))) < len(names)
	c.posts = append(c.posts, p)
	o := reading.Outcome{Verdict: reading.Confirmed, Code: 200}
	if c.judge != nil {
		o = c.judge(p)
	}
	if o.Verdict != 0 {
		time.AfterFunc(c.delay, func() { c.answer(p, o) })
	}
	return p.id, nil
}

func (c *scriptedCloud) answer(p sent, o reading.Outcome) {
	o.Post, o.Seqs, o.History = p.id, p.seqs(), p.history
	c.tell(o)
}

func (c *scriptedCloud) tell(o reading.Outcome) {
	if o.Verdict == reading.Confirmed {
		c.mu.Lock()
		for _, seq := range o.Seqs {
			c.good[seq]++
		}
		c.mu.Unlock()
	}
	c.outcomes <- o
}

func (c *scriptedCloud) link(state reading.LinkState) { c.outcomes <- reading.Outcome{Link: state} }

func (c *scriptedCloud) seen() []sent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.posts)
}

func (c *scriptedCloud) setJudge(j judge) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.judge = j
}

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
	deps := Deps{Queue: r.q, DeadLetters: letters, Log: zerolog.New(r.log)}
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

// stampNow is a clock that follows the bubble's time.
func stampNow() reading.Stamp {
	now := time.Now().UnixNano()
	return reading.Stamp{Wall: now, Boot: now, BootID: reading.BootID{1}, Synced: true}
}

func (r *rig) letters() []DeadLetter {
	r.t.Helper()
	return readLetters(r.t, r.path)
}

func readLetters(t *testing.T, path string) []DeadLetter {
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
