package main

import (
	"fmt"
	"time"
)

// kind is a block operation that can be made to fail.
type kind int

const (
	writes kind = iota
	reads
	syncs
	kinds
)

// kindOf returns the operation by its name in the protocol.
func kindOf(name string) (kind, error) {
	switch name {
	case "write":
		return writes, nil
	case "read":
		return reads, nil
	case "sync":
		return syncs, nil
	}
	return 0, fmt.Errorf("%q is no operation: write, read or sync", name)
}

// fault makes one kind fail, a number of times or until a time.
type fault struct {
	left  int64
	until time.Time
}

func (f *fault) hit(now time.Time) bool {
	if f.left > 0 {
		f.left--
		return true
	}
	return now.Before(f.until)
}

func (d *disk) setFault(k kind, f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[k] = f
}

func (d *disk) clearFaults() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = [kinds]fault{}
}
