package queue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// store is what the file queue and the one in memory have in common.
type store interface {
	AppendAll(records [][]byte) (first uint64, stored int, err error)
	Read(from uint64) (seq uint64, record []byte, err error)
	Ack(seqs ...uint64)
	NextSeq() uint64
	Sync() (uint64, error)
	Stats() Stats
	Close() error
}

// TestContract_FollowsModel runs both queues through random bursts of appends
// and acknowledgements, and holds them against a plain list.
func TestContract_FollowsModel(t *testing.T) {
	for name, open := range map[string]func() store{
		"File":   func() store { return mustOpen(t, roomy(), newFaultFS()) },
		"Memory": func() store { return NewMemory() },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(10) {
				runContract(t, open(), rand.New(rand.NewPCG(seed, 1)))
			}
		})
	}
}

// roomy never drops anything.
func roomy() Config {
	cfg := small(testDir)
	cfg.MaxBytes = 8 << 20
	return cfg
}

// burst is so many records from the k-th on.
func burst(k uint64, n int) (records [][]byte) {
	for i := range n {
		records = append(records, payload(k+uint64(i)))
	}
	return records
}

func runContract(t *testing.T, q store, rng *rand.Rand) {
	t.Helper()
	var model []stored
	var held []stored // records that were read, with the bytes given out
	var bytesHeld [][]byte
	k, next, acked := uint64(1), uint64(1), uint64(0)
	for step := range 300 {
		switch rng.IntN(5) {
		case 0, 1: // a burst; what it was made of is the caller's again
			records := burst(k, rng.IntN(80))
			first, n, err := q.AppendAll(records)
			if n != len(records) || err != nil || n > 0 && first != next {
				t.Fatalf("AppendAll of %d = %d, %d, %v, want %d", len(records), first, n, err, next)
			}
			for _, r := range records {
				clear(r)
				model = append(model, stored{next, k})
				k, next = k+1, next+1
			}
		case 2:
			var gone []uint64
			for range min(rng.IntN(60), len(model)) {
				i := min(rng.IntN(len(model)), rng.IntN(len(model))) // rather the older ones
				gone = append(gone, model[i].seq)
				model = slices.Delete(model, i, i+1)
				acked++
			}
			q.Ack(append(gone, append(gone, 0, next, next+1000)...)...) // twice, and some that never were
		case 3:
			if _, err := q.Sync(); err != nil {
				t.Fatal(err)
			}
		case 4:
			from := uint64(rng.Int64N(int64(next) + 2))
			seq, record, err := q.Read(from)
			i, ok := slices.IndexFunc(model, func(s stored) bool { return s.seq >= from }), err == nil
			if ok != (i >= 0) || !ok && !errors.Is(err, io.EOF) || ok && (seq != model[i].seq || !bytes.Equal(record, payload(model[i].k))) {
				t.Fatalf("step %d: Read(%d) = %d, %x, %v; model %d", step, from, seq, record, err, i)
			}
			if ok {
				held, bytesHeld = append(held, model[i]), append(bytesHeld, record)
			}
		}
		s := q.Stats()
		oldest := next
		if len(model) > 0 {
			oldest = model[0].seq
		}
		if q.NextSeq() != next || s.NextSeq != next || s.Records != uint64(len(model)) || s.Appended != next-1 || s.Acked != acked || len(model) > 0 && s.OldestSeq != oldest {
			t.Fatalf("step %d: next %d, %+v; model of %d from %d to %d, %d acked", step, q.NextSeq(), s, len(model), oldest, next, acked)
		}
	}
	for i, record := range bytesHeld {
		if !bytes.Equal(record, payload(held[i].k)) {
			t.Fatalf("record %d has changed since it was read", held[i].seq)
		}
	}
	for i, from := 0, uint64(0); ; i++ {
		seq, record, err := q.Read(from)
		if err != nil {
			if i != len(model) {
				t.Fatalf("%d records left, want %d", i, len(model))
			}
			break
		}
		if i >= len(model) || seq != model[i].seq || !bytes.Equal(record, payload(model[i].k)) {
			t.Fatalf("record %d: number %d", i, seq)
		}
		from = seq + 1
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAppendAll_StopsAtTheRecordItRefuses: those before it are stored, it and
// those behind it are not.
func TestAppendAll_StopsAtTheRecordItRefuses(t *testing.T) {
	for _, bad := range [][]byte{{}, make([]byte, small("").SegmentBytes/4+1)} {
		for at := range 40 {
			fsys := newFaultFS()
			q := mustOpen(t, roomy(), fsys)
			records := burst(1, 40)
			records[at] = bad
			first, n, err := q.AppendAll(records)
			if n != at || !errors.Is(err, ErrSize) || at > 0 && first != 1 {
				t.Fatalf("refused at %d: %d, %d, %v", at, first, n, err)
			}
			q = mustOpen(t, roomy(), fsys.crash(1, nil)) // killed
			if got := keys(mustDrain(t, q)); !slices.Equal(got, upTo(1, uint64(at))) {
				t.Fatalf("refused at %d: stored %v", at, got)
			}
		}
	}
}

// TestAppendAll_RefusesWhatFindsNoRoom: of a burst that does not fit, the first
// ones are kept, and their number is told.
func TestAppendAll_RefusesWhatFindsNoRoom(t *testing.T) {
	cfg := small(testDir)
	cfg.Full, cfg.MaxBytes = "refuse-newest", 8*cfg.SegmentBytes
	fsys := newFaultFS()
	q := mustOpen(t, cfg, fsys)
	first, n, err := q.AppendAll(burst(1, 1000))
	if first != 1 || n == 0 || n == 1000 || !errors.Is(err, ErrFull) {
		t.Fatalf("AppendAll = %d, %d, %v", first, n, err)
	}
	q = mustOpen(t, cfg, fsys.crash(1, nil)) // killed
	if got := keys(mustDrain(t, q)); !slices.Equal(got, upTo(1, uint64(n))) {
		t.Errorf("%d stored, want %d", len(got), n)
	}
}

// TestAppendAll_WritesOnce: a burst within a segment costs one write.
func TestAppendAll_WritesOnce(t *testing.T) {
	fsys, cfg := newFaultFS(), roomy()
	cfg.SegmentBytes = 1 << 20
	q := mustOpen(t, cfg, fsys)
	mustAppend(t, q, 1) // makes the segment
	before := fsys.calls()
	if _, n, err := q.AppendAll(burst(2, 500)); n != 500 || err != nil {
		t.Fatal(n, err)
	}
	if n := fsys.calls() - before; n != 1 {
		t.Errorf("%d calls for a burst of 500, want 1", n)
	}
}

// TestAppendAll_KillLosesNothing kills the process after bursts that nothing
// has synced: each record is there, but for those that were acknowledged.
func TestAppendAll_KillLosesNothing(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 2))
		fsys := newFaultFS()
		q := mustOpen(t, roomy(), fsys)
		k, live, acked := uint64(1), map[uint64]uint64{}, map[uint64]bool{}
		for range 30 {
			n := rng.IntN(100)
			first, stored, err := q.AppendAll(burst(k, n))
			if err != nil || stored != n {
				t.Fatal(stored, err)
			}
			for i := range uint64(n) {
				live[first+i], k = k, k+1
			}
			for seq := range live {
				if rng.IntN(4) == 0 {
					q.Ack(seq)
					acked[seq] = true
					delete(live, seq)
				}
			}
			if rng.IntN(5) > 0 {
				continue
			}
			fsys = fsys.crash(1, nil)
			q = mustOpen(t, roomy(), fsys)
			if err := holds(mustDrain(t, q), live, acked); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
}

// holds compares what is stored with what must be, and with what may be.
func holds(got []stored, live map[uint64]uint64, may map[uint64]bool) error {
	found := 0
	for _, s := range got {
		k, ok := live[s.seq]
		if ok && k == s.k {
			found++
		} else if !may[s.seq] {
			return fmt.Errorf("record %d holds %d, want %d, %v", s.seq, s.k, k, ok)
		}
	}
	if found != len(live) {
		return fmt.Errorf("%d of %d records are there", found, len(live))
	}
	return nil
}
