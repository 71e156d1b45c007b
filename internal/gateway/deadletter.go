package gateway

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// DeadLetter is one value that the cloud would not take, with the cloud's own
// words. A dead-letter file holds one such object a line.
type DeadLetter struct {
	Seq        uint64          `json:"seq"`
	Board      string          `json:"board"`
	Message    string          `json:"message"`
	Time       time.Time       `json:"time"`
	Identifier string          `json:"identifier"`
	Value      json.RawMessage `json:"value"`
	Code       int             `json:"code"`
	Reply      string          `json:"reply"`
}

// DeadLetters appends to a file of bounded size: when the file is full it
// takes the place of the one before it, so at most twice the limit is kept.
type DeadLetters struct {
	path  string
	limit int64

	mu   sync.Mutex
	file *os.File
	size int64
}

// OpenDeadLetters opens the file, or creates it. limit is in bytes.
func OpenDeadLetters(path string, limit int64) (*DeadLetters, error) {
	d := &DeadLetters{path: path, limit: limit}
	if err := d.open(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *DeadLetters) open() error {
	file, err := os.OpenFile(d.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the dead letters: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("cannot open the dead letters: %w", err)
	}
	d.file, d.size = file, info.Size()
	return nil
}

// Add appends one letter. nil means that the kernel has it.
func (d *DeadLetters) Add(l DeadLetter) error {
	line, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("cannot write a dead letter: %w", err)
	}
	line = append(line, '\n')
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.size > 0 && d.size+int64(len(line)) > d.limit {
		if err := d.rotate(); err != nil {
			return err
		}
	}
	n, err := d.file.Write(line)
	d.size += int64(n)
	if err != nil {
		return fmt.Errorf("cannot write a dead letter: %w", err)
	}
	return nil
}

func (d *DeadLetters) rotate() error {
	if err := os.Rename(d.path, d.path+".1"); err != nil {
		return fmt.Errorf("cannot rotate the dead letters: %w", err)
	}
	full := d.file
	if err := d.open(); err != nil {
		return err
	}
	_ = full.Close() // everything in it was written before
	return nil
}

// Close closes the file.
func (d *DeadLetters) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.file.Close()
}
