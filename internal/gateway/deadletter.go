package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// DeadLetters appends to a file of bounded size: when the file is full it
// takes the place of the one before it, so at most twice the limit is kept.
type DeadLetters struct {
	path  string
	limit int64

	mu   sync.Mutex
	file *os.File // nil = it was replaced, and the new one could not be opened
	size int64
	kept bool   // the file's name survives a power cut
	next uint64 // the number of the next letter
}

// OpenDeadLetters opens the file, or creates it. limit is in bytes. Letters are
// numbered on from the highest number that was there.
func OpenDeadLetters(path string, limit int64) (*DeadLetters, error) {
	d := &DeadLetters{path: path, limit: limit}
	if err := d.open(); err != nil {
		return nil, err
	}
	last, err := lastNumber(path)
	if err != nil {
		_ = d.file.Close()
		return nil, err
	}
	d.next = last + 1
	return d, nil
}

func (d *DeadLetters) open() error {
	file, err := os.OpenFile(d.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the dead letters: %w", err)
	}
	size, err := endLine(file)
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("cannot open the dead letters: %w", err)
	}
	d.file, d.size, d.kept = file, size, false
	return nil
}

// endLine ends a line that a power cut left torn, and returns the size.
func endLine(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return 0, err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], info.Size()-1); err != nil {
		return 0, err
	}
	if last[0] == '\n' {
		return info.Size(), nil
	}
	_, err = file.Write([]byte{'\n'})
	return info.Size() + 1, err
}

// Add appends letters. nil means that they survive a power cut; an error that
// some of them may be there nevertheless.
func (d *DeadLetters) Add(letters ...DeadLetter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file == nil {
		if err := d.open(); err != nil {
			return err
		}
	}
	file, size := d.file, d.size
	err := d.write(letters)
	if err != nil && d.file == file && file.Truncate(size) == nil {
		d.size = size // they come again, and would take the room of others
	}
	return err
}

func (d *DeadLetters) write(letters []DeadLetter) error {
	for _, l := range letters {
		if err := d.add(l); err != nil {
			return err
		}
	}
	if err := d.file.Sync(); err != nil {
		return fmt.Errorf("cannot write a dead letter: %w", err)
	}
	if d.kept { // before it is, a power cut may take the file with all that is synced in it
		return nil
	}
	if err := syncDir(filepath.Dir(d.path)); err != nil {
		return fmt.Errorf("cannot write a dead letter: %w", err)
	}
	d.kept = true
	return nil
}

func (d *DeadLetters) add(l DeadLetter) error {
	l.Number = d.next
	line, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("cannot write a dead letter: %w", err)
	}
	line = append(line, '\n')
	if d.size > 0 && d.size+int64(len(line)) > d.limit {
		if err := d.rotate(); err != nil {
			return err
		}
	}
	if _, err := d.file.Write(line); err != nil {
		// Half a line would spoil the next one too.
		return fmt.Errorf("cannot write a dead letter: %w", errors.Join(err, d.file.Truncate(d.size)))
	}
	d.size += int64(len(line))
	d.next++
	return nil
}

func (d *DeadLetters) rotate() error {
	if err := d.file.Sync(); err != nil {
		return fmt.Errorf("cannot rotate the dead letters: %w", err)
	}
	// A file that is gone was renamed by an attempt that failed after it.
	if err := os.Rename(d.path, d.path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot rotate the dead letters: %w", err)
	}
	full := d.file
	if err := d.open(); err != nil {
		return err
	}
	_ = full.Close() // everything in it was written before
	return nil
}

// Had returns an error for a number that no letter has had.
func (d *DeadLetters) Had(number uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if number < d.next {
		return nil
	}
	return fmt.Errorf("%d: no dead letter has had that number yet", number)
}

// Close closes the file.
func (d *DeadLetters) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file == nil {
		return nil
	}
	return d.file.Close()
}
