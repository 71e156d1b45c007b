// Package clock says what time it is, and how far that can be believed.
//
// A Raspberry Pi has no clock battery: after a power cut its wall clock is
// plausible and wrong until a time service has set it. The kernel knows
// (adjtimex, STA_UNSYNC); the date alone proves nothing.
package clock

import (
	"sync"
	"time"

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
func New() *Clock { return &Clock{checked: -syncCheck, bootID: kernelBootID()} }

// Now returns the present instant on both clocks.
func (c *Clock) Now() reading.Stamp {
	s := reading.Stamp{Boot: kernelBoot(), Wall: kernelWall(), BootID: c.bootID}
	s.Synced = c.kernelSynced(s.Boot)
	return s
}

func (c *Clock) kernelSynced(boot int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if boot-c.checked >= syncCheck {
		c.checked = boot
		c.synced = kernelSynced()
	}
	return c.synced
}
