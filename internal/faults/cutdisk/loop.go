package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const loopMajor = 7

// attach gives the file a free loop device with direct I/O, so that the device
// holds nothing back, and which frees itself when nobody has it open. Others
// attach at the same time: the one that the kernel offered may be gone.
func attach(ctx context.Context, path string) (*os.File, error) {
	backing, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = backing.Close() }()
	for {
		device, err := tryAttach(backing)
		if err == nil || !errors.Is(err, unix.EBUSY) {
			return device, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no loop device was free in time: %w", err)
		case <-time.After(time.Duration(1+rand.IntN(20)) * time.Millisecond):
		}
	}
}

func tryAttach(backing *os.File) (*os.File, error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = control.Close() }()
	n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return nil, fmt.Errorf("no free loop device: %w", err)
	}
	name := fmt.Sprintf("/dev/loop%d", n)
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) { // no devtmpfs
		if err := unix.Mknod(name, unix.S_IFBLK|0o600, int(unix.Mkdev(loopMajor, uint32(n)))); err != nil && !errors.Is(err, unix.EEXIST) {
			return nil, fmt.Errorf("cannot make %s: %w", name, err)
		}
	}
	device, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := configure(device, backing); err != nil {
		_ = device.Close()
		return nil, fmt.Errorf("cannot set up %s: %w", name, err)
	}
	return device, nil
}

func configure(device, backing *os.File) error {
	config := unix.LoopConfig{Fd: uint32(backing.Fd()), Size: sector}
	config.Info.Flags = unix.LO_FLAGS_DIRECT_IO | unix.LO_FLAGS_AUTOCLEAR
	if err := unix.IoctlLoopConfigure(int(device.Fd()), &config); err != nil {
		return err
	}
	info, err := unix.IoctlLoopGetStatus64(int(device.Fd()))
	if err != nil {
		return err
	}
	if info.Flags&unix.LO_FLAGS_DIRECT_IO == 0 {
		return errors.New("the kernel refuses direct I/O on the FUSE file")
	}
	return nil
}

// loopsOn returns the loop devices whose file is at or below path.
func loopsOn(path string) []string {
	files, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	var devices []string
	for _, f := range files {
		backing, err := os.ReadFile(f)
		name := strings.TrimSpace(string(backing))
		if err == nil && (name == path || strings.HasPrefix(name, path+"/")) {
			devices = append(devices, "/dev/"+strings.Split(f, "/")[3])
		}
	}
	return devices
}

// awaitNoLoop waits until no loop device stands on path, and reports whether
// that came true. The kernel tells nobody when it frees one.
func awaitNoLoop(path string, most time.Duration) bool {
	pause := time.Millisecond
	for end := time.Now().Add(most); ; time.Sleep(pause) {
		pause = min(2*pause, 50*time.Millisecond)
		if len(loopsOn(path)) == 0 {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// mounted is one row of the mount table.
type mounted struct{ source, dir, kind, options string }

// ourMounts is the mount table of this process.
const ourMounts = "/proc/self/mounts"

// mountTable reads a mount table; asking it touches no file system.
func mountTable(file string) ([]mounted, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var table []mounted
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 4 {
			table = append(table, mounted{f[0], unescape.Replace(f[1]), f[2], f[3]})
		}
	}
	return table, nil
}
