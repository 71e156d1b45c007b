//go:build system

package systemtest

import (
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// usage is what a process has taken, or a share of it.
type usage struct {
	rss float64 // MiB, now
	cpu float64 // seconds; with since: cores
	at  time.Time
}

// processOf reads what the kernel says of the gateway.
func processOf(t *testing.T, g *gateway) (u usage) {
	t.Helper()
	u.at = time.Now()
	dir := fmt.Sprintf("/proc/%d/", g.cmd.Process.Pid)
	stat, err := os.ReadFile(dir + "stat")
	must(t, err)
	// Behind the name in parentheses: utime and stime are the 12th and 13th, in
	// ticks of 10 ms.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseFloat(f, 64)
		must(t, err)
		u.cpu += ticks / 100
	}
	text, err := os.ReadFile(dir + "status")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	must(t, err)
	u.rss = kib / 1024
	return u
}

// since returns the share of a core since an earlier look.
func (u usage) since(before usage) usage {
	u.cpu = (u.cpu - before.cpu) / u.at.Sub(before.at).Seconds()
	return u
}

// unhex reads hex text with blanks.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	must(t, err)
	return b
}
