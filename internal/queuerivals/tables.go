package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// count is the records of one case: three files and more at the long ones.
func count(step int) int { return min(step*1000, 64_000) }

// used is a store that was full and is empty, and whose files have taken turns.
func used(j job) []job {
	fill, drain, turns := j, j, j
	turns.Work, turns.N, turns.Step = "turns", 51_200, 512
	fill.Work, fill.N, fill.Step = "prepare", 51_200, 512
	drain.Work, drain.N, drain.Step = "drain", 51_200, 512
	return []job{fill, drain, turns}
}

func fresh(job) []job { return nil }

func head(title string) {
	fmt.Printf("\n### %s\n\n", title)
	fmt.Println("| | records/s | of the best rival | device bytes a byte | flushes / 1000 | syncs / 1000 | RSS, MiB |")
	fmt.Println("|---|---|---|---|---|---|---|")
}

func rows(what string, all []cost) {
	best := 0.0
	for _, c := range all[rivals:] {
		best = max(best, c.rate)
	}
	for i, c := range all {
		fmt.Printf("| %s, %s | %.0f | %.2f | %.2f | %.2f | %.1f | %.1f |\n", what, names()[i], c.rate, c.rate/best, c.wear, c.flushes, c.syncs, c.rss)
	}
}

// rivals is where they begin among the names.
const rivals = 2

func (b *bench) filling() error {
	head("Filling an empty store")
	for _, step := range []int{1, 16, 256} {
		all, err := b.each(fresh, "append", count(step), step)
		if err != nil {
			return err
		}
		rows(fmt.Sprintf("append by %d", step), all)
	}
	return nil
}

func (b *bench) steady() error {
	head("Steady state: append and acknowledge in turn, in a store that was full before")
	for _, step := range []int{1, 16, 256} {
		all, err := b.each(used, "turns", count(step), step)
		if err != nil {
			return err
		}
		rows(fmt.Sprintf("in turn by %d", step), all)
	}
	return nil
}

func (b *bench) drains() error {
	head("Draining 25,600 records")
	var left []cost
	for _, step := range []int{16, 256} {
		all, err := b.each(func(j job) []job {
			j.Work, j.Step = "prepare", 512
			return []job{j}
		}, "drain", 25_600, step)
		if err != nil {
			return err
		}
		rows(fmt.Sprintf("drain by %d", step), all)
		left = all
	}
	fmt.Println("\n| left on disk | files | KiB |\n|---|---|---|")
	for i, c := range left {
		fmt.Printf("| %s | %d | %d |\n", names()[i], c.files, c.bytes>>10)
	}
	return nil
}

// backlog opens so many records with nothing of them in the page cache.
func (b *bench) backlog(n int) error {
	if n == 0 {
		return nil
	}
	fmt.Printf("\n### %d records waiting\n\n| | filled in, s | RSS filling, MiB | open, ms | RSS open, MiB | MiB on disk |\n|---|---|---|---|---|---|\n", n)
	for _, name := range []string{"serialgw", keptList, "raft-wal", "sqlite"} {
		j := job{Store: name, Dir: filepath.Join(b.disk.mount, "store"), Work: "prepare", N: n, Step: 4000}
		if err := b.empty(j.Dir); err != nil {
			return err
		}
		fill, err := b.child(j)
		if err != nil {
			return err
		}
		_, bytes, err := usage(j.Dir)
		if err != nil {
			return err
		}
		if err := b.disk.cold(); err != nil {
			return err
		}
		j.Work = "open"
		r, err := b.child(j)
		if err != nil {
			return err
		}
		if r.First != 1 {
			return fmt.Errorf("%s: no record after opening", name)
		}
		fmt.Printf("| %s | %.0f | %.1f | %.1f | %.1f | %d |\n", name, fill.Seconds, float64(fill.RSS)/(1<<20),
			r.Seconds*float64(time.Second/time.Millisecond), float64(r.RSS)/(1<<20), bytes>>20)
	}
	return nil
}
