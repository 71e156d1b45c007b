package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// LetterPick says which letters are meant.
type LetterPick struct {
	Last       uint64 // numbers up to this one; 0 = all
	Identifier string // of this identifier; empty = of any
	Code       *int   // with this code; nil = with any
	As         string // goes under this identifier; empty = under its own
}

// Matches reports whether a letter is meant.
func (p LetterPick) Matches(l *DeadLetter) bool {
	return (p.Last == 0 || l.Number <= p.Last) && (p.Identifier == "" || l.Identifier == p.Identifier) &&
		(p.Code == nil || l.Code == *p.Code)
}

// StoredLetter is a line of a dead-letter file.
type StoredLetter struct {
	DeadLetter
	Line []byte // as it is stored, with its end; valid until the next one
	Err  error  // why it cannot be read: a power cut tore it

	mark bool // no letter: it keeps the number of the last one that was removed
}

// Letters yields the lines of the dead-letter file and of the one before it,
// oldest first. They may be read while a gateway writes. An error ends it; that
// neither file is there is none.
func Letters(path string) iter.Seq2[StoredLetter, error] {
	return func(yield func(StoredLetter, error) bool) {
		files, err := openLetterFiles(path)
		if err != nil {
			yield(StoredLetter{}, err)
			return
		}
		place := uint64(0)
		for _, f := range files {
			defer func() { _ = f.Close() }()
			more, err := yieldLines(f, &place, func(l StoredLetter) bool { return l.mark || yield(l, nil) })
			if err != nil {
				yield(StoredLetter{}, err)
			}
			if err != nil || !more {
				return
			}
		}
	}
}

// openLetterFiles returns the files that are there, older first. The newer one
// is opened first: when it takes the place of the other meanwhile, both are the
// same, and it is done again.
func openLetterFiles(path string) ([]*os.File, error) {
	for {
		var files []*os.File
		for _, p := range []string{path, path + ".1"} {
			f, err := os.Open(p)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err != nil:
				closeAll(files)
				return nil, fmt.Errorf("cannot read the dead letters: %w", err)
			}
			files = append([]*os.File{f}, files...)
		}
		if len(files) < 2 {
			return files, nil
		}
		a, err1 := files[0].Stat()
		b, err2 := files[1].Stat()
		if err := errors.Join(err1, err2); err != nil {
			closeAll(files)
			return nil, fmt.Errorf("cannot read the dead letters: %w", err)
		}
		if !os.SameFile(a, b) {
			return files, nil
		}
		closeAll(files)
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

func yieldLines(f io.Reader, place *uint64, yield func(StoredLetter) bool) (more bool, err error) {
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			if !yield(newStored(line, place)) {
				return false, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("cannot read the dead letters: %w", err)
		}
	}
}

func newStored(line []byte, place *uint64) StoredLetter {
	l := StoredLetter{Line: line}
	if l.DeadLetter, l.Err = parseLetter(line, *place+1); errors.Is(l.Err, errMark) {
		l.mark = true
	} else {
		*place++
	}
	return l
}

// rewrite replaces a file by its lines that are kept, so that a power cut leaves
// the old ones or the new ones: written beside it, synced, renamed. The last
// line has the number high, unless that is 0: no later letter may get a number
// that was shown to somebody.
func rewrite(path string, place *uint64, high uint64, keep func(*StoredLetter) bool) error {
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = old.Close() }()
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	last := uint64(0)
	_, err = yieldLines(old, place, func(l StoredLetter) bool {
		if l.mark || !keep(&l) {
			return true
		}
		last = l.Number
		_, werr := out.Write(l.Line)
		return werr == nil // Flush says it
	})
	if last < high {
		_, _ = fmt.Fprintf(out, "{\"letter\":%d}\n", high) // Flush says it
	}
	if err := errors.Join(err, out.Flush(), file.Sync(), file.Close()); err != nil {
		_ = os.Remove(path + ".new")
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// tailBytes is what is read of the end of a file for its last line.
const tailBytes = 64 << 10

// lastNumber returns the highest number of a letter. The last line has it; where
// that line has none, all are counted.
func lastNumber(path string) (uint64, error) {
	for _, p := range []string{path, path + ".1"} {
		tail, err := readTail(p)
		if err != nil {
			return 0, fmt.Errorf("cannot read the dead letters: %w", err)
		}
		tail = bytes.TrimRight(tail, "\n")
		if len(tail) == 0 {
			continue
		}
		l, err := parseLetter(tail[bytes.LastIndexByte(tail, '\n')+1:], 0)
		if l.Number > 0 && (err == nil || errors.Is(err, errMark)) {
			return l.Number, nil
		}
		break
	}
	return highestNumber(path)
}

func highestNumber(path string) (last uint64, err error) {
	files, err := openLetterFiles(path)
	defer closeAll(files)
	place := uint64(0)
	for _, f := range files {
		if err == nil {
			_, err = yieldLines(f, &place, func(l StoredLetter) bool { last = max(last, l.Number); return true })
		}
	}
	return last, err
}

func readTail(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tail := make([]byte, min(info.Size(), tailBytes))
	n, err := f.ReadAt(tail, info.Size()-int64(len(tail)))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return tail[:n], err
}
