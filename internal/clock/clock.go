// Package clock says what time it is, and how far that can be believed.
//
// A Raspberry Pi has no clock battery: after a power cut its wall clock is
// plausible and wrong until a time service has set it. The kernel knows
// (adjtimex, STA_UNSYNC); the date alone proves nothing.
package clock

import (
	"encoding/hex"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"serialgw/internal/reading"
)

// syncCheck is how long an answer of adjtimex is believed.
const syncCheck = int64(time.Second)

// Clock stamps instants. It may be used by several goroutines.
type Clock struct {
	bootID reading.BootID

	mu      sync.Mutex
	checked int64 // boot time of the last look at the kernel's state
	synced  bool
}

// New reads the boot id once. A kernel without one leaves it zero.
func New() *Clock {
	c := &Clock{checked: -syncCheck}
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return c
	}
	id, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", ""))
	if err == nil {
		copy(c.bootID[:], id)
	}
	return c
}

// Now returns the present instant on both clocks.
func (c *Clock) Now() reading.Stamp {
	var boot unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) // cannot fail on Linux since 2.6.39
	s := reading.Stamp{Wall: time.Now().UnixNano(), Boot: boot.Nano(), BootID: c.bootID}
	s.Synced = c.kernelSynced(s.Boot)
	return s
}

func (c *Clock) kernelSynced(boot int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if boot-c.checked >= syncCheck {
		c.checked = boot
		var tx unix.Timex
		state, err := unix.Adjtimex(&tx)
		c.synced = err == nil && state != unix.TIME_ERROR && tx.Status&unix.STA_UNSYNC == 0
	}
	return c.synced
}
