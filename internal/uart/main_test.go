package uart

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"serialgw/internal/reading"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen at once.
const patience = 5 * time.Second

// board is a pty: the test holds the board's end, the port is the other.
type board struct {
	*os.File
	path string
}

func newBoard(t *testing.T) board {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	path := slave.Name()
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	return board{master, path}
}

func (b board) send(t *testing.T, bytes string) {
	t.Helper()
	if _, err := b.WriteString(bytes); err != nil {
		t.Fatal(err)
	}
}

func configFor(path string) Config {
	cfg := Defaults()
	cfg.Port = path
	return cfg
}

func openPort(t *testing.T, path string) *Port {
	t.Helper()
	p, err := Open(configFor(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// openTTY opens the port's end as any program would, in cooked mode, and keeps
// the pty alive while no port is open.
func (b board) openTTY(t *testing.T) *os.File {
	t.Helper()
	tty, err := os.OpenFile(b.path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return tty
}

// link makes a fresh symlink, as udev does under /dev/serial.
func link(t *testing.T, target, name string) {
	t.Helper()
	temp := filepath.Join(t.TempDir(), "new")
	if err := os.Symlink(target, temp); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, name); err != nil {
		t.Fatal(err)
	}
}

func stampNow() reading.Stamp {
	now := time.Now().UnixNano()
	return reading.Stamp{Wall: now, Boot: now}
}
