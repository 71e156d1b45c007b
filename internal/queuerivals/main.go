package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

const childJob = "QUEUERIVALS_JOB"

func main() {
	if text := os.Getenv(childJob); text != "" {
		exit(childMain(text))
	}
	runs := flag.Int("runs", 3, "rounds, of which the medians count; 0: only the backlog")
	waiting := flag.Int("waiting", 10_000_000, "records of the backlog that is opened; 0: none")
	rates := flag.Bool("rates", false, "instead, what our queue writes an hour at 1, 10 and 100 records a second; takes minutes")
	flag.Parse()
	exit(measure(*runs, *waiting, *rates))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "queuerivals:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func measure(runs, waiting int, rates bool) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	d, err := newDisk()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.remove()) }()
	b := &bench{ctx: ctx, disk: d, runs: runs}
	if rates {
		return b.hours()
	}
	tables := []func() error{b.filling, b.steady, b.drains}
	if runs == 0 {
		tables = nil
	}
	for _, table := range append(tables, func() error { return b.backlog(waiting) }) {
		if err := table(); err != nil {
			return err
		}
	}
	return nil
}

// cost is what one case came to.
type cost struct {
	rate    float64 // records a second
	wear    float64 // bytes at the device a byte of records
	flushes float64 // of the device, 1000 records
	syncs   float64 // calls of the process, 1000 records; -1 unknown
	rss     float64 // MiB at the most
	files   int     // left behind
	bytes   int64   // of them on disk
}

type bench struct {
	ctx  context.Context // ends the processes
	disk *disk
	runs int
}

// child runs the job in a process of its own; with strace in front it counts
// the syncs.
func (b *bench) child(j job, front ...string) (result, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return result{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	args := append(front, self)
	cmd := exec.CommandContext(b.ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childJob+"="+string(text))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return result{}, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	var r result
	return r, json.Unmarshal(out, &r)
}

// syncCalls runs the job once more under strace.
func (b *bench) syncCalls(j job) (float64, error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return -1, nil //nolint:nilerr // a table without this column
	}
	log := filepath.Join(b.disk.dir, "strace")
	if _, err := b.child(j, "strace", "-f", "-o", log, "-e", "trace=fsync,fdatasync,msync"); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(log)
	if err != nil {
		return 0, err
	}
	n := 0
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if bytes.Contains(line, []byte("sync(")) {
			n++
		}
	}
	return float64(n) * 1000 / float64(j.N), nil
}

// one prepares a store, does the job on it and takes the device's figures.
func (b *bench) one(before []job, j job) (cost, error) {
	var c cost
	if err := b.empty(j.Dir); err != nil {
		return c, err
	}
	for _, p := range before {
		if _, err := b.child(p); err != nil {
			return c, err
		}
	}
	start, err := b.disk.stat()
	if err != nil {
		return c, err
	}
	r, err := b.child(j)
	if err != nil {
		return c, err
	}
	end, err := b.disk.stat()
	if err != nil {
		return c, err
	}
	n := float64(j.N)
	c = cost{
		rate: n / r.Seconds, wear: float64(end.bytes-start.bytes) / (n * recordBytes),
		flushes: float64(end.flushes-start.flushes) * 1000 / n, rss: float64(r.RSS) / (1 << 20),
	}
	c.files, c.bytes, err = usage(j.Dir)
	return c, err
}

func (b *bench) empty(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700))
}

// usage is what lies in dir, without what a store keeps to lock it.
func usage(dir string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Size() > 0 {
			files++
			bytes += info.Size()
		}
		return err
	})
	return files, bytes, err
}

// each measures one case of all stores, in turn, and takes the medians.
func (b *bench) each(prepare func(job) []job, work string, n, step int) ([]cost, error) {
	all := make([][]cost, len(names()))
	for range b.runs {
		for i, name := range names() {
			j := job{Store: name, Dir: filepath.Join(b.disk.mount, "store"), Work: work, N: n, Step: step}
			c, err := b.one(prepare(j), j)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], c)
		}
	}
	out := make([]cost, len(all))
	for i, cs := range all {
		out[i] = medians(cs)
		j := job{Store: names()[i], Dir: filepath.Join(b.disk.mount, "store"), Work: work, N: min(n, 200*step), Step: step}
		if err := b.empty(j.Dir); err != nil {
			return nil, err
		}
		before := prepare(j)
		for _, p := range before {
			if _, err := b.child(p); err != nil {
				return nil, err
			}
		}
		var err error
		if out[i].syncs, err = b.syncCalls(j); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func medians(cs []cost) cost {
	m := cs[len(cs)/2]
	for _, f := range []func(*cost) *float64{
		func(c *cost) *float64 { return &c.rate }, func(c *cost) *float64 { return &c.wear },
		func(c *cost) *float64 { return &c.flushes }, func(c *cost) *float64 { return &c.rss },
	} {
		var v []float64
		for i := range cs {
			v = append(v, *f(&cs[i]))
		}
		slices.Sort(v)
		*f(&m) = v[len(v)/2]
	}
	return m
}
