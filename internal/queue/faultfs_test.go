package queue

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// faultFS is a file system in memory that a test can crash, fill and break.
//
//	write ─▶ data (the kernel: survives kill -9) ─ Sync ─▶ synced (survives a power cut)
//	create, rename, remove ─▶ names ─ SyncDir ─▶ durable
//
// A failed Sync forgets what it should have written and calls the file clean,
// as ext4, XFS and Btrfs do: a second Sync then returns nil and lies.
type faultFS struct {
	mu      sync.Mutex
	names   map[string]*faultInode
	durable map[string]*faultInode
	locked  map[string]bool
	ops     map[string]int // calls so far, by name
	free    int64          // of the disk; -1: endless

	// fail is asked before each call; an error is the call's result.
	fail func(op, path string) error
	// badSector is asked for each 4 KiB block read; true makes it EIO.
	badSector func(path string, block int64) bool
	// after runs when a changing call has succeeded, without the lock.
	after func()
	// noAllocate makes it one that cannot reserve disk.
	noAllocate bool
	// lazySync and lazyDir are sabotage: a sync that does nothing.
	lazySync, lazyDir bool
}

type faultInode struct {
	data   []byte
	synced []byte
	writes []faultWrite // since the last sync, in order
}

type faultWrite struct {
	off  int64
	data []byte
	cut  bool // a truncation to off, or with data of zeros a growth
}

const faultSector = 512

func newFaultFS() *faultFS {
	return &faultFS{names: map[string]*faultInode{}, durable: map[string]*faultInode{},
		locked: map[string]bool{}, ops: map[string]int{}, free: -1}
}

// begin counts the call and asks whether it fails. It returns with mu held.
func (f *faultFS) begin(op, path string) error {
	f.mu.Lock()
	f.ops[op]++
	if f.fail != nil {
		return f.fail(op, filepath.Base(path))
	}
	return nil
}

// end gives mu back, and after a change lets the test look.
func (f *faultFS) end(changed bool) {
	after := f.after
	f.mu.Unlock()
	if changed && after != nil {
		after()
	}
}

// calls is the number of all calls but reads.
func (f *faultFS) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for op, c := range f.ops {
		if op != "read" {
			n += c
		}
	}
	return n
}

// crash returns the disk after a power cut: what was synced, and of the rest
// each sector and each directory entry with the chance given. With 1 it is
// the state after kill -9.
func (f *faultFS) crash(chance float64, rng *rand.Rand) *faultFS {
	f.mu.Lock()
	defer f.mu.Unlock()
	lucky := func() bool { return chance >= 1 || chance > 0 && rng.Float64() < chance }
	out := newFaultFS()
	out.free = f.free
	paths := map[string]bool{}
	for p := range f.names {
		paths[p] = true
	}
	for p := range f.durable {
		paths[p] = true
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		inode := f.durable[p]
		if now := f.names[p]; now != inode && lucky() {
			inode = now
		}
		if inode != nil {
			out.names[p] = inode.crash(lucky)
			out.durable[p] = out.names[p]
		}
	}
	return out
}

func (n *faultInode) crash(lucky func() bool) *faultInode {
	data := slices.Clone(n.synced)
	for _, w := range n.writes {
		if w.cut {
			if lucky() {
				data = resize(data, w.off)
			}
			continue
		}
		for i := 0; i < len(w.data); {
			end := min(len(w.data), i+faultSector-int((w.off+int64(i))%faultSector))
			if lucky() {
				data = overwrite(data, w.off+int64(i), w.data[i:end])
			}
			i = end
		}
	}
	return &faultInode{data: data, synced: slices.Clone(data)}
}

func resize(b []byte, size int64) []byte {
	if int64(len(b)) > size {
		return b[:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

func overwrite(b []byte, off int64, data []byte) []byte {
	if end := off + int64(len(data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[off:], data)
	return b
}

func (f *faultFS) used() int64 {
	var n int64
	for _, i := range f.names {
		n += int64(len(i.data))
	}
	return n
}

func (f *faultFS) MkdirAll(string) error { return nil }

type faultLock struct {
	fs   *faultFS
	path string
}

func (l faultLock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locked, l.path)
	return nil
}

func (f *faultFS) Lock(path string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locked[path] {
		return nil, ErrLocked
	}
	f.locked[path] = true
	return faultLock{f, path}, nil
}

func (f *faultFS) ReadDir(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for p := range f.names {
		if filepath.Dir(p) == dir {
			names = append(names, filepath.Base(p))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *faultFS) Create(path string) (File, error) {
	if err := f.begin("create", path); err != nil {
		f.end(false)
		return nil, err
	}
	defer f.end(true)
	if f.names[path] != nil {
		return nil, fs.ErrExist
	}
	f.names[path] = &faultInode{}
	return &faultFile{fs: f, path: path, inode: f.names[path]}, nil
}

func (f *faultFS) Open(path string, _ bool) (File, error) {
	err := f.begin("open", path)
	defer f.end(false)
	if err != nil {
		return nil, err
	}
	if f.names[path] == nil {
		return nil, fs.ErrNotExist
	}
	return &faultFile{fs: f, path: path, inode: f.names[path]}, nil
}

func (f *faultFS) Rename(from, to string) error {
	if err := f.begin("rename", from); err != nil {
		f.end(false)
		return err
	}
	defer f.end(true)
	f.names[to] = f.names[from]
	delete(f.names, from)
	return nil
}

func (f *faultFS) Remove(path string) error {
	if err := f.begin("remove", path); err != nil {
		f.end(false)
		return err
	}
	defer f.end(true)
	delete(f.names, path)
	return nil
}

func (f *faultFS) SyncDir(dir string) error {
	if err := f.begin("syncdir", dir); err != nil {
		f.end(false)
		return err
	}
	defer f.end(true)
	if !f.lazyDir {
		f.durable = maps.Clone(f.names)
	}
	return nil
}

func (f *faultFS) Free(string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops["free"]++
	if f.free < 0 {
		return 1 << 40, nil
	}
	return f.free - f.used(), nil
}

// faultFile is an open handle; it works on after a rename or removal.
type faultFile struct {
	fs     *faultFS
	path   string
	inode  *faultInode
	closed bool
}

func (h *faultFile) begin(op string) error {
	if err := h.fs.begin(op, h.path); err != nil {
		return err
	}
	if h.closed {
		return fs.ErrClosed
	}
	return nil
}

func (h *faultFile) ReadAt(b []byte, off int64) (int, error) {
	err := h.begin("read")
	defer h.fs.end(false)
	if err != nil {
		return 0, err
	}
	if off >= int64(len(h.inode.data)) {
		return 0, io.EOF
	}
	n := copy(b, h.inode.data[off:])
	for at := off; h.fs.badSector != nil && at < off+int64(n); at = (at/skipBlock + 1) * skipBlock {
		if h.fs.badSector(filepath.Base(h.path), at/skipBlock) {
			return int(at - off), unix.EIO // what came before it is given
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt tears: when it fails, half of the bytes are there.
func (h *faultFile) WriteAt(b []byte, off int64) (int, error) {
	err := h.begin("write")
	grow := off + int64(len(b)) - int64(len(h.inode.data))
	if err == nil && grow > 0 && h.fs.free >= 0 && h.fs.used()+grow > h.fs.free {
		err = unix.ENOSPC
	}
	if err != nil {
		b = b[:len(b)/2]
	}
	h.inode.data = overwrite(h.inode.data, off, b)
	h.inode.writes = append(h.inode.writes, faultWrite{off: off, data: slices.Clone(b)})
	h.fs.end(true)
	return len(b), err
}

func (h *faultFile) Sync() error {
	if err := h.begin("sync"); err != nil {
		h.inode.writes = nil // clean now, and not on disk
		h.fs.end(false)
		return err
	}
	if !h.fs.lazySync {
		for _, w := range h.inode.writes {
			if w.cut {
				h.inode.synced = resize(h.inode.synced, w.off)
			} else {
				h.inode.synced = overwrite(h.inode.synced, w.off, w.data)
			}
		}
		h.inode.writes = nil
	}
	h.fs.end(true)
	return nil
}

func (h *faultFile) Allocate(size int64) error {
	if size <= int64(len(h.inode.data)) || h.fs.noAllocate {
		return nil
	}
	return h.resize("allocate", size)
}

func (h *faultFile) Truncate(size int64) error { return h.resize("truncate", size) }

func (h *faultFile) resize(op string, size int64) error {
	err := h.begin(op)
	if err == nil && h.fs.free >= 0 && h.fs.used()+size-int64(len(h.inode.data)) > h.fs.free {
		err = unix.ENOSPC
	}
	if err != nil {
		h.fs.end(false)
		return err
	}
	h.inode.data = resize(h.inode.data, size)
	h.inode.writes = append(h.inode.writes, faultWrite{off: size, cut: true})
	h.fs.end(true)
	return nil
}

func (h *faultFile) Size() (int64, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	return int64(len(h.inode.data)), nil
}

func (h *faultFile) Close() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.closed = true
	return nil
}
