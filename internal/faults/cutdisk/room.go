package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fillerName is the file that takes the room of a full disk.
const fillerName = "cutdisk.filler"

// fill takes the disk's room but for left bytes, and prints what is left.
// Reserving is enough; it needs no data to be written.
func fill(dir, device string, left int64) error {
	f, err := os.OpenFile(filepath.Join(dir, fillerName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := take(f, dir, device, left); err != nil {
		return err
	}
	if err := f.Sync(); err != nil { // a full disk stays full over a cut
		return err
	}
	return printFree(dir, device)
}

// take reserves room in steps that become smaller until the smallest finds none.
func take(f *os.File, dir, device string, left int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for size, step := info.Size(), int64(16<<20); step >= sector; {
		room, err := free(dir, device)
		if err != nil {
			return err
		}
		if left > 0 && room-step < left { // 0 asks for all that the file system gives, whatever it says
			step /= 2
			continue
		}
		err = unix.Fallocate(int(f.Fd()), 0, size, step)
		switch {
		case errors.Is(err, unix.ENOSPC):
			step /= 2
		case err != nil:
			return fmt.Errorf("cannot fill the disk: %w", err)
		default:
			size += step
		}
	}
	return nil
}

// release removes the filler and prints what is free now.
func release(dir, device string) error {
	if err := os.Remove(filepath.Join(dir, fillerName)); err != nil {
		return err
	}
	if err := syncAll(dir); err != nil { // freed blocks come back with the journal's commit
		return err
	}
	return printFree(dir, device)
}

func syncAll(dir string) error {
	top, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = top.Close() }()
	return unix.Syncfs(int(top.Fd()))
}

// free returns the bytes that root may still take: ext4 reports more, but keeps
// some for its own metadata.
func free(dir, device string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(filepath.Join("/sys/fs/ext4", filepath.Base(device), "reserved_clusters"))
	if err != nil {
		return 0, err
	}
	kept, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return max(0, int64(s.Bfree)-kept) * s.Bsize, err
}

func printFree(dir, device string) error {
	n, err := free(dir, device)
	if err == nil {
		fmt.Println(n)
	}
	return err
}
