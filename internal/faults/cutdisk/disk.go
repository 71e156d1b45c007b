package main

import (
	"sync"
	"syscall"
	"time"
)

// mostPending bounds the log of a disk that never flushes; what is older counts
// as flushed. ext4 flushes every 5 s, so an honest disk stays far below it.
const mostPending = 256 << 20

// write is one entry of the log.
type write struct {
	off  int64
	data []byte
}

// Stat counts what reached the block device since the first mount, over all lives.
type Stat struct {
	Writes  int64 `json:"writes"`
	Flushes int64 `json:"flushes"`
	Bytes   int64 `json:"bytes"`
	Failed  int64 `json:"failed"` // operations failed by eio
	Life    int   `json:"life"`   // from 1; a cut or remount begins the next
}

// disk is a block device with a volatile write cache whose power can be cut.
// All methods may be called concurrently.
type disk struct {
	lies bool // flushes save nothing

	mu           sync.Mutex
	off          chan struct{} // closed while there is no power
	now          []byte        // what reads see
	stable       []byte        // what is flushed: survives a cut
	pending      []write       // the log since then, in order
	pendingBytes int64
	folded       int64 // entries that left pending, so a flush can name its end
	fuse         int64 // so many writes from now the power goes; 0: not so
	slow         time.Duration
	faults       [kinds]fault
	stat         Stat
}

func newDisk(size int64, lies bool) *disk {
	return &disk{
		lies: lies, off: make(chan struct{}),
		now: make([]byte, size), stable: make([]byte, size),
		stat: Stat{Life: 1},
	}
}

// dead reports whether a file of that life has lost its disk.
func (d *disk) dead(life int) bool {
	select {
	case <-d.off:
		return true
	default:
		return life != d.stat.Life
	}
}

// admit counts an operation and decides whether it is done. The caller holds mu.
func (d *disk) admit(life int, k kind, off, length int64) syscall.Errno {
	if d.dead(life) {
		return syscall.EIO
	}
	if d.faults[k].hit(time.Now()) {
		d.stat.Failed++
		return syscall.EIO
	}
	if off < 0 || off+length > int64(len(d.now)) {
		return syscall.ENOSPC
	}
	return 0
}

func (d *disk) read(life int, to []byte, off int64) (int, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	length := max(0, min(int64(len(to)), int64(len(d.now))-off))
	if errno := d.admit(life, reads, off, length); errno != 0 {
		return 0, errno
	}
	return copy(to, d.now[off:off+length]), 0
}

func (d *disk) write(life int, data []byte, off int64) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.admit(life, writes, off, int64(len(data))); errno != 0 {
		return errno
	}
	d.stat.Writes++
	d.stat.Bytes += int64(len(data))
	copy(d.now[off:], data)
	d.pending = append(d.pending, write{off, append([]byte(nil), data...)})
	d.pendingBytes += int64(len(data))
	for d.pendingBytes > mostPending {
		d.fold(1)
	}
	if d.fuse > 0 {
		if d.fuse--; d.fuse == 0 {
			d.freezeLocked()
		}
	}
	return 0
}

// flush saves what had been written when it was called. A flush during which
// the power goes fails and saves nothing.
func (d *disk) flush(life int) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.admit(life, syncs, 0, 0); errno != 0 {
		return errno
	}
	end := d.folded + int64(len(d.pending))
	if d.slow > 0 {
		off, wait := d.off, time.NewTimer(d.slow)
		d.mu.Unlock()
		select {
		case <-wait.C:
		case <-off:
			wait.Stop()
		}
		d.mu.Lock()
		if d.dead(life) {
			return syscall.EIO
		}
	}
	d.stat.Flushes++
	if !d.lies {
		d.fold(end - d.folded)
	}
	return 0
}

// fold saves the oldest n entries of the log; the caller holds mu.
func (d *disk) fold(n int64) {
	if n <= 0 {
		return
	}
	for _, w := range d.pending[:n] {
		copy(d.stable[w.off:], w.data)
		d.pendingBytes -= int64(len(w.data))
	}
	clear(d.pending[:n]) // the rest keeps the array alive
	d.pending = d.pending[n:]
	d.folded += n
}

// freeze takes the power away: the log ends here.
func (d *disk) freeze() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.freezeLocked()
}

// freezeAfter takes it away with the n-th write from now, which is then the
// last and unflushed, or when the time is over. It returns when it is gone.
func (d *disk) freezeAfter(n int64, most time.Duration) {
	d.mu.Lock()
	d.fuse = n
	off := d.off
	d.mu.Unlock()
	wait := time.NewTimer(most)
	defer wait.Stop()
	select {
	case <-off:
	case <-wait.C:
		d.freeze()
	}
}

func (d *disk) freezeLocked() {
	d.fuse = 0
	select {
	case <-d.off:
	default:
		close(d.off)
	}
}

// settle makes everything written so far the base: the first mount's own
// writes are none of the test's.
func (d *disk) settle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fold(int64(len(d.pending)))
	d.stat = Stat{Life: d.stat.Life}
}

// reboot begins the next life with everything written: the power stayed on.
func (d *disk) reboot() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fold(int64(len(d.pending)))
	d.begin()
}

// begin switches the power on for the next life; the caller holds mu.
func (d *disk) begin() {
	d.freezeLocked() // ends the flushes of this life
	d.off = make(chan struct{})
	d.stat.Life++
}

func (d *disk) life() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stat.Life
}

func (d *disk) figures() Stat {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stat
}

func (d *disk) setSlow(each time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow = each
}
