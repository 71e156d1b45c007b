package uart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ProcRoot is where Linux shows its processes.
const ProcRoot = "/proc"

// Holder is a process that has a port open.
type Holder struct {
	PID  int    `json:"pid"`
	Name string `json:"name"` // the program's own short name; empty when unknown
}

// String names the process: "process 812 (minicom)".
func (h Holder) String() string {
	if h.Name == "" {
		return fmt.Sprintf("process %d", h.PID)
	}
	return fmt.Sprintf("process %d (%s)", h.PID, h.Name)
}

func holder(procRoot string, pid int) Holder {
	return Holder{PID: pid, Name: attr(filepath.Join(procRoot, strconv.Itoa(pid)), "comm")}
}

// Holders tells for each of the nodes at paths which processes have it open,
// in one walk through procRoot (ProcRoot, but in tests). It opens no port. A
// process shows by its descriptors, which only root may see of everybody, and
// to anyone by its lock or as one whose terminal the port is. What may not be
// read is left out; hidden says that there was such a process.
func Holders(procRoot string, paths []string) (holders map[string][]Holder, hidden bool) {
	pids := make(map[string][]int)
	locks := flocks(procRoot)
	nodes := make([]node, len(paths))
	for i, path := range paths {
		nodes[i] = nodeAt(path)
		pids[path] = slices.Clone(locks[nodes[i].file])
	}
	entries, _ := os.ReadDir(procRoot) // none without procfs
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join(procRoot, e.Name())
		open, err := openIn(dir)
		hidden = hidden || errors.Is(err, fs.ErrPermission) // any other means that it has just ended
		open = append(open, descriptor{tty: terminal(dir)})
		for _, n := range nodes {
			if slices.ContainsFunc(open, n.is) {
				pids[n.path] = append(pids[n.path], pid)
			}
		}
	}
	holders = make(map[string][]Holder)
	for path, found := range pids {
		slices.Sort(found)
		for _, pid := range slices.Compact(found) {
			holders[path] = append(holders[path], holder(procRoot, pid))
		}
	}
	return holders, hidden
}

// node is a device node in each of the ways that the kernel refers to it.
type node struct {
	path string
	file string // device and inode of the node, as in /proc/locks; empty: not there
	tty  uint64 // device number of the tty behind it; 0 when that proves nothing
}

// nodeAt asks for the node's numbers, which opens nothing. The number of a pty
// is not taken: each container has its own pty 0.
func nodeAt(path string) node {
	n := node{path: path}
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return n
	}
	n.file = fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	if st.Mode&unix.S_IFMT == unix.S_IFCHR && !isPTY(&st) {
		n.tty = st.Rdev
	}
	return n
}

// is reports whether d is open on n: by its path, also after the node was
// removed, or by the tty's number, for a container names its nodes as it likes.
func (n node) is(d descriptor) bool {
	return strings.TrimSuffix(d.path, " (deleted)") == n.path || n.tty != 0 && d.tty == n.tty
}

// descriptor is what a process has open.
type descriptor struct {
	path string
	tty  uint64 // device number; 0 when it is no device, or was not asked
}

// openIn lists what the process of a directory of /proc has open.
func openIn(dir string) ([]descriptor, error) {
	fds := filepath.Join(dir, "fd")
	entries, err := os.ReadDir(fds)
	if err != nil {
		return nil, err
	}
	var open []descriptor
	for _, e := range entries {
		fd := filepath.Join(fds, e.Name())
		path, err := os.Readlink(fd)
		if errors.Is(err, fs.ErrPermission) {
			return open, err
		}
		d := descriptor{path: path}
		// The node of a container's tty stands at /ttyUSB0 when seen from here.
		// Other files are not asked: one on a dead network would not answer.
		if strings.HasPrefix(path, "/dev/") || strings.LastIndex(path, "/") == 0 {
			d.tty = deviceAt(fd)
		}
		open = append(open, d)
	}
	return open, nil
}

func deviceAt(path string) uint64 {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR {
		return 0
	}
	return st.Rdev
}

// terminal returns the device number of a process's controlling terminal, 0
// when it has none. It is the fifth word after the name, which may hold
// anything, and packs the minor number around the major one:
//
//	640 (agetty) S 1 640 640 1088 640 ...
func terminal(dir string) uint64 {
	stat := attr(dir, "stat")
	f := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(f) < 5 {
		return 0
	}
	nr, err := strconv.ParseInt(f[4], 10, 32)
	if err != nil || nr == 0 {
		return 0
	}
	return unix.Mkdev(uint32(nr>>8&0xfff), uint32(nr&0xff|nr>>12&0xfff00))
}

// flocks lists who holds a lock on which file. The kernel shows every lock to
// everybody, by device and inode of the file:
//
//	4: FLOCK  ADVISORY  WRITE 812 00:05:402 0 EOF
func flocks(procRoot string) map[string][]int {
	pids := make(map[string][]int)
	for line := range strings.Lines(attr(procRoot, "locks")) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			pids[f[5]] = append(pids[f[5]], pid)
		}
	}
	return pids
}

// lockHolder looks up who holds the lock on path; empty when nobody is seen.
func lockHolder(path string) string {
	pids := flocks(ProcRoot)[nodeAt(path).file]
	switch {
	case len(pids) == 0:
		return ""
	case pids[0] == os.Getpid():
		return "this program itself (two boards with one port?)"
	}
	return holder(ProcRoot, pids[0]).String()
}
