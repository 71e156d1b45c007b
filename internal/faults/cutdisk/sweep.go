package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	fuseName  = "cutdisk" // the mount table says fuse.cutdisk
	tmpPrefix = "cutdisk-"
	fuseDir   = "fuse"
	imageName = "mkfs.img"
)

// sweep takes away everything of the instance with the directory tmp: what is
// mounted from its loop devices, these, its FUSE file system and its files. It
// may run twice at once, and with the process that served it dead.
func sweep(tmp, dir string) error {
	serving := filepath.Join(tmp, fuseDir)
	var errs []error
	for range 8 { // mounts may lie on each other
		table, err := mountTable(ourMounts)
		if err != nil {
			return err
		}
		n := 0
		for _, device := range loopsOn(serving) {
			for _, m := range table {
				if m.source == device {
					n++
					errs = append(errs, unmount(m.dir))
				}
			}
		}
		if n == 0 {
			break
		}
	}
	if !awaitRelease(serving, 10*time.Second) {
		errs = append(errs, fmt.Errorf("%v: a process still has the disk at %s open; it goes with it", loopsOn(serving), dir))
	}
	if err := unmount(serving); err != nil {
		return errors.Join(append(errs, err)...) // its files are not ours to remove yet
	}
	for _, path := range []string{filepath.Join(tmp, imageName), serving, tmp} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// unmount detaches dir, if something is mounted there.
func unmount(dir string) error {
	err := unix.Unmount(dir, unix.MNT_DETACH)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot unmount %s: %w", dir, err)
	}
	return nil
}

// owner names this process in the mount table; the start time tells it from a
// later process with the same number.
func owner() (string, error) {
	start, err := startOf(os.Getpid())
	return fmt.Sprintf("%s:%d:%s", fuseName, os.Getpid(), start), err
}

// startOf returns when a process started, in the kernel's ticks.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const start = 19 // field 22, counted from the one after the name
	if len(fields) <= start {
		return "", fmt.Errorf("/proc/%d/stat is too short", pid)
	}
	return fields[start], nil
}

// sweepLeftovers removes what instances left whose process and janitor were
// both killed. Those of living processes and of other programs stay.
func sweepLeftovers() error {
	table, err := mountTable(ourMounts)
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range table {
		tmp, is := strings.CutSuffix(m.dir, "/"+fuseDir)
		part := strings.Split(m.source, ":")
		if m.kind != "fuse."+fuseName || !is || len(part) != 3 || !strings.HasPrefix(filepath.Base(tmp), tmpPrefix) {
			continue
		}
		pid, err := strconv.Atoi(part[1])
		if err != nil {
			continue
		}
		if start, err := startOf(pid); err == nil && start == part[2] {
			continue
		}
		errs = append(errs, sweep(tmp, "a dead instance"))
	}
	return errors.Join(errs...)
}
