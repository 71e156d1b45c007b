package clock

// What the kernel and the time service say, and nothing else: a test build
// puts another file in the place of this one (go build -overlay, see
// internal/clocktest), so that a test can step the clock of the built program.

import (
	"encoding/hex"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"serialgw/internal/reading"
)

// timesyncPath is touched by systemd-timesyncd each time it has set the clock.
// /run is of this boot.
const timesyncPath = "/run/systemd/timesync/synchronized" //nolint:misspell // systemd spells it so

// kernelWall returns the system clock, in Unix nanoseconds.
func kernelWall() int64 { return time.Now().UnixNano() }

// kernelBoot returns CLOCK_BOOTTIME in nanoseconds.
func kernelBoot() int64 {
	var boot unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) // cannot fail on Linux since 2.6.39
	return boot.Nano()
}

// kernelSynced reports whether adjtimex calls the clock synchronised. It needs
// no privilege; where a sandbox refuses it, the answer is no.
func kernelSynced() bool {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	return err == nil && state != unix.TIME_ERROR && tx.Status&unix.STA_UNSYNC == 0
}

// timesyncTouched returns when systemd-timesyncd says that it has set the clock
// last, in Unix nanoseconds; 0 = not in this boot, or it is not in use here.
func timesyncTouched() int64 { return touched(timesyncPath) }

func touched(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.ModTime().UnixNano()
}

// kernelBootID returns the boot id; zero where the kernel shows none.
func kernelBootID() (boot reading.BootID) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return boot
	}
	id, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", ""))
	if err == nil {
		copy(boot[:], id)
	}
	return boot
}
