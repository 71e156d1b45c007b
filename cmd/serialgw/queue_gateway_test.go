package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/onenetsim"
	"serialgw/internal/reading"
)

// steadyBoard says a frame every millisecond until it is silenced.
type steadyBoard struct {
	frames [][]byte
	now    func() reading.Stamp
	n      int
	silent atomic.Bool
}

func (b *steadyBoard) Next(ctx context.Context, _ time.Duration) (reading.Chunk, error) {
	if err := sleep(ctx, time.Millisecond); err != nil {
		return reading.Chunk{}, err
	}
	if b.silent.Load() {
		return reading.Chunk{Stamp: b.now()}, nil
	}
	b.n++
	return reading.Chunk{Bytes: b.frames[b.n%len(b.frames)], Stamp: b.now()}, nil
}

func (*steadyBoard) Reopen(string) {}

// runningGateway is a whole gateway between a steady board and a simulator.
type runningGateway struct {
	path  string // configuration
	sim   *onenetsim.Server
	node  *node
	board *steadyBoard
	log   *safeText

	mu        sync.Mutex
	stored    map[uint64]bool
	confirmed map[uint64]int
}

func startGateway(t *testing.T, more func(*nodeOptions)) *runningGateway {
	t.Helper()
	g := &runningGateway{board: &steadyBoard{}, log: &safeText{}, stored: make(map[uint64]bool), confirmed: make(map[uint64]int)}
	plan, err := namedPlan(&config.Config{}, "demo")
	if err != nil {
		t.Fatal(err)
	}
	for n := range demoFrames {
		g.board.frames = append(g.board.frames, demoFrame(t, plan, n))
	}
	sc := onenetsim.Defaults()
	sc.PostPace = 0
	sc.Products = []onenetsim.Product{{ID: "Abcdef1234", Devices: map[string]string{"board-01": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}}
	g.sim = onenetsim.New(sc)
	addr, err := g.sim.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	g.path = configure(t, dir, fmt.Sprintf("address = %q\npost_interval = \"0s\"\nhistory = false\n", addr)) // a record a post: a window full is few
	cfg, issues, err := config.Load(g.path, os.Getenv)
	if err != nil || config.Failed(issues) {
		t.Fatal(err, issues)
	}
	o := nodeOptions{dir: dir, socket: cfg.SocketPath(os.Getenv)}
	o.source = func(func() gateway.Source) gateway.Source { return g.board }
	o.hooks = func(d *gateway.Deps) { g.board.now, d.Stored, d.Settled = d.Now, g.noteStored, g.noteSettled }
	if more != nil {
		more(&o)
	}
	if g.node, err = openNode(cfg, zerolog.New(g.log), o); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = g.sim.Serve(ctx) })
	tasks.Go(func() {
		if err := g.node.run(ctx, nil, nil); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); tasks.Wait() })
	await(t, "the status socket", func() bool {
		var s queueStatus
		return gateway.Ask(ctx, o.socket, "queue", &s) == nil && s.Running
	})
	return g
}

func (g *runningGateway) noteStored(first uint64, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range uint64(n) {
		g.stored[first+i] = true
	}
}

func (g *runningGateway) noteSettled(o reading.Outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o.Verdict == reading.Confirmed {
		for _, seq := range o.Seqs {
			g.confirmed[seq]++
		}
	}
}

// newer returns the numbers of the records stored after last.
func (g *runningGateway) newer(last uint64) (seqs []uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, seq := range slices.Sorted(maps.Keys(g.stored)) {
		if seq > last {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

// confirmations returns how often each record was confirmed.
func (g *runningGateway) confirmations() map[uint64]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.confirmed)
}

// await looks again and again until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for !so() {
		if sleep(ctx, 2*time.Millisecond) != nil {
			t.Fatal("waited in vain for ", what)
		}
	}
}

// exported returns the numbers in an export.
func exported(t *testing.T, text string) (seqs []uint64) {
	t.Helper()
	for line := range strings.Lines(text) {
		var record struct {
			Seq    uint64
			Values map[string]any
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Values["temp"] == nil {
			t.Fatalf("%v in %s", err, line)
		}
		seqs = append(seqs, record.Seq)
	}
	if !slices.IsSorted(seqs) || len(slices.Compact(slices.Clone(seqs))) != len(seqs) {
		t.Fatalf("not in order, or one twice: %v", seqs)
	}
	return seqs
}

// TestQueueClear_WhileAGatewayRuns: of what came in after the showing nothing
// is lost, posts in flight do no harm, and each record is counted once.
func TestQueueClear_WhileAGatewayRuns(t *testing.T) {
	g := startGateway(t, nil)
	g.sim.DelayReplies(100 * time.Millisecond) // 16 posts in flight all the time, and the rest waits
	waiting := func() uint64 { return g.node.queue.Stats().Records }
	await(t, "a backlog", func() bool { return waiting() > 300 })

	code, out, complaint := verb("queue", "clear", "--json", "--config", g.path)
	var would wouldClear
	if err := json.Unmarshal([]byte(out), &would); err != nil || code != exitOK {
		t.Fatal(code, err, out, complaint)
	}
	last := would.Newest.Seq
	if !would.Running || would.Records < 300 || would.Oldest.Seq >= last || would.Oldest.Time.IsZero() {
		t.Errorf("shown: %s", out)
	}
	if want := fmt.Sprintf("serialgw queue clear --config %s --confirm %d", g.path, last); would.Command != want {
		t.Fatalf("command %q, want %q", would.Command, want)
	}
	await(t, "newer records", func() bool { return len(g.newer(last)) > 200 })

	code, out, complaint = verb(strings.Fields(would.Command)[1:]...)
	if code != exitOK || !strings.Contains(out, fmt.Sprintf(" removed, up to number %d; ", last)) {
		t.Fatal(code, out, complaint)
	}
	s := g.node.queue.Stats()
	if s.Cleared == 0 || s.OldestSeq <= last {
		t.Errorf("after it: %+v", s)
	}
	code, out, complaint = verb("queue", "export", "-", "--config", g.path)
	if seqs := exported(t, out); code != exitOK || len(seqs) == 0 || seqs[0] <= last || !strings.Contains(complaint, " exported") {
		t.Errorf("export: %d, %d records, %s", code, len(seqs), complaint)
	}

	g.board.silent.Store(true)
	g.sim.DelayReplies(0)
	await(t, "the end of the backlog", func() bool { return waiting() == 0 })
	newer := g.newer(last)
	await(t, "a confirmation of each newer record", func() bool {
		confirmed := g.confirmations()
		return !slices.ContainsFunc(newer, func(seq uint64) bool { return confirmed[seq] == 0 })
	})
	s = g.node.queue.Stats()
	if s.Appended != s.Acked+s.Cleared || s.Dropped+s.DamagedRecords > 0 {
		t.Errorf("not each counted once: %+v", s)
	}
	code, out, _ = verb("queue", "--config", g.path)
	if want := fmt.Sprintf("%d records by hand", s.Cleared); code != exitOK || !strings.Contains(out, want) {
		t.Errorf("%d, %s", code, out)
	}
	if _, out, _ = verb("status", "--config", g.path); !strings.Contains(out, fmt.Sprintf("0 readings waiting, 0 dropped, %d cleared", s.Cleared)) {
		t.Error(out)
	}
}

// TestQueueExport_WhileAGatewayRuns: no record twice, and none missing that
// waited at the start and does at the end.
func TestQueueExport_WhileAGatewayRuns(t *testing.T) {
	g := startGateway(t, nil)
	g.sim.DelayReplies(50 * time.Millisecond)
	await(t, "a backlog", func() bool { return g.node.queue.Stats().Records > 200 })
	for round := range 10 {
		before := g.newer(0)
		file := filepath.Join(t.TempDir(), "export.jsonl")
		if code, _, complaint := verb("queue", "export", file, "--config", g.path); code != exitOK {
			t.Fatal(code, complaint)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seqs := exported(t, string(text))
		for _, seq := range before {
			got, _, _ := g.node.queue.Read(seq)
			if _, ok := slices.BinarySearch(seqs, seq); got == seq && !ok {
				t.Fatalf("round %d: record %d waited all the time and is missing", round, seq)
			}
		}
	}
}

// TestQueueExport_AsksForWhatTheDiskHasNot: a queue that is in memory is
// exported whole.
func TestQueueExport_AsksForWhatTheDiskHasNot(t *testing.T) {
	g := startGateway(t, func(o *nodeOptions) {
		o.inMemory = true
		if err := os.Mkdir(filepath.Join(o.dir, "queue"), 0o700); err != nil {
			t.Fatal(err)
		}
	})
	g.sim.SwallowReplies(1 << 30)
	await(t, "a backlog", func() bool { return g.node.queue.Stats().Records > 500 })
	before := g.newer(0)
	code, out, complaint := verb("queue", "export", "--config", g.path)
	seqs := exported(t, out)
	for _, seq := range before {
		got, _, _ := g.node.queue.Read(seq)
		if _, ok := slices.BinarySearch(seqs, seq); got == seq && !ok {
			t.Fatalf("record %d is missing", seq)
		}
	}
	if code != exitOK || !strings.Contains(complaint, fmt.Sprintf("%d records exported", len(seqs))) {
		t.Errorf("%d, %s", code, complaint)
	}
}

// TestQueueSocket_BadQuestions are refused with their reason, and change nothing.
func TestQueueSocket_BadQuestions(t *testing.T) {
	g := startGateway(t, nil)
	g.sim.SwallowReplies(1 << 30)
	await(t, "records", func() bool { return g.node.queue.Stats().Records > 10 })
	for question, want := range map[string]string{
		"queue-clear":             "wants the number of a record",
		"queue-clear 1 2":         "wants the number of a record",
		"queue-clear 0":           `--confirm "0": the number of a record is wanted`,
		"queue-clear -1":          `--confirm "-1": the number of a record is wanted`,
		"queue-clear 99999999999": "no record has had that number yet",
		"queue-read 1":            "wants two numbers",
		"queue-read 1 x":          "wants two numbers of records: strconv.ParseUint",
	} {
		_, err := gateway.Listen(t.Context(), g.node.socket, question)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
	}
	if n := g.node.queue.Stats().Cleared; n > 0 {
		t.Errorf("%d records cleared", n)
	}
}
