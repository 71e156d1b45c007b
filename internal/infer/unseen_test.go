package infer_test

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"serialgw/internal/infer"
	"serialgw/internal/protogen"
)

var (
	unseenFrom   = flag.Uint64("unseen-from", firstUnseen, "first seed of the protocols that TestUnseen invents")
	unseenCount  = flag.Int("unseen-count", 100, "how many")
	unseenUpdate = flag.Bool("update-unseen", false, "write docs/inference.md anew")
)

// firstUnseen begins the protocols whose figures are published. Nothing is tuned
// on them: take other seeds for that.
const firstUnseen = 20001

// The least shares of protocols of which a part is right.
const leastRight = 0.95

// TestUnseen: of 100 invented protocols, 2,000 frames each, sync, size and
// check are right in effect for 95 of 100, and nothing stated as certain is
// wrong. The tables are published in docs/inference.md.
func TestUnseen(t *testing.T) {
	if testing.Short() && *unseenCount == 100 {
		*unseenCount = 10
	}
	table := judged(*unseenFrom, *unseenCount)
	text := table.String()
	t.Log("\n" + text)
	if table.WrongCertain() > 0 {
		t.Errorf("%d parts claimed as certain are wrong, want none", table.WrongCertain())
	}
	if *unseenCount < 100 {
		return
	}
	for _, part := range []string{"sync", "size", "check"} {
		if share := table.Share(part); share < leastRight {
			t.Errorf("%s is right in %.0f %% of the protocols, want %.0f", part, 100*share, 100*leastRight)
		}
	}
	if *unseenFrom == firstUnseen && *unseenCount == 100 {
		published(t, text)
	}
}

// judged infers each protocol and judges what was claimed, on all cores.
func judged(from uint64, count int) *protogen.Table {
	type result struct {
		p *protogen.Protocol
		c protogen.Claim
		s protogen.Score
	}
	results := make([]result, count)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
				p := protogen.New(from + uint64(i))
				c := claimOf(infer.Infer(p.Stream(2000, 0)))
				results[i] = result{p, c, p.Judge(c)}
			}
		})
	}
	workers.Wait()
	var table protogen.Table
	for _, r := range results {
		table.Add(r.p, r.c, r.s)
	}
	return &table
}

// published holds docs/inference.md to the tables.
func published(t *testing.T, tables string) {
	t.Helper()
	page := filepath.Join("..", "..", "docs", "inference.md")
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- tables -->\n"
	head, _, found := strings.Cut(string(old), mark)
	if !found {
		t.Fatalf("%s has no line %q", page, mark)
	}
	if want := head + mark + "\n" + tables; *unseenUpdate {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if string(old) != want {
		t.Errorf("%s shows other tables; write it anew with -update-unseen", page)
	}
}

// claimOf says what was found in the words of the judge.
func claimOf(r infer.Result) protogen.Claim {
	grade := func(g infer.Grade) protogen.Grade { return protogen.Grade(g.String()) }
	return protogen.Claim{
		Sync: r.Sync.Pattern, SyncGrade: grade(r.Sync.Grade),
		Fixed: r.Size.Fixed, Length: r.Size.Length, Sizes: r.Size.ByID, End: r.Size.End, SizeGrade: grade(r.Size.Grade),
		Check: r.Check.Check, CheckGrade: grade(r.Check.Grade),
		ID: r.ID.Ref, IDGrade: grade(r.ID.Grade),
	}
}
