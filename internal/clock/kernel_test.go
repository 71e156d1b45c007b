package clock

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"serialgw/internal/reading"
)

func TestClock_StampsWithTheKernelsBootID(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
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

const (
	childFile = "SERIALGW_TEST_TIMESYNC" // names the file to the child
	nobody    = 65534
)

// TestKernel_AsNobody asks the kernel and looks at the time service's file
// without any privilege, as the service does: in a child process when the test
// runs as root. Both answers must be those that root gets.
func TestKernel_AsNobody(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		askAsNobody(t, path)
		return
	}
	dir := t.TempDir()
	for d := dir; d != filepath.Dir(d) && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil { // as /run/systemd/timesync is
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "touched")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_800_000_000, 123)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run", "^TestKernel_AsNobody$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = []string{childFile + "=" + path}
	uid := os.Geteuid()
	if uid == 0 {
		uid = nobody
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.CombinedOutput()
	for _, want := range []string{
		"uid " + strconv.Itoa(uid),
		"synced " + strconv.FormatBool(kernelSynced()),
		"touched " + strconv.FormatInt(at.UnixNano(), 10),
	} {
		if err != nil || !strings.Contains(string(out), want+";") {
			t.Errorf("%v: want %q in\n%s", err, want, out)
		}
	}
}

func askAsNobody(t *testing.T, path string) {
	if os.Geteuid() == 0 {
		t.Fatal("still root")
	}
	var tx unix.Timex
	if _, err := unix.Adjtimex(&tx); err != nil {
		t.Fatalf("adjtimex: %v", err)
	}
	t.Logf("uid %d; synced %v; touched %d;", os.Geteuid(), kernelSynced(), touched(path))
}

func TestTimesync_NoFile(t *testing.T) {
	if got := touched(filepath.Join(t.TempDir(), "touched")); got != 0 {
		t.Errorf("got %d for a file that is not there", got)
	}
}
