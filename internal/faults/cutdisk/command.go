package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// obey does what the lines say until quit, their end or a signal, and cleans up.
func (m *machine) obey(lines <-chan string, stop <-chan os.Signal, out io.Writer) error {
	for {
		select {
		case <-stop:
			return m.quit()
		case line, more := <-lines:
			words := strings.Fields(line)
			if !more {
				return m.quit()
			}
			if len(words) == 0 {
				continue
			}
			if words[0] == "quit" {
				return report(out, "quit", nil, m.quit())
			}
			body, err := m.do(words)
			_ = report(out, words[0], body, err) // who does not listen closes stdin too
		}
	}
}

// longestFlush in ms keeps a mount, which flushes several times, within patience.
const longestFlush = 2000

// longestFuse is how long freeze waits for the writes.
const longestFuse = 5 * time.Second

// do runs one command and returns the fields of its answer.
func (m *machine) do(words []string) (any, error) {
	name, args := words[0], words[1:]
	switch {
	case name == "freeze" && len(args) == 0:
		m.disk.freeze()
		return nil, nil
	case name == "freeze" && len(args) == 2 && args[0] == "after":
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of writes from 1", args[1])
		}
		m.disk.freezeAfter(n, longestFuse)
		return nil, nil
	case name == "cut" && len(args) == 1:
		seed, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the seed: %w", err)
		}
		return m.cut(seed)
	case name == "fill" && len(args) == 1:
		if left, err := strconv.ParseInt(args[0], 10, 64); err != nil || left < 0 {
			return nil, fmt.Errorf("%q is no number of bytes", args[0])
		}
		return m.room("fill", m.dir, m.device, args[0])
	case name == "free" && len(args) == 0:
		return m.room("free", m.dir, m.device)
	case name == "eio":
		if err := m.eio(args); err != nil {
			return nil, err
		}
		return m.state()
	case name == "slow" && len(args) == 1:
		ms, err := strconv.Atoi(args[0])
		if err != nil || ms < 0 || ms > longestFlush {
			return nil, fmt.Errorf("%q: 0 to %d ms", args[0], longestFlush)
		}
		m.disk.setSlow(time.Duration(ms) * time.Millisecond)
		return nil, nil
	case name == "stat" && len(args) == 0:
		state, err := m.state()
		return struct {
			Stat
			State
		}{m.disk.figures(), state}, err
	case name == "remount" && len(args) == 0:
		if err := m.remount(); err != nil {
			return nil, err
		}
		return m.state()
	}
	return nil, fmt.Errorf("%q is no command: freeze, freeze after N, cut SEED, fill LEFT, free, eio, slow MS, stat, remount, quit", strings.Join(words, " "))
}

// eio sets the failures of one kind of block operation, or ends all.
func (m *machine) eio(args []string) error {
	if len(args) == 1 && args[0] == "off" {
		m.disk.clearFaults()
		return nil
	}
	if len(args) < 2 {
		return errors.New("eio KIND N, eio KIND for DURATION, or eio off")
	}
	k, err := kindOf(args[0])
	if err != nil {
		return err
	}
	if len(args) == 3 && args[1] == "for" {
		d, err := time.ParseDuration(args[2])
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is no duration", args[2])
		}
		m.disk.setFault(k, fault{until: time.Now().Add(d)})
		return nil
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil || n < 1 || len(args) != 2 {
		return fmt.Errorf("%q is no number from 1", strings.Join(args[1:], " "))
	}
	m.disk.setFault(k, fault{left: n})
	return nil
}

// Room is the answer to fill and free.
type Room struct {
	Free int64 `json:"free"` // bytes that root may still take
	State
}

// room lets a child fill or free, and tells what came of it.
func (m *machine) room(args ...string) (any, error) {
	out, err := child(args...)
	if err != nil {
		return nil, err
	}
	free, err := strconv.ParseInt(out, 10, 64)
	if err != nil {
		return nil, err
	}
	state, err := m.state()
	return Room{free, state}, err
}
