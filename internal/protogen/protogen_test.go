package protogen

import (
	"bytes"
	"slices"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

const seeds = 300

func compile(t *testing.T, p *Protocol) *frame.Plan {
	t.Helper()
	plan, errs := frame.Compile("p", p.Description())
	if len(errs) > 0 {
		t.Fatalf("seed %d: the truth does not compile:\n%v", p.Seed, errs)
	}
	return plan
}

// scan returns the frames that the scanner finds, by their ends.
func scan(plan *frame.Plan, stream []byte) map[int]frame.Frame {
	out := map[int]frame.Frame{}
	s := frame.NewScanner(plan, 0)
	take := func() {
		for s.Scan() {
			f := *s.Frame()
			f.Bytes = slices.Clone(f.Bytes)
			out[int(f.End)] = f
		}
	}
	s.Feed(reading.Chunk{Bytes: stream})
	take()
	s.Flush()
	take()
	return out
}

// TestRecord_TheScannerFindsEveryFrame: the truth, compiled, finds exactly the
// frames that the generator made, each with its message. The two share no code
// for encoding and checks, so this proves both.
func TestRecord_TheScannerFindsEveryFrame(t *testing.T) {
	for seed := range uint64(seeds) {
		p := New(seed)
		plan := compile(t, p)
		rec := p.Record(400, 0)
		found := scan(plan, rec.Bytes)
		for i, f := range rec.Frames {
			got, ok := found[f.To]
			if !ok || !bytes.Equal(got.Bytes, rec.Bytes[f.From:f.To]) {
				t.Errorf("seed %d: frame %d at %d not found: %x", seed, i, f.From, rec.Bytes[f.From:f.To])
				break
			}
			if p.ID != nil && got.Message.Name != p.Messages[f.Message].Name {
				t.Errorf("seed %d: frame %d is %s, taken for %s", seed, i, p.Messages[f.Message].Name, got.Message.Name)
			}
		}
		if extra := len(found) - len(rec.Frames); extra > 0 {
			t.Errorf("seed %d: %d frames that were never sent", seed, extra)
		}
	}
}

// TestRecord_BitErrors: the frames not marked as damaged are all found, and the
// marked ones differ from what an intact line carries.
func TestRecord_BitErrors(t *testing.T) {
	damaged := 0
	for seed := range uint64(40) {
		p := New(seed)
		if p.Check == nil {
			continue // damage next to a frame may hide it
		}
		intact, rec := p.Record(400, 0), p.Record(400, 1e-4)
		found := scan(compile(t, p), rec.Bytes)
		for i, f := range rec.Frames {
			same := bytes.Equal(rec.Bytes[f.From:f.To], intact.Bytes[f.From:f.To])
			if same == f.Damaged {
				t.Fatalf("seed %d: frame %d damaged = %v, its bytes the same = %v", seed, i, f.Damaged, same)
			}
			if f.Damaged {
				damaged++
			} else if _, ok := found[f.To]; !ok {
				t.Errorf("seed %d: intact frame %d not found", seed, i)
			}
		}
	}
	if damaged == 0 {
		t.Error("no frame was damaged")
	}
}

// TestNew_SaysTheSameAgain: everything follows from the seed.
func TestNew_SaysTheSameAgain(t *testing.T) {
	for seed := range uint64(20) {
		a, b := New(seed), New(seed)
		if !bytes.Equal(a.Stream(50, 1e-3), b.Stream(50, 1e-3)) {
			t.Errorf("seed %d gives two different streams", seed)
		}
		if bytes.Equal(a.Stream(50, 0), New(seed+1).Stream(50, 0)) {
			t.Errorf("seeds %d and %d give the same stream", seed, seed+1)
		}
	}
}

// TestNew_DrawsEveryKind: none of the kinds that a search must tell apart is
// missing from what the seeds draw.
func TestNew_DrawsEveryKind(t *testing.T) {
	seen := map[string]int{}
	note := func(key string, is bool) {
		if is {
			seen[key]++
		} else {
			seen[key] += 0
		}
	}
	for seed := range uint64(seeds) {
		p := New(seed)
		seen["size "+string(p.Size)]++
		note("no check", p.Check == nil)
		note("check in the head", p.Check != nil && *p.Check.At >= 0)
		note("check behind sync only", p.seal != nil && p.seal.at < 0 && p.seal.from > 0)
		note("own polynomial", p.Check != nil && p.Check.Kind == "crc")
		note("end marker", p.End != nil)
		note("one sync byte", len(p.Sync) == 1)
		note("address in sync", len(p.Sync[len(p.Sync)-1]) > 1)
		note("no id", p.ID == nil)
		note("six messages", len(p.Messages) == 6)
		note("seq", p.Seq != nil)
		note("idle", p.Idle != nil)
		note("chatter", p.Chatter != "")
		note("wide length", p.Length != nil && p.Length.Type != "B")
		note("repeats", slices.ContainsFunc(p.Messages, func(m Message) bool { return m.rest != nil }))
		for kind := range sums {
			note(kind, p.Check != nil && p.Check.Kind == kind)
		}
	}
	for key, n := range seen {
		if n == 0 {
			t.Errorf("%d seeds draw none with %s", seeds, key)
		}
	}
	t.Log(seen)
}
