package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// portLink is a name in the file system for a pty of ours.
type portLink struct{ path, target string }

// linkPort makes path, which a flag named, lead to the pty target. A link to a
// pty that is gone is what an earlier run left, and is replaced; nothing else
// is touched.
func linkPort(target, path, flag string) (portLink, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return portLink{}, fmt.Errorf("%s: %w", flag, err)
	case info.Mode().Type() != fs.ModeSymlink:
		return portLink{}, usagef("%s %s: it exists and is no link; choose another path", flag, path)
	default:
		if err := removeStale(path, flag); err != nil {
			return portLink{}, err
		}
	}
	if err := os.Symlink(target, path); err != nil {
		return portLink{}, fmt.Errorf("cannot make %s: %w", path, err)
	}
	return portLink{path, target}, nil
}

func removeStale(path, flag string) error {
	old, err := os.Readlink(path)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	if !strings.HasPrefix(old, "/dev/pts/") {
		return usagef("%s %s: it leads to %s already; choose another path", flag, path, old)
	}
	if _, err := os.Stat(old); err == nil {
		return usagef("%s %s: it leads to %s, which is in use; choose another path, or remove the link if you know that it is an old one", flag, path, old)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("cannot replace %s: %w", path, err)
	}
	return nil
}

// remove removes the link, unless it leads elsewhere by now.
func (l portLink) remove() {
	if now, err := os.Readlink(l.path); err == nil && now == l.target {
		_ = os.Remove(l.path) // a link to nothing is replaced the next time
	}
}
