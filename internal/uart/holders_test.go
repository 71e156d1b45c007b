package uart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// process makes a process below proc/ with the links of its descriptors; tty
// is the number of its terminal as the kernel packs it.
func (tr tree) process(pid int, comm string, tty int, open ...string) {
	dir := fmt.Sprintf("proc/%d", pid)
	tr.file(dir+"/comm", comm)
	tr.file(dir+"/stat", fmt.Sprintf("%d (%s) S 1 %d %d %d -1 4194560", pid, comm, pid, pid, tty))
	if err := os.MkdirAll(tr.path(dir+"/fd"), 0o700); err != nil {
		tr.t.Fatal(err)
	}
	for i, target := range open {
		tr.link(target, fmt.Sprintf("%s/fd/%d", dir, i))
	}
}

// lock writes proc/locks as if the process held the lock on a node.
func (tr tree) lock(pid int, node string) {
	tr.file("proc/locks", fmt.Sprintf("1: POSIX  ADVISORY  WRITE 77 %[2]s 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 78 %[2]s 0 EOF\n"+
		"2: FLOCK  ADVISORY  WRITE %[1]d %[2]s 0 EOF\n3: FLOCK  ADVISORY  WRITE 79 00:00:1 0 EOF\n4: FLOCK", pid, nodeAt(tr.path(node)).file))
}

func TestHolders(t *testing.T) {
	tr := newTree(t)
	usb0, usb1 := tr.path("dev/ttyUSB0"), tr.path("dev/ttyUSB1")
	const null = "/dev/null" // a real device number, 1:3
	tr.process(812, "minicom", 0, "/dev/pts/0", usb0, usb0)
	tr.process(90, "cat", 0, "pipe:[17]", usb0+" (deleted)", usb1)
	tr.process(91, "sh", 0, "/dev/pts/0", usb0+"1", "socket:[3]")
	tr.process(640, "agetty) 0 (", 1<<8|3)
	tr.process(700, "docker", 0, "/dev/./null")
	tr.file("proc/self/comm", "not a number")
	tr.lock(813, "dev/ttyUSB0")
	got, hidden := Holders(tr.path("proc"), []string{usb0, usb1, null, tr.path("dev/ttyUSB9")})
	want := map[string][]Holder{
		usb0: {{90, "cat"}, {812, "minicom"}, {813, ""}},
		usb1: {{90, "cat"}},
		null: {{640, "agetty) 0 ("}, {700, "docker"}},
	}
	if hidden || len(got) != len(want) {
		t.Errorf("got %v, hidden %v", got, hidden)
	}
	for path, holders := range want {
		if !slices.Equal(got[path], holders) {
			t.Errorf("%s: got %v, want %v", path, got[path], holders)
		}
	}
	if got, hidden := Holders(t.TempDir(), []string{usb0}); len(got) > 0 || hidden {
		t.Errorf("without procfs: %v, %v", got, hidden)
	}
}

// TestHolders_HiddenProcessIsSaid closes a process's descriptors to others;
// nothing is hidden from root.
func TestHolders_HiddenProcessIsSaid(t *testing.T) {
	root := os.Getuid() == 0
	tr := newTree(t)
	path := tr.path("dev/ttyUSB0")
	tr.process(812, "minicom", 0, path)
	tr.process(813, "hidden", 0, path)
	secret := tr.path("proc/813/fd")
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(secret, 0o700) }) // or it could not be removed
	both := []Holder{{812, "minicom"}, {813, "hidden"}}
	want := both[:1]
	if root {
		want = both
	}
	got, hidden := Holders(tr.path("proc"), []string{path})
	if hidden == root || !slices.Equal(got[path], want) {
		t.Errorf("got %v, hidden %v, want %v", got, hidden, want)
	}
	tr.lock(813, "dev/ttyUSB0") // which anybody may see
	if got, _ = Holders(tr.path("proc"), []string{path}); !slices.Equal(got[path], both) {
		t.Errorf("locked: got %v, want %v", got, both)
	}
}

// TestHolders_ThisProcess looks through the machine's own /proc for a pty that
// the test holds, opened through a link.
func TestHolders_ThisProcess(t *testing.T) {
	b := newBoard(t)
	name := filepath.Join(t.TempDir(), "board")
	link(t, b.path, name)
	tty := board{path: name}.openTTY(t)
	isThis := func(h Holder) bool { return h.PID == os.Getpid() && h.Name != "" }
	if got, _ := Holders(ProcRoot, []string{b.path}); !slices.ContainsFunc(got[b.path], isThis) {
		t.Errorf("open: held by %v, want process %d among them", got, os.Getpid())
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := Holders(ProcRoot, []string{b.path}); slices.ContainsFunc(got[b.path], isThis) {
		t.Errorf("closed: held by %v", got)
	}
}

func TestTerminal(t *testing.T) {
	for _, row := range []struct {
		name, stat string
		want       uint64
	}{
		{"OnBoard", "640 (agetty) S 1 640 640 1088 640 4194560", unix.Mkdev(4, 64)},
		{"NameWithBrackets", "640 (a) S 9 9 9 9) S 1 640 640 1088 640", unix.Mkdev(4, 64)},
		{"MinorOfMoreThanEightBits", "7 (x) S 1 7 7 1096748 7", unix.Mkdev(188, 300)},
		{"MajorOfMoreThanSevenBits", "7 (x) S 1 7 7 1047297 7", unix.Mkdev(4091, 1)},
		{"None", "7 (x) S 1 7 7 0 -1", 0},
		{"Short", "7 (x) S 1 7 7", 0},
		{"Empty", "", 0},
		{"NoNumber", "7 (x) S 1 7 7 tty 7", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(row.stat+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := terminal(dir); got != row.want {
				t.Errorf("got %#x, want %#x", got, row.want)
			}
		})
	}
}

// openings watches the nodes of a tree and counts how often one was opened.
func openings(t *testing.T, dev string) func() int {
	t.Helper()
	watch, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(watch) })
	nodes, err := filepath.Glob(filepath.Join(dev, "tty*"))
	if err != nil || len(nodes) == 0 {
		t.Fatalf("nodes %v, %v", nodes, err)
	}
	for _, n := range nodes {
		if _, err := unix.InotifyAddWatch(watch, n, unix.IN_OPEN); err != nil {
			t.Fatal(err)
		}
	}
	return func() int {
		buf := make([]byte, 4096)
		n, err := unix.Read(watch, buf)
		if errors.Is(err, unix.EAGAIN) {
			return 0
		}
		if err != nil {
			t.Fatal(err)
		}
		return n / int(unsafe.Sizeof(unix.InotifyEvent{})) // a watched file has no name in it
	}
}

// TestListing_OpensNoPort lets the kernel tell of every opening of a node, and
// takes away the right to open one.
func TestListing_OpensNoPort(t *testing.T) {
	tr := newTree(t)
	opened := openings(t, tr.path("dev"))
	var paths []string
	list := List(tr.path("sys"), tr.path("dev"))
	for _, info := range list {
		paths = append(paths, info.Path)
		if err := os.Chmod(info.Path, 0); err != nil {
			t.Fatal(err)
		}
	}
	tr.process(812, "minicom", 0, paths...)
	tr.lock(812, "dev/ttyUSB0")
	list = List(tr.path("sys"), tr.path("dev"))
	holders, _ := Holders(tr.path("proc"), paths)
	for _, info := range list {
		_ = BestName(info, list)
		_ = Attention(info, list, holders[info.Path], tr.path("proc"))
		if len(holders[info.Path]) != 1 {
			t.Errorf("%s: held by %v", info.Path, holders[info.Path])
		}
	}
	if len(list) != 5 || opened() != 0 {
		t.Errorf("listed %d ports, want 5, and a node was opened", len(list))
	}
	if err := os.Chmod(paths[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(paths[0]); err != nil || opened() != 1 {
		t.Errorf("the watch does not see an opening (%v)", err)
	}
}
