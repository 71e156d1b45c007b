package capture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// recordFile is what a Recorder needs of a file.
type recordFile interface {
	io.Writer
	Sync() error
	Close() error
}

// part is one file of a recording. Its Recorder's mu guards all but the last
// fields.
type part struct {
	file  recordFile
	path  string
	w     *Writer
	size  int64
	born  int64 // time of its first packet
	dirty bool  // something is written and not synced

	flight sync.Mutex // held by a sync, which packets do not wait for
	broken bool       // a sync has failed: another would promise what it cannot know
	failed error      // of that sync, until somebody takes it
}

// creatable finds out whether path can be created, and leaves nothing there.
func creatable(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return existsAlready(path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot make the recording: %w", err)
	}
	dir := filepath.Dir(path)
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("cannot make the recording: cannot write into %s: %w", dir, err)
	}
	return nil
}

func existsAlready(path string) error {
	return fmt.Errorf("%s exists already: record into another file, or move it away", path)
}

// createRecording creates a file and sees to it that a power cut does not undo
// that. After an error there is none.
func createRecording(path string) (recordFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, existsAlready(path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make the recording: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot make the recording: %w", err), file.Close(), os.Remove(path))
	}
	return file, nil
}

// nextPath returns the path of the next file. The row may have grown meanwhile:
// by another recording, or by what was moved back.
func (r *Recorder) nextPath() (string, error) {
	if !r.cfg.row() {
		return r.cfg.Path, nil
	}
	row, err := listRow(r.cfg.Path)
	if err != nil {
		return "", err
	}
	last := r.number
	if len(row) > 0 {
		last = max(last, rowNumber(r.cfg.Path, row[len(row)-1]))
	}
	return rowName(r.cfg.Path, last+1), nil
}

// begin makes the next file, with its first packet. When that fails there is
// none.
func (r *Recorder) begin(first Packet) error {
	path, err := r.nextPath()
	if err != nil {
		return err
	}
	r.dropOld()
	p := &part{path: path, born: first.Time}
	err = r.withRoom(path, func() error {
		p.file, err = r.cfg.create(path)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.head(p, first); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), p.discard())
	}
	r.packets += uint64(len(r.early))
	r.part, r.early = p, nil
	r.number = rowNumber(r.cfg.Path, path)
	r.files = append(existing(r.files), path)
	return nil
}

// head writes what stands at the beginning of each file, what has waited for
// it, and its first packet.
func (r *Recorder) head(p *part, first Packet) (err error) {
	if p.w, err = NewWriter(roomy{r, p}, r.cfg.Notes...); err != nil {
		return err
	}
	for _, port := range r.ports {
		if err := p.w.AddPort(port); err != nil {
			return err
		}
	}
	for _, marker := range r.early {
		if err := p.w.Write(marker); err != nil {
			return err
		}
	}
	return p.w.Write(first)
}

// roomy is a part's file. It counts what the file takes, and makes room for it
// on a full disk.
type roomy struct {
	r *Recorder
	p *part
}

// Write writes all of b, or fails.
func (f roomy) Write(b []byte) (n int, err error) {
	err = f.r.withRoom(f.p.path, func() error {
		m, err := f.p.file.Write(b[n:])
		n += m
		return err
	})
	f.p.size += int64(n)
	return n, err
}

// enoughRoom is more than one step needs: when so much was freed and the disk
// is full all the same, others fill it, and what is left of the row stays.
const enoughRoom = 8 << 20

// withRoom takes a step of the file at path. While the disk is too full for it
// the row's oldest files go.
func (r *Recorder) withRoom(path string, step func() error) error {
	err := step()
	for freed := int64(0); isFull(err) && freed < enoughRoom; {
		size, ok := r.dropOldest(path)
		if !ok {
			break
		}
		freed += size
		err = step()
	}
	return err
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// existing returns the paths that are there.
func existing(paths []string) (there []string) {
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			there = append(there, path)
		}
	}
	return there
}

// explain adds to an error of the file what it means.
func (p *part) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w; what it holds so far can be read", p.path, err)
}

// sync syncs what is not, after a sync that is under way, and returns what
// either has failed with.
func (p *part) sync() error {
	p.flight.Lock()
	if p.dirty {
		p.dirty = false
		p.syncNow()
	}
	p.flight.Unlock()
	return p.syncFailure()
}

// syncNow syncs the file; flight is held.
func (p *part) syncNow() {
	if p.broken {
		return
	}
	if err := p.file.Sync(); err != nil {
		p.broken = true
		p.failed = p.explain(fmt.Errorf("cannot bring the recording to the disk: %w", err))
	}
}

// syncFailure returns a failed sync's error once.
func (p *part) syncFailure() error {
	p.flight.Lock()
	defer p.flight.Unlock()
	err := p.failed
	p.failed = nil
	return err
}

func (p *part) close() error {
	if err := p.file.Close(); err != nil {
		return p.explain(fmt.Errorf("cannot close the recording: %w", err))
	}
	return nil
}

// discard closes and removes a file that holds nothing.
func (p *part) discard() error {
	err := os.Remove(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(p.file.Close(), err)
}
