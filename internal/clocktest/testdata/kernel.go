package clock

// In the place of the true kernel.go this file reads every fact from the file
// that SERIALGW_TEST_CLOCK names: one line,
//
//	wall_offset boot_offset synced timesync boot_id
//
// wall_offset and boot_offset are nanoseconds, added to this machine's
// CLOCK_REALTIME and CLOCK_BOOTTIME; synced is 1 where adjtimex is to call the
// clock synchronised, else 0; timesync is when timesyncd has touched its file,
// in Unix nanoseconds, 0 = never; boot_id is 32 hex digits. The file is read
// for each fact anew and must be replaced by rename.

import (
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"serialgw/internal/reading"
)

type control struct {
	wall, boot int64
	synced     int
	timesync   int64
	id         string
}

func read() (c control) {
	text, err := os.ReadFile(os.Getenv("SERIALGW_TEST_CLOCK"))
	if err == nil {
		_, err = fmt.Sscan(string(text), &c.wall, &c.boot, &c.synced, &c.timesync, &c.id)
	}
	if err != nil {
		panic(fmt.Sprintf("the clock of a test build needs SERIALGW_TEST_CLOCK: %v", err))
	}
	return c
}

func kernelWall() int64 { return time.Now().UnixNano() + read().wall }

func kernelBoot() int64 {
	var boot unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot)
	return boot.Nano() + read().boot
}

func kernelSynced() bool { return read().synced == 1 }

func timesyncTouched() int64 { return read().timesync }

func kernelBootID() (boot reading.BootID) {
	id, err := hex.DecodeString(read().id)
	if err != nil {
		panic(fmt.Sprintf("the boot id of a test build: %v", err))
	}
	copy(boot[:], id)
	return boot
}
