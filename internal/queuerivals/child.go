package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const recordBytes = 200

// job is one case, which a process of its own does.
type job struct {
	Store string
	Dir   string
	Work  string // "append", "turns", "drain", "prepare", "open"
	N     int    // records
	Step  int    // of them at once
}

// result is what the process says of itself.
type result struct {
	Seconds float64
	RSS     int64 // bytes at the most
	First   int   // records that the first read found
}

// newRecords are n that differ, and do not compress.
func newRecords(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = make([]byte, recordBytes)
		for j := range out[i] {
			out[i][j] = byte((i*131 + j*j*7) >> 2)
		}
	}
	return out
}

func (j job) run() (result, error) {
	start := time.Now()
	s, err := open(j.Store, j.Dir)
	if err != nil {
		return result{}, err
	}
	var r result
	if j.Work == "open" {
		r.Seconds = time.Since(start).Seconds()
		if r.First, err = peek(s); err != nil {
			return r, err
		}
	} else {
		start = time.Now()
		if err := j.work(s); err != nil {
			return r, err
		}
		r.Seconds = time.Since(start).Seconds()
	}
	if r.RSS, err = peakRSS(); err != nil {
		return r, err
	}
	return r, s.close()
}

func (j job) work(s store) error {
	records := newRecords(j.Step)
	if j.Work == "turns" { // so that no store is ever empty, which raft-wal pays for
		if err := s.append(records); err != nil {
			return err
		}
	}
	for done := 0; done < j.N; done += j.Step {
		if j.Work != "drain" {
			if err := s.append(records); err != nil {
				return err
			}
		}
		if j.Work == "append" || j.Work == "prepare" {
			continue
		}
		n, err := s.take(j.Step)
		if err != nil {
			return err
		}
		if n != j.Step {
			return fmt.Errorf("took %d records, want %d", n, j.Step)
		}
	}
	return nil
}

// peek takes one record: it must be there.
func peek(s store) (int, error) { return s.take(1) }

// peakRSS counts mapped files as well.
func peakRSS() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			return kb << 10, nil
		}
	}
	return 0, unix.ENODATA
}

// childMain does the job in the environment and prints the result.
func childMain(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	r, err := j.run()
	if err != nil {
		return fmt.Errorf("%s, %s of %d by %d: %w", j.Store, j.Work, j.N, j.Step, err)
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
