package queue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

const (
	// manyFiles are looked at side by side: each costs a cold disk two reads.
	manyFiles   = 64
	looksAtOnce = 8
)

// look is what a file turned out to be.
type look struct {
	name string
	id   uint64
	seg  *segment // one of the store
	err  error    // fs.ErrNotExist, ErrVersion, or why it must be set aside

	foreign, aside, blank bool
}

func lookAll(fsys FS, dir string, names []string) []look {
	looks := make([]look, len(names))
	var all errgroup.Group
	all.SetLimit(looksAtOnce)
	for i, name := range names {
		if len(names) < manyFiles {
			looks[i] = lookAt(fsys, dir, name)
			continue
		}
		all.Go(func() error {
			looks[i] = lookAt(fsys, dir, name)
			return nil
		})
	}
	_ = all.Wait() // no look fails as such
	return looks
}

func lookAt(fsys FS, dir, name string) (l look) {
	l.name = name
	var ours bool
	l.id, l.aside, ours = segmentID(name)
	if l.foreign = !ours; l.foreign || l.aside {
		return l
	}
	f, err := fsys.Open(filepath.Join(dir, name), false)
	if err != nil {
		l.err = err
		return l
	}
	defer func() { _ = f.Close() }()
	size, _ := f.Size()
	h, err := readHeader(f)
	if errors.Is(err, errHeader) {
		h, err = readHeader(f) // its owner may just have written it
	}
	switch {
	case errors.Is(err, ErrVersion):
		l.err = err
	case err == nil && !h.of(l.id):
		l.blank = true // taken again, and not begun [QUEUE-17]
	case err == nil:
		l.seg = &segment{
			id: l.id, first: h.first, limit: noLimit, seed: h.seed(), size: size, end: size,
			recycled: h.recycled, reusable: h.minor > 0, named: true,
		}
	default:
		if l.blank = isBlank(f, size); !l.blank {
			l.err = err
		}
	}
	return l
}

// take adds a file to what is known of the store.
func (img *image) take(l *look) error {
	if l.foreign {
		return nil
	}
	img.lastID = max(img.lastID, l.id)
	switch {
	case l.aside:
		img.aside = append(img.aside, l.name)
	case errors.Is(l.err, fs.ErrNotExist):
		img.changed = true // its owner deleted it after we listed it
	case errors.Is(l.err, ErrVersion):
		return fmt.Errorf("cannot open %s: %w", l.name, l.err)
	case l.err != nil:
		img.bad = append(img.bad, l.name)
	case l.blank:
		img.blank = append(img.blank, l.name)
	default:
		img.segs = append(img.segs, l.seg)
	}
	return nil
}

func readHeader(f io.ReaderAt) (header, error) {
	b := make([]byte, headerSize)
	n, _ := f.ReadAt(b, 0)
	return parseHeader(b[:n])
}

// isBlank reports whether f holds zeros alone, as far as the disk tells.
func isBlank(f io.ReaderAt, size int64) bool {
	b := make([]byte, scanBlock)
	for off := int64(0); off < size; off += scanBlock {
		n, err := f.ReadAt(b, off)
		if err != nil && !errors.Is(err, io.EOF) || len(bytes.TrimRight(b[:n], "\x00")) > 0 {
			return false
		}
	}
	return true
}
