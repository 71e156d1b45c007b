package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

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
	short   func() error // why what is there cannot be read now; nil = it can
	failed  int          // reads that short failed
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

func (q *memQueue) AppendAll(records [][]byte) (first uint64, stored int, err error) {
	for _, r := range records {
		seq, err := q.Append(r)
		if err != nil {
			return first, stored, err
		}
		if stored++; stored == 1 {
			first = seq
		}
	}
	return first, stored, nil
}

func (q *memQueue) Read(from uint64) (uint64, []byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for seq := max(from, 1); seq <= q.last; seq++ {
		if r, ok := q.records[seq]; ok {
			if q.short != nil {
				if err := q.short(); err != nil {
					q.failed++
					return 0, nil, err
				}
			}
			return seq, bytes.Clone(r), nil
		}
	}
	return 0, nil, io.EOF
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

// shorten says whether what is there can be read from now on.
func (q *memQueue) shorten(short func() error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.short = short
}

// errShort is what short gives as its reason.
var errShort = errors.New("too many open files")

func alwaysShort() error { return errShort }

// drop takes a record away as a full queue does, or a person who clears it.
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

func (*scriptedCloud) Flush() {}

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

// stampNow is a clock that follows the bubble's time.
func stampNow() reading.Stamp {
	now := time.Now().UnixNano()
	return reading.Stamp{Wall: now, Boot: now, BootID: reading.BootID{1}, Synced: true}
}
