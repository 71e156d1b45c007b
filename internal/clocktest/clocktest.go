// Package clocktest builds the program with a clock that a test can step.
//
//	test ── Set ──▶ control file ──▶ testdata/kernel.go, in the place of internal/clock/kernel.go
//
// The built program's time, boot time, boot id and synchronised state are what
// the control file says; everything else of it is the true program.
package clocktest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// variable names the control file to the built program.
const variable = "SERIALGW_TEST_CLOCK"

// Build builds the program into dir and returns its path. Its directory of work
// must lie in the module.
func Build(dir string) (string, error) {
	root, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("cannot find the module: %w", err)
	}
	top := strings.TrimSpace(string(root))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(top, "internal/clock/kernel.go"): filepath.Join(top, "internal/clocktest/testdata/kernel.go"),
	}})
	if err != nil {
		return "", fmt.Errorf("cannot write the overlay: %w", err)
	}
	list, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "serialgw-clocked")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", fmt.Errorf("cannot write the overlay: %w", err)
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-pgo=off", "-overlay", list, "-o", program, "./cmd/serialgw")
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build the program with a clock of the test's: %w\n%s", err, out)
	}
	return program, nil
}

// State is what the built program's kernel says.
type State struct {
	Off      time.Duration // how far its wall clock is ahead of this machine's
	Synced   bool          // adjtimex calls the clock synchronised
	Timesync int64         // when timesyncd has set the clock last, Unix ns by the program's clock; 0 = never
}

// Clock is the clock of a built program. It is set before the program starts,
// and may be set while it runs.
type Clock struct {
	path string
	boot time.Duration // added to this machine's boot time
	id   string
}

// New returns a clock whose control file is in dir, just booted.
func New(dir string) (*Clock, error) {
	c := &Clock{path: filepath.Join(dir, "clock")}
	return c, c.Reboot()
}

// Env is what the program's environment needs.
func (c *Clock) Env() string { return variable + "=" + c.path }

// Reboot begins a new boot: another boot id, and a boot time that starts again.
// The next Set puts it in force; no program may be running.
func (c *Clock) Reboot() error {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return fmt.Errorf("cannot make a boot id: %w", err)
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return fmt.Errorf("cannot read the boot time: %w", err)
	}
	c.id, c.boot = hex.EncodeToString(id[:]), -time.Duration(now.Nano())
	return nil
}

// Set puts a state in force, at once.
func (c *Clock) Set(s State) error {
	synced := 0
	if s.Synced {
		synced = 1
	}
	line := fmt.Sprintln(int64(s.Off), int64(c.boot), synced, s.Timesync, c.id)
	if err := os.WriteFile(c.path+".new", []byte(line), 0o600); err != nil {
		return fmt.Errorf("cannot set the clock: %w", err)
	}
	if err := os.Rename(c.path+".new", c.path); err != nil {
		return fmt.Errorf("cannot set the clock: %w", err)
	}
	return nil
}
