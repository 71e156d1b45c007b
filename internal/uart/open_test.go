package uart

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOpen_BytesFromBeforeAreDiscarded(t *testing.T) {
	b := newBoard(t)
	b.openTTY(t)
	b.send(t, "old\rline\n")
	p := openPort(t, b.path)
	b.send(t, "new")
	if got := readN(t, p, 3); got != "new" {
		t.Errorf("read %q, want \"new\"", got)
	}
}

func TestOpen_SecondOpenIsRefused(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	_, err := Open(configFor(b.path))
	if err == nil {
		t.Fatal("two opens of one port")
	}
	// As root only the lock refuses; without, the exclusive mode does already.
	if !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), b.path) {
		t.Errorf("error %q does not say busy and %s", err, b.path)
	}
	if os.Getuid() == 0 && !strings.Contains(err.Error(), "this program itself") {
		t.Errorf("error %q does not say who holds it", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	openPort(t, b.path)
}

func TestOpen_SettingsOfTheTty(t *testing.T) {
	b := newBoard(t)
	tty := int(b.openTTY(t).Fd())
	termios, err := unix.IoctlGetTermios(tty, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	termios.Cflag |= unix.HUPCL
	if err := unix.IoctlSetTermios(tty, unix.TCSETS, termios); err != nil {
		t.Fatal(err)
	}
	cfg := configFor(b.path)
	cfg.Baud, cfg.Parity, cfg.StopBits, cfg.OnOpen = 250000, "even", 2, "clear" // a pty has no DTR: tolerated
	p, err := Open(cfg)
	if err != nil {
		t.Skipf("no custom baud rates here: %v", err)
	}
	t.Cleanup(func() { _ = p.Close() })
	if p.Baud() != 0 && p.Baud() != 250000 {
		t.Errorf("Baud = %d", p.Baud())
	}
	if termios, err = unix.IoctlGetTermios(tty, unix.TCGETS); err != nil {
		t.Fatal(err)
	}
	if termios.Cflag&unix.HUPCL != 0 {
		t.Error("HUPCL is set: the next open would reset the board")
	}
	if termios.Cflag&unix.CSTOPB == 0 || termios.Lflag&unix.ICANON != 0 {
		t.Errorf("cflag %o, lflag %o: not raw with two stop bits", termios.Cflag, termios.Lflag)
	}
	if c, ok := p.Counters(); ok {
		t.Errorf("a pty counts: %+v", c)
	}
}

func TestOpen_NoChildInheritsThePort(t *testing.T) {
	b := newBoard(t)
	openPort(t, b.path)
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || target != b.path {
			continue
		}
		seen++
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d: flags %#x, %v", fd, flags, err)
		}
	}
	if seen != 2 {
		t.Errorf("%d descriptors of the port, want 2", seen)
	}
}

func TestOpen_NotAPort(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, path, want string }{
		{"NotThere", filepath.Join(dir, "ttyUSB0"), "no such file or directory; is the board plugged in?"},
		{"File", file, "inappropriate ioctl for device; it is not a serial port"},
		{"Directory", dir, "is a directory; it is not a serial port"},
		{"Null", "/dev/null", "inappropriate ioctl for device; it is not a serial port"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Open(configFor(row.path))
			if want := "cannot open " + row.path + ": " + row.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want string
		is   error
	}{
		{"Permission", &fs.PathError{Op: "open", Path: "/dev/x", Err: unix.EACCES}, "group dialout", fs.ErrPermission},
		{"Exclusive", unix.EBUSY, "fuser", unix.EBUSY},
		{"Locked", &lockedError{holder: "process 7 (minicom)"}, "process 7 (minicom) holds it", unix.EBUSY},
		{"LockedByUnknown", &lockedError{}, "another program holds it", unix.EBUSY},
		{"NoHardware", unix.ENXIO, "plugged in", unix.ENXIO},
		{"Other", unix.EIO, "input/output error", unix.EIO},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := explain("/dev/x", row.err)
			if !strings.HasPrefix(err.Error(), "cannot open /dev/x: ") || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%q does not contain %q", err, row.want)
			}
			if !errors.Is(err, row.is) {
				t.Errorf("%q does not wrap %v", err, row.is)
			}
		})
	}
}

func TestCompareBaud(t *testing.T) {
	for _, row := range []struct {
		got, want int
		ok        bool
	}{
		{115200, 115200, true}, {117504, 115200, true}, {112896, 115200, true},
		{117505, 115200, false}, {112895, 115200, false},
		{9600, 12000000, false}, {115200, 250000, false}, {0, 9600, false},
	} {
		if err := compareBaud(row.got, row.want); (err == nil) != row.ok {
			t.Errorf("driver gives %d for %d: %v", row.got, row.want, err)
		}
	}
}
