//go:build system

package systemtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// line is one line of a process's log.
type line struct {
	at     time.Time // when it was read here
	text   string
	fields map[string]any // of a JSON line
	taken  bool           // await has returned it
}

// field returns a field as text, "" when there is none.
func (l line) field(name string) string {
	if v, ok := l.fields[name]; ok {
		return fmt.Sprint(v)
	}
	return ""
}

// state matches lines about a change to a state, such as "opened" or "ready".
func state(name string) func(line) bool {
	return func(l line) bool { return l.field("state") == name }
}

// saying matches lines that contain a text.
func saying(text string) func(line) bool {
	return func(l line) bool { return strings.Contains(l.text, text) }
}

// journal keeps a process's lines and wakes those who wait for one.
type journal struct {
	mu    sync.Mutex
	lines []line
	ended bool
	news  bell
}

// fill reads lines until r ends.
func (j *journal) fill(r io.Reader) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		l := line{at: time.Now(), text: in.Text()}
		if json.Unmarshal(in.Bytes(), &l.fields) != nil {
			l.fields = nil
		}
		j.mu.Lock()
		j.lines = append(j.lines, l)
		j.news.ring()
		j.mu.Unlock()
	}
	j.mu.Lock()
	j.ended = true
	j.news.ring()
	j.mu.Unlock()
}

// await returns the first line that matches and that no earlier call has
// returned.
func (j *journal) await(ctx context.Context, match func(line) bool) (line, error) {
	for {
		j.mu.Lock()
		for i := range j.lines {
			if l := &j.lines[i]; !l.taken && match(*l) {
				defer j.mu.Unlock()
				l.taken = true
				return *l, nil
			}
		}
		ended, news := j.ended, j.news.wait()
		j.mu.Unlock()
		if ended {
			return line{}, errors.New("the process ended without saying it")
		}
		select {
		case <-news:
		case <-ctx.Done():
			return line{}, context.Cause(ctx)
		}
	}
}

// count returns how many lines match so far.
func (j *journal) count(match func(line) bool) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.lines {
		if match(l) {
			n++
		}
	}
	return n
}

// times returns when each line that matches was read.
func (j *journal) times(match func(line) bool) (at []time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.lines {
		if match(l) {
			at = append(at, l.at)
		}
	}
	return at
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var b strings.Builder
	for _, l := range j.lines {
		fmt.Fprintf(&b, "  %s\n", l.text)
	}
	return b.String()
}
