package uart

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

func readN(t *testing.T, p *Port, n int) string {
	t.Helper()
	var got []byte
	buf := make([]byte, 64)
	for len(got) < n {
		m, err := p.Read(buf, patience)
		if err != nil {
			t.Fatalf("read after %d of %d bytes: %v", len(got), n, err)
		}
		got = append(got, buf[:m]...)
	}
	return string(got)
}

func TestPort_EveryByteValuePasses(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	b.send(t, string(all))
	if got := readN(t, p, 256); got != string(all) {
		t.Errorf("read % X, want % X", got, all)
	}
	if n, err := p.Write(all, patience); n != 256 || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	back := make([]byte, 256)
	if _, err := io.ReadFull(b, back); err != nil || string(back) != string(all) {
		t.Errorf("board got % X, %v", back, err)
	}
}

func TestOpen_BytesFromBeforeAreDiscarded(t *testing.T) {
	b := newBoard(t)
	// Hold the slave open in cooked mode, as a getty or nobody would.
	tty, err := os.OpenFile(b.path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	b.send(t, "old\rline\n")
	p := openPort(t, b.path)
	b.send(t, "new")
	if got := readN(t, p, 3); got != "new" {
		t.Errorf("read %q, want \"new\"", got)
	}
}

func TestPort_ReadTimesOut(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	buf := make([]byte, 8)
	if n, err := p.Read(buf, time.Millisecond); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read = %d, %v, want the deadline", n, err)
	}
	b.send(t, "x")
	if got := readN(t, p, 1); got != "x" {
		t.Errorf("after a time-out read %q", got)
	}
}

func TestPort_CloseEndsAPendingRead(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	result := make(chan error, 1)
	b.send(t, "x")
	started := make(chan struct{})
	go func() {
		buf := make([]byte, 1)
		_, _ = p.Read(buf, 0)
		close(started)
		_, err := p.Read(buf, 0)
		result <- err
	}()
	<-started
	if err := p.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	select {
	case err := <-result:
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read = %v, want os.ErrClosed", err)
		}
	case <-time.After(patience):
		t.Fatal("Read still waits")
	}
	if err := p.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestPort_BoardGoneIsNotOurClose(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := p.Read(make([]byte, 8), patience)
	if err == nil || errors.Is(err, os.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read = %v, want an error of the device", err)
	}
}

// The library's own Write lands in the file that got the descriptor's number.
func TestPort_WriteAfterCloseLandsNowhere(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []*os.File
	for i := range 8 { // enough to take every number that Close gave back
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	if n, err := p.Write([]byte("stray"), time.Second); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write = %d, %v, want os.ErrClosed", n, err)
	}
	for _, f := range files {
		if info, err := f.Stat(); err != nil || info.Size() != 0 {
			t.Errorf("%s: %d bytes, %v", f.Name(), info.Size(), err)
		}
	}
}

func TestPort_WriteIsBounded(t *testing.T) {
	b := newBoard(t) // and never reads
	p := openPort(t, b.path)
	n, err := p.Write(make([]byte, 1<<20), 20*time.Millisecond)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 1<<20 {
		t.Errorf("Write = %d, %v, want the deadline", n, err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Close() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("Close hangs after a blocked write")
	}
}

func TestPort_CloseEndsAPendingWrite(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	result := make(chan error, 1)
	go func() {
		_, err := p.Write(make([]byte, 1<<20), time.Hour)
		result <- err
	}()
	if _, err := b.Read(make([]byte, 1)); err != nil { // the write has begun
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write = %v, want os.ErrClosed", err)
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
	cfg := configFor(b.path)
	cfg.Baud, cfg.Parity, cfg.StopBits, cfg.OnOpen = 250000, "even", 2, "clear" // a pty has no DTR: tolerated
	p, err := Open(cfg)
	if err != nil {
		t.Skipf("no custom baud rates here: %v", err)
	}
	defer p.Close()
	if p.Baud() != 0 && p.Baud() != 250000 {
		t.Errorf("Baud = %d", p.Baud())
	}
	err = control(p.raw, func(fd int) error {
		termios, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		if termios.Cflag&unix.HUPCL != 0 {
			t.Error("HUPCL is set: the next open would reset the board")
		}
		if termios.Cflag&unix.CSTOPB == 0 || termios.Lflag&unix.ICANON != 0 {
			t.Errorf("cflag %o, lflag %o: not raw with two stop bits", termios.Cflag, termios.Lflag)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
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

func TestMode(t *testing.T) {
	cfg := Defaults()
	if got := *mode(cfg); got != (serial.Mode{BaudRate: 115200, DataBits: 8}) {
		t.Errorf("default mode %+v", got)
	}
	cfg.Parity, cfg.StopBits, cfg.DataBits = "odd", 2, 7
	want := serial.Mode{BaudRate: 115200, DataBits: 7, Parity: serial.OddParity, StopBits: serial.TwoStopBits}
	if got := *mode(cfg); got != want {
		t.Errorf("mode %+v, want %+v", got, want)
	}
}

func TestValidate(t *testing.T) {
	good := configFor("/dev/ttyUSB0")
	if err := good.Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	if got := good.String(); got != "115200 8N1" {
		t.Errorf("String = %q", got)
	}
	bad := Config{Port: "COM3", Baud: -1, DataBits: 9, Parity: "mark", StopBits: 3, OnOpen: "up", Silence: -1}
	err := bad.Validate()
	if err == nil {
		t.Fatal("nothing wrong")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, key := range []string{"port", "baud", "data_bits", "parity", "stop_bits", "on_open", "silence"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], key+": ") {
			t.Errorf("line %d of %q does not name %s", i, err, key)
		}
	}
}
