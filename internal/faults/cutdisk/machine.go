package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// settings are the command line.
type settings struct {
	dir, tmp string
	mib      int64
	block    int
	lies     bool
}

// machine is a disk with all that stands on it.
type machine struct {
	disk     *disk
	dir, tmp string
	device   string // where the present life is mounted from
	server   *fuse.Server
	janitor  *exec.Cmd
	failed   bytes.Buffer // what the janitor could not do
	leash    io.Closer    // closed: the janitor cleans up
}

// missing says what this machine lacks, or nil.
func missing() error {
	var lacks []string
	if os.Geteuid() != 0 {
		lacks = append(lacks, "root")
	}
	for _, device := range []string{"/dev/fuse", "/dev/loop-control"} {
		f, err := os.OpenFile(device, os.O_RDWR, 0)
		if err != nil {
			lacks = append(lacks, fmt.Sprintf("%s (%v)", device, errors.Unwrap(err)))
			continue
		}
		_ = f.Close()
	}
	for _, program := range []string{"mkfs.ext4", "e2fsck"} {
		if _, err := exec.LookPath(program); err != nil {
			lacks = append(lacks, program+" (package e2fsprogs)")
		}
	}
	if lacks != nil {
		return fmt.Errorf("cutdisk needs %s; no power cut was tested", strings.Join(lacks, ", "))
	}
	return nil
}

// start makes the disk and mounts it. On an error everything is taken away again.
func start(s settings) (*machine, error) {
	if err := missing(); err != nil {
		return nil, err
	}
	if err := sweepLeftovers(); err != nil {
		return nil, fmt.Errorf("leftovers: %w", err)
	}
	dir, err := filepath.EvalSymlinks(s.dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(s.tmp, tmpPrefix)
	if err != nil {
		return nil, err
	}
	if tmp, err = filepath.EvalSymlinks(tmp); err != nil { // as the kernel will name it
		return nil, err
	}
	m := &machine{disk: newDisk(s.mib<<20, s.lies), dir: dir, tmp: tmp}
	if err := m.startJanitor(); err != nil {
		return nil, errors.Join(err, os.Remove(tmp))
	}
	if err := m.build(s); err != nil {
		return nil, errors.Join(err, m.quit())
	}
	return m, nil
}

// startJanitor starts the child that cleans up after this process. No signal
// meant for this process's group reaches it.
func (m *machine) startJanitor() error {
	m.janitor = exec.Command("/proc/self/exe", childVerb, "janitor", m.tmp, m.dir) //nolint:noctx // it outlives this process
	m.janitor.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	m.janitor.Stderr = &m.failed
	leash, err := m.janitor.StdinPipe()
	if err != nil {
		return err
	}
	m.leash = leash
	return m.janitor.Start()
}

func (m *machine) build(s settings) error {
	if err := m.format(s.block); err != nil {
		return err
	}
	serving := filepath.Join(m.tmp, fuseDir)
	if err := os.Mkdir(serving, 0o700); err != nil {
		return err
	}
	name, err := owner()
	if err != nil {
		return err
	}
	if m.server, err = serve(m.disk, serving, name); err != nil {
		return err
	}
	if err := m.up(asFirst); err != nil {
		return err
	}
	m.disk.settle()
	return nil
}

// format makes the file system on a plain file and takes it as the disk.
func (m *machine) format(blockSize int) error {
	image := filepath.Join(m.tmp, imageName)
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(image, int64(len(m.disk.now))); err != nil {
		return err
	}
	args := []string{"-q", "-F"}
	if blockSize > 0 {
		args = append(args, "-b", strconv.Itoa(blockSize))
	}
	if _, err := command("mkfs.ext4", append(args, image)...); err != nil {
		return err
	}
	if err := m.disk.load(image); err != nil {
		return err
	}
	return os.Remove(image)
}

// load takes the image as written and flushed, without touching the memory
// behind its zeros.
func (d *disk) load(image string) error {
	f, err := os.Open(image)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	part, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for off := 0; off < len(d.now); off += len(part) {
		n, err := io.ReadFull(f, part[:min(len(part), len(d.now)-off)])
		if err != nil {
			return err
		}
		if !slices.Equal(part[:n], zeros[:n]) {
			copy(d.now[off:], part[:n])
			copy(d.stable[off:], part[:n])
		}
	}
	return nil
}

// up mounts the present life.
func (m *machine) up(mode string) error {
	file := filepath.Join(m.tmp, fuseDir, filePrefix+strconv.Itoa(m.disk.life()))
	device, err := child("up", file, m.dir, mode)
	m.device = device
	return err
}

// cut is the power cut and the boot after it.
func (m *machine) cut(seed uint64) (Cut, error) {
	began := time.Now()
	m.disk.freeze()
	old := filepath.Join(m.tmp, fuseDir, filePrefix+strconv.Itoa(m.disk.life()))
	if m.device != "" {
		if _, err := child("down", m.dir, "lazy"); err != nil {
			return Cut{}, err
		}
		m.device = ""
	}
	held := !awaitRelease(old, time.Second)
	c := m.disk.cut(seed)
	c.Held = held
	err := m.up(afterCut)
	c.Milliseconds = time.Since(began).Milliseconds()
	return c, err
}

// remount is a boot without a power cut.
func (m *machine) remount() error {
	old := filepath.Join(m.tmp, fuseDir, filePrefix+strconv.Itoa(m.disk.life()))
	if m.device != "" {
		if _, err := child("down", m.dir, ""); err != nil {
			return err
		}
		m.device = ""
	}
	if !awaitRelease(old, patience) {
		return errors.New("the loop device does not go away")
	}
	m.disk.reboot()
	return m.up(withFsck)
}

// State is what ext4 says of itself.
type State struct {
	Device   string `json:"device"`
	ReadOnly bool   `json:"read_only"`   // ext4 takes no writes until a remount
	Errors   int64  `json:"ext4_errors"` // its own count in this life and before, until e2fsck
}

func (m *machine) state() (State, error) {
	s := State{Device: m.device}
	table, err := mountTable(ourMounts)
	if err != nil {
		return s, err
	}
	for _, row := range table {
		if row.source != m.device || row.dir != m.dir {
			continue
		}
		for option := range strings.SplitSeq(row.options, ",") {
			s.ReadOnly = s.ReadOnly || option == "ro" || option == "emergency_ro" || option == "shutdown"
		}
		count, err := os.ReadFile(filepath.Join("/sys/fs/ext4", filepath.Base(m.device), "errors_count"))
		if err != nil {
			return s, err
		}
		s.Errors, err = strconv.ParseInt(strings.TrimSpace(string(count)), 10, 64)
		return s, err
	}
	return s, errors.New("the disk is not mounted")
}

// quit takes everything away; the janitor does it while this process still serves.
func (m *machine) quit() error {
	m.disk.clearFaults()
	m.disk.setSlow(0)
	if err := m.leash.Close(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- m.janitor.Wait() }() // ends with the janitor
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("something was left behind: %w: %s", err, strings.TrimSpace(m.failed.String()))
		}
		return nil
	case <-time.After(2 * patience):
		return errors.New("the cleaning up hangs")
	}
}
