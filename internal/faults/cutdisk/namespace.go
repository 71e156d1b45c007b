package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// awaitRelease waits until no loop device stands on path, and reports whether
// that came true. Each mount namespace made while the disk was mounted has a
// copy of the mount, which holds the device: these copies are taken away.
func awaitRelease(path string, most time.Duration) bool {
	if awaitNoLoop(path, 50*time.Millisecond) {
		return true
	}
	for _, device := range loopsOn(path) {
		_, _ = child("elsewhere", device) // what it cannot do, the next wait tells
	}
	return awaitNoLoop(path, most)
}

// unmountElsewhere unmounts the device in all mount namespaces but this one.
func unmountElsewhere(device string) error {
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return err
	}
	seen := map[string]bool{own: true}
	links, err := filepath.Glob("/proc/[0-9]*/ns/mnt")
	if err != nil {
		return err
	}
	var errs []error
	for _, link := range links {
		space, err := os.Readlink(link)
		if err != nil || seen[space] { // a process that has ended
			continue
		}
		seen[space] = true
		table, err := mountTable(filepath.Join(filepath.Dir(filepath.Dir(link)), "mounts"))
		if err != nil {
			continue // the same
		}
		for _, m := range table {
			if m.source == device {
				errs = append(errs, unmountIn(link, m.dir))
			}
		}
	}
	return errors.Join(errs...)
}

// unmountIn detaches dir in the namespace of the link. The thread that goes
// there ends with it.
func unmountIn(link, dir string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: nobody else shall run there
		done <- func() error {
			space, err := os.Open(link)
			if err != nil {
				return err
			}
			defer func() { _ = space.Close() }()
			if err := unix.Unshare(unix.CLONE_FS); err != nil {
				return err
			}
			if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNS); err != nil {
				return fmt.Errorf("%s: %w", link, err)
			}
			return unmount(dir)
		}()
	}()
	return <-done
}
