package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"serialgw/internal/queue"
	"serialgw/internal/reading"
)

const (
	// rateOver is the time over which the present rate is taken.
	rateOver = 10 * time.Minute
	// rateLeast records are looked at even where they are older.
	rateLeast = 10
	// rateMost is how many of the newest records are looked at.
	rateMost = 4096
)

// queueFiles is a queue whose files are looked at, and not changed.
type queueFiles struct{ queue.Config }

func (q queueFiles) inspect() (queueStatus, error) {
	s, err := queue.Inspect(q.Config)
	if err != nil {
		return queueStatus{}, q.explain(err)
	}
	status := queueStatus{
		Dir: q.Dir, Records: s.Records, NextSeq: s.NextSeq, Bytes: s.Bytes, MaxBytes: q.MaxBytes,
		RoomBytes: s.Room, Dropped: s.Dropped, Cleared: s.Cleared, Damaged: s.Damaged, SetAside: append([]string{}, s.Damage...),
	}
	if s.Records == 0 {
		return status, nil
	}
	oldest, err := q.read(s.OldestSeq, s.OldestSeq+1)
	if err != nil {
		return status, err
	}
	first := s.OldestSeq
	if s.NewestSeq >= rateMost {
		first = max(first, s.NewestSeq-rateMost+1)
	}
	last, err := q.read(first, s.NewestSeq+1)
	if err != nil {
		return status, err
	}
	status.Oldest, status.Newest = endOf(s.OldestSeq, oldest), endOf(s.NewestSeq, last)
	status.setRate(rateOf(last))
	return status, nil
}

// explain adds to an error of the queue's files what to do about it.
func (q queueFiles) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no queue in %s: the gateway makes it; one that runs as another user or under systemd has it elsewhere, and [queue] dir, $STATE_DIRECTORY or sudo leads there", q.Dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; use sudo, or be the user that the gateway runs as", err)
	}
	return err
}

// mine returns an error where files that this process makes could not be used
// by the gateway later.
func (q queueFiles) mine(command string) error {
	info, err := os.Stat(filepath.Join(q.Dir, "queue"))
	if err != nil {
		return q.explain(err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	name := "#" + strconv.Itoa(int(owner.Uid))
	if u, err := user.LookupId(name[1:]); err == nil {
		name = u.Username
	}
	return fmt.Errorf("the queue in %s belongs to another user, who could not read what is written there now: sudo -u %s %s", q.Dir, fileName(name), command)
}

// stored is what the rate is worked out from.
type stored struct {
	seq   uint64
	stamp reading.Stamp
	size  int
}

// read returns the readable records of from <= n < to.
func (q queueFiles) read(from, to uint64) ([]stored, error) {
	var parser reading.Parser
	var props []reading.Property
	var list []stored
	for rec, err := range queue.Records(q.Dir, from, to) {
		if err != nil {
			return nil, q.explain(err)
		}
		r, err := parser.Parse(rec.Data, props)
		if err != nil {
			continue // damaged, or of a newer version: it has no time here
		}
		props = r.Props
		list = append(list, stored{rec.Seq, r.Stamp, len(rec.Data)})
	}
	return list, nil
}

// endOf returns the record seq as an end of the queue, with its time where it
// is the last of list.
func endOf(seq uint64, list []stored) *queueEnd {
	if n := len(list); n > 0 && list[n-1].seq == seq {
		return &queueEnd{seq, list[n-1].stamp.Time(), list[n-1].stamp.Synced}
	}
	return &queueEnd{Seq: seq}
}

// rateOf returns the bytes a second that the newest records came in with: those
// of one boot, the last rateOver of it, rateLeast records at least.
func rateOf(list []stored) (rate float64, known bool) {
	if len(list) < 2 {
		return 0, false
	}
	last := list[len(list)-1].stamp
	bytes, since := 0, last
	for i := len(list) - 1; i > 0; i-- {
		s := list[i-1].stamp
		if s.BootID != last.BootID || len(list)-i >= rateLeast && last.Since(s) > rateOver {
			break
		}
		bytes, since = bytes+list[i].size, s
	}
	seconds := last.Since(since).Seconds()
	return float64(bytes) / seconds, seconds > 0
}
