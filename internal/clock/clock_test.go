package clock

import (
	"encoding/hex"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"serialgw/internal/reading"
)

func TestClock_StampsWithTheKernelsBootID(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Skipf("no boot id here: %v", err)
	}
	want := strings.ReplaceAll(strings.TrimSpace(string(text)), "-", "")
	id := New().Now().BootID
	if got := hex.EncodeToString(id[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if id == (reading.BootID{}) {
		t.Error("the boot id is zero")
	}
}

func TestClock_BothClocksRun(t *testing.T) {
	c := New()
	before := time.Now()
	first := c.Now()
	second := c.Now()
	after := time.Now()
	if first.Boot <= 0 || second.Boot < first.Boot {
		t.Errorf("boot time does not run: %d, then %d", first.Boot, second.Boot)
	}
	if first.Wall < before.UnixNano() || second.Wall > after.UnixNano() {
		t.Errorf("wall time %d..%d is not within %d..%d", first.Wall, second.Wall, before.UnixNano(), after.UnixNano())
	}
	if second.Since(first) > after.Sub(before) {
		t.Errorf("%v passed, the clocks say %v", after.Sub(before), second.Since(first))
	}
}

// Whether the time may be sent is the kernel's word, not the date's.
func TestClock_SyncedIsTheKernelsWord(t *testing.T) {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	want := err == nil && state != unix.TIME_ERROR && tx.Status&unix.STA_UNSYNC == 0
	if got := New().Now().Synced; got != want {
		t.Errorf("got %v, the kernel says %v", got, want)
	}
}

func TestClock_AsksTheKernelOnceASecond(t *testing.T) {
	c := New()
	c.kernelSynced(0)
	truth := c.synced
	c.synced = !truth // an answer that can be told from a fresh one
	if got := c.kernelSynced(syncCheck - 1); got != !truth {
		t.Error("the kernel was asked again within the second")
	}
	if got := c.kernelSynced(syncCheck); got != truth {
		t.Error("an old answer was believed after a second")
	}
}

func TestClock_ManyGoroutines(t *testing.T) {
	c := New()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				c.Now()
			}
		})
	}
	wg.Wait()
}
