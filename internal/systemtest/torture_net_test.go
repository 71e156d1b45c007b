//go:build system

package systemtest

import (
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// netns is two network namespaces with a veth pair between them: packets can
// vanish there without anybody being told.
//
//	gateway 10.99.0.2 ── veth ── 10.99.0.1 cable ──▶ loopback of this machine
type netns struct{ near, far string }

const (
	nearAddress = "10.99.0.2"
	farAddress  = "10.99.0.1"
	veth        = "v0"
)

// newNetns makes the two, named after the process and the seed.
func newNetns(t *testing.T, seed uint64) *netns {
	t.Helper()
	name := fmt.Sprintf("sgt%d-%d", unix.Getpid(), seed)
	n := &netns{near: name + "n", far: name + "f"}
	for _, space := range []string{n.near, n.far} {
		ip(t, "netns", "add", space)
		t.Cleanup(func() { ip(t, "netns", "del", space) })
	}
	ip(t, "-n", n.near, "link", "add", veth, "type", "veth", "peer", "name", veth, "netns", n.far)
	for space, address := range map[string]string{n.near: nearAddress, n.far: farAddress} {
		ip(t, "-n", space, "addr", "add", address+"/30", "dev", veth)
		ip(t, "-n", space, "link", "set", veth, "up")
		ip(t, "-n", space, "link", "set", "lo", "up")
	}
	return n
}

// ip runs a command of the machine's own; it needs root.
func ip(t *testing.T, args ...string) { run(t, "ip", args...) }

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v: %s", name, args, err, out)
	}
}

// through starts a program on the near side.
func (n *netns) through() []string { return []string{"ip", "netns", "exec", n.near} }

// listen opens a listener on the far side.
func (n *netns) listen(t *testing.T) net.Listener {
	t.Helper()
	var l net.Listener
	done := make(chan error)
	go func() { // awaited by the receive below
		runtime.LockOSThread() // never unlocked: the thread ends with us
		done <- func() error {
			fd, err := unix.Open("/run/netns/"+n.far, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("cannot find the network: %w", err)
			}
			defer func() { _ = unix.Close(fd) }()
			if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("cannot enter the network: %w", err)
			}
			l, err = net.Listen("tcp", farAddress+":0")
			return err
		}()
	}()
	must(t, <-done)
	return l
}

// worsen drops all packets in one direction or both, or thins them out.
func (n *netns) worsen(t *testing.T, a act) {
	t.Helper()
	if a.fault == faultThin {
		rate := fmt.Sprintf("%dkbit", 64+a.n%400)
		run(t, "tc", "-n", n.near, "qdisc", "replace", "dev", veth, "root", "tbf", "rate", rate, "burst", "4k", "limit", "16k")
		return
	}
	if a.n%3 != 1 { // what the cloud says, acknowledgements of TCP included
		ip(t, "-n", n.far, "route", "replace", "blackhole", nearAddress+"/32")
	}
	if a.n%3 != 0 { // what the gateway says: the queue of the line takes nothing
		run(t, "tc", "-n", n.near, "qdisc", "replace", "dev", veth, "root", "tbf", "rate", "8bit", "burst", "1", "limit", "1")
	}
}

// heal ends that.
func (n *netns) heal(t *testing.T) {
	t.Helper()
	// What is not there need not be taken away.
	_ = exec.Command("ip", "-n", n.far, "route", "del", "blackhole", nearAddress+"/32").Run()
	_ = exec.Command("tc", "-n", n.near, "qdisc", "del", "dev", veth, "root").Run()
}
