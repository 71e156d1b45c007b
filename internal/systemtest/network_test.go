//go:build system

package systemtest

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inNetworkOf runs do in the network namespace of another process. The thread
// that was there is not used again.
func inNetworkOf(pid int, do func() error) error {
	done := make(chan error)
	go func() { // awaited by the receive below
		runtime.LockOSThread() // never unlocked: the thread ends with us
		done <- func() error {
			fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("cannot find the network: %w", err)
			}
			defer func() { _ = unix.Close(fd) }()
			if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("cannot enter the network: %w", err)
			}
			return do()
		}()
	}()
	return <-done
}

// bringUp sets IFF_UP on the loopback interface, as plugging a cable in does.
func bringUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot reach the interface: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("cannot name the interface: %w", err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("cannot bring the interface up: %w", err)
	}
	return nil
}

// TestNetwork_LinkThatComesUpEndsTheWait starts without any network. When the
// link comes up, the program does not sit out its wait, which is then 8 s and
// more: it connects as soon as the platform's limit of logins allows.
func TestNetwork_LinkThatComesUpEndsTheWait(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("a network of one's own needs root")
	}
	p := newPlatform(t, unpaced())
	b := pluggedBoard(t)
	conf := configure(t, b, "127.0.0.1:1883", nil)
	conf.isolated = true
	g := start(t, conf)
	g.opened()
	g.expect(10*time.Second, "network away", state("failed"))
	b.mustSend(50, fullPace)
	must(t, g.ledger.await(within(t, 10*time.Second), 50))
	g.awaitStatus(20*time.Second, "a third attempt", func(s status) bool {
		return s.Link.Connects >= 3 && s.Link.State == "waiting"
	})
	begun := time.Now()
	must(t, inNetworkOf(g.cmd.Process.Pid, func() error {
		if err := p.listen("127.0.0.1:1883"); err != nil { // nobody else can have the port here
			return err
		}
		return bringUp()
	}))
	p.run(t)
	took := g.ready(15 * time.Second).at.Sub(begun)
	t.Logf("connected %v after the link came up", took.Round(time.Millisecond))
	if limit := 5*time.Second + slack; took > limit {
		t.Errorf("connected %v after the link came up, want at most %v", took, limit)
	}
	must(t, p.tally.await(within(t, 10*time.Second), 50))
	g.wantEmpty()
	p.tally.wantAll(t, 50, 0)
}
