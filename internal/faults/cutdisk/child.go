package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childVerb is the first argument of this program's children.
const childVerb = "child"

// patience bounds everything that a child does: a wait behind it is a wait for
// a file system that this program serves.
const patience = 30 * time.Second

// child runs this program as a child and returns what it printed.
func child(args ...string) (string, error) {
	return command("/proc/self/exe", append([]string{childVerb}, args...)...)
}

// command runs a program within patience. It comes back also when the program
// cannot be killed because it hangs in the kernel.
func command(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, problem bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &problem
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }() // ends with the program, at the latest with the kernel's wait
	what := filepath.Base(name)
	if len(args) > 1 && args[0] == childVerb {
		what = args[1]
	}
	select {
	case err := <-done:
		if err != nil {
			return strings.TrimSpace(out.String()), fmt.Errorf("%s: %w: %s", what, err, strings.TrimSpace(problem.String()))
		}
		return strings.TrimSpace(out.String()), nil
	case <-time.After(patience + time.Second):
		return "", fmt.Errorf("%s hangs in the kernel", what)
	}
}

// beChild is main for a child.
func beChild(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch {
	case len(args) == 4 && args[0] == "up":
		return up(ctx, args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "down":
		return down(args[1], args[2] == "lazy")
	case len(args) == 4 && args[0] == "fill":
		left, err := strconv.ParseInt(args[3], 10, 64)
		if err != nil {
			return err
		}
		return fill(args[1], args[2], left)
	case len(args) == 3 && args[0] == "free":
		return release(args[1], args[2])
	case len(args) == 2 && args[0] == "elsewhere":
		return unmountElsewhere(args[1])
	case len(args) == 3 && args[0] == "janitor":
		_, _ = io.Copy(io.Discard, os.Stdin) // the owner never writes: this waits for its end
		return sweep(args[1], args[2])
	}
	return fmt.Errorf("a child cannot %q", args)
}

// The ways to mount.
const (
	asFirst  = "first" // and write everything out: what follows is the test's
	afterCut = "cut"   // as it is
	withFsck = "fsck"
)

// up mounts the file at dir and prints the device.
func up(ctx context.Context, file, dir, mode string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty below the disk: a program wrote there while the disk was off (%s)", dir, entries[0].Name())
	}
	device, err := attach(ctx, file)
	if err != nil {
		return err
	}
	defer func() { _ = device.Close() }()
	if mode == withFsck {
		out, err := command("e2fsck", "-p", device.Name())
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1) { // 1: errors corrected
			return fmt.Errorf("e2fsck could not repair the disk: %w: %s", err, out)
		}
	}
	if err := unix.Mount(device.Name(), dir, "ext4", unix.MS_NOATIME, ""); err != nil {
		return fmt.Errorf("ext4 refuses the disk: %w", err)
	}
	fmt.Println(device.Name())
	if mode != asFirst {
		return nil
	}
	return syncAll(dir)
}

// down unmounts dir. Not lazily it waits a little for those who still end.
func down(dir string, lazy bool) error {
	if lazy {
		return unix.Unmount(dir, unix.MNT_DETACH)
	}
	for end := time.Now().Add(2 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Unmount(dir, 0)
		if !errors.Is(err, unix.EBUSY) || time.Now().After(end) {
			return err
		}
	}
}
