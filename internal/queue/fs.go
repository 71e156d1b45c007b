package queue

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FS is the part of a file system the queue stands on. Tests replace it by
// one that forgets what was not synced, tears, fails and fills up.
type FS interface {
	MkdirAll(dir string) error
	// Lock takes the exclusive lock of path, or fails with ErrLocked.
	Lock(path string) (io.Closer, error)
	ReadDir(dir string) ([]string, error)
	// Create makes a new file; one that exists is an error. Its name lasts
	// only after SyncDir.
	Create(path string) (File, error)
	Open(path string, write bool) (File, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
	// Free returns the bytes an ordinary user may still take.
	Free(dir string) (int64, error)
}

// File is one open segment.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync returns nil when all bytes written before the call survive a power
	// cut. After an error it proves nothing any more, whatever it returns.
	Sync() error
	// Allocate reserves disk and makes the file size bytes long with zeros, or
	// does nothing on a file system that cannot.
	Allocate(size int64) error
	Truncate(size int64) error
	Size() (int64, error)
}

// ErrLocked says that another process has the queue open.
var ErrLocked = errors.New("another process holds the queue")

// osFS is the real file system.
type osFS struct{}

func (osFS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o750) }

func (osFS) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	return f, nil
}

func (osFS) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (osFS) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Open(path string, write bool) (File, error) {
	mode := os.O_RDONLY
	if write {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(path string) error     { return os.Remove(path) }

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (osFS) Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // Bsize is 32 bits wide on arm
}

// osFile adds fdatasync and fallocate to a file.
type osFile struct{ *os.File }

// Sync uses fdatasync: the size is already on disk when Allocate worked, and
// fdatasync writes it when it is needed to find the data.
func (f osFile) Sync() error {
	return f.control(unix.Fdatasync)
}

func (f osFile) Allocate(size int64) error {
	err := f.control(func(fd int) error { return unix.Fallocate(fd, 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}

// control runs a system call until no signal interrupts it. The descriptor
// cannot be closed and reused meanwhile.
func (f osFile) control(call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for {
			if result = call(int(fd)); !errors.Is(result, unix.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, result)
}

// Size returns the length in bytes.
func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
