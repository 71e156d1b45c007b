package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const imageBytes = 12 << 30

// disk is an ext4 of its own on a loop device.
type disk struct {
	dir   string // of the image and the mount point
	mount string
	loop  string // "loop3"
}

// command is run to its end also when the program is to end: what was mounted is
// taken away again.
func command(name string, args ...string) (string, error) {
	out, err := exec.CommandContext(context.Background(), name, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// newDisk makes it, with mkfs's defaults. On an error nothing is left behind.
func newDisk() (d *disk, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("this makes, mounts and removes a disk of its own: it must run as root")
	}
	d = &disk{}
	if d.dir, err = os.MkdirTemp("", "queuerivals"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.remove())
		}
	}()
	image := filepath.Join(d.dir, "image")
	f, err := os.Create(image)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, imageBytes), f.Close()); err != nil {
		return nil, err
	}
	if _, err := command("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image); err != nil {
		return nil, err
	}
	dev, err := command("losetup", "--direct-io=on", "--find", "--show", image)
	if err != nil {
		return nil, err
	}
	d.loop = filepath.Base(dev)
	d.mount = filepath.Join(d.dir, "mnt")
	return d, errors.Join(os.Mkdir(d.mount, 0o700), d.attach())
}

func (d *disk) attach() error {
	_, err := command("mount", "-o", "noatime", "/dev/"+d.loop, d.mount)
	return err
}

func (d *disk) detach() error {
	_, err := command("umount", d.mount)
	return err
}

// cold forgets the pages of the file system.
func (d *disk) cold() error { return errors.Join(d.detach(), d.attach()) }

func (d *disk) remove() error {
	var errs []error
	if d.mount != "" {
		errs = append(errs, d.detach())
	}
	if d.loop != "" {
		_, err := command("losetup", "-d", "/dev/"+d.loop)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err // what is mounted is not removed
	}
	return os.RemoveAll(d.dir)
}

// writes is what the device was told to do since it was made.
type writes struct{ bytes, flushes int64 }

// stat is what it was told, with all that the file system holds back.
func (d *disk) stat() (writes, error) {
	f, err := os.Open(d.mount)
	if err != nil {
		return writes{}, err
	}
	if err := errors.Join(unix.Syncfs(int(f.Fd())), f.Close()); err != nil {
		return writes{}, err
	}
	return d.statNow()
}

func (d *disk) statNow() (writes, error) {
	b, err := os.ReadFile("/sys/block/" + d.loop + "/stat")
	if err != nil {
		return writes{}, err
	}
	fields := strings.Fields(string(b))
	if len(fields) < 17 {
		return writes{}, fmt.Errorf("the kernel counts no flushes: %q", b)
	}
	sectors, err := strconv.ParseInt(fields[6], 10, 64)
	flushes, ferr := strconv.ParseInt(fields[15], 10, 64)
	return writes{sectors * 512, flushes}, errors.Join(err, ferr)
}
