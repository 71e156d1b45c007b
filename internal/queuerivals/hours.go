package main

import (
	"fmt"
	"path/filepath"
	"time"

	"serialgw/internal/queue"
)

// pace is records at a steady rate, each acknowledged after a time, or never.
type pace struct {
	rate   int // records a second
	online bool
}

// hours measures what our queue has the device write, with a sync a second.
// Compressed, the seconds follow each other at once; in real time, one minute,
// the kernel's own write-back has its part as well.
func (b *bench) hours() error {
	fmt.Print("| records/s | | MiB an hour, compressed | flushes an hour | MiB an hour, a real minute | flushes an hour |\n|---|---|---|---|---|---|\n")
	for _, online := range []bool{true, false} {
		for _, rate := range []int{1, 10, 100} {
			p := pace{rate, online}
			fast, err := p.run(b, 3600, 0)
			if err != nil {
				return err
			}
			slow, err := p.run(b, 75, time.Second)
			if err != nil {
				return err
			}
			word := "offline"
			if online {
				word = "online"
			}
			fmt.Printf("| %d | %s | %.1f | %.0f | %.1f | %.0f |\n", rate, word, mib(fast.bytes, 3600), per(fast.flushes, 3600), mib(slow.bytes, 75), per(slow.flushes, 75))
		}
	}
	return nil
}

func mib(bytes int64, seconds int) float64 { return per(bytes, seconds) / (1 << 20) }

func per(n int64, seconds int) float64 { return float64(n) * 3600 / float64(seconds) }

// run plays so many seconds, each as long as one tick, into a store in which
// files have taken turns before.
func (p pace) run(b *bench, seconds int, tick time.Duration) (writes, error) {
	cfg := queue.Defaults()
	cfg.Dir, cfg.KeepFree = filepath.Join(b.disk.mount, "store"), 0
	if err := b.empty(cfg.Dir); err != nil {
		return writes{}, err
	}
	for _, j := range used(job{Store: "serialgw", Dir: cfg.Dir}) {
		if _, err := b.child(j); err != nil {
			return writes{}, err
		}
	}
	q, err := queue.Open(cfg, queue.Options{})
	if err != nil {
		return writes{}, err
	}
	start, err := b.disk.stat()
	if err != nil {
		return writes{}, err
	}
	records := newRecords(p.rate)
	for range seconds {
		next := time.After(tick)
		for _, r := range records {
			seq, err := q.Append(r)
			if err != nil {
				return writes{}, err
			}
			if p.online {
				q.Ack(seq) // the verdict came within the interval
			}
		}
		<-next
		if _, err := q.Sync(); err != nil {
			return writes{}, err
		}
	}
	if err := q.Close(); err != nil {
		return writes{}, err
	}
	end, err := b.disk.stat()
	return writes{end.bytes - start.bytes, end.flushes - start.flushes}, err
}
