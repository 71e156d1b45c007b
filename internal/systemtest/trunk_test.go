//go:build system

package systemtest

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// trunk is a way through three networks of the test's own, so that packets can
// get lost far from the gateway: its interface stays up, and nobody answers for
// them.
//
//	gateway             router                platform
//	eth0 10.9.1.2 ━━━━ gw0 │ pf0 ━━━━━━━━━━━ eth0 10.9.2.2
type trunk struct {
	t                *testing.T
	router, platform int // processes that hold the networks
}

const (
	trunkGateway  = "10.9.1.2"
	trunkPlatform = "10.9.2.2"
	trunkAddress  = trunkPlatform + ":1883"
)

// newTrunk makes the networks of the router and the platform, and what joins
// them.
func newTrunk(t *testing.T) *trunk {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Fatalf("this test needs iproute2: %v", err)
	}
	k := &trunk{t: t, router: holdNetwork(t), platform: holdNetwork(t)}
	k.join("pf0", "10.9.2.1", k.platform, trunkPlatform)
	k.in(k.router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	return k
}

// connect gives the network of a gateway its interface, which comes up now.
func (k *trunk) connect(g *gateway) { k.join("gw0", "10.9.1.1", g.cmd.Process.Pid, trunkGateway) }

// join lays a cable from the router to another network, and the route back.
func (k *trunk) join(name, near string, pid int, far string) {
	k.t.Helper()
	k.in(pid, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
	k.in(k.router, "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", fmt.Sprint(pid))
	k.in(k.router, "ip", "address", "add", near+"/24", "dev", name)
	k.in(k.router, "ip", "link", "set", name, "up")
	k.in(pid, "ip", "address", "add", far+"/24", "dev", "eth0")
	k.in(pid, "ip", "link", "set", "eth0", "up")
	k.in(pid, "ip", "route", "add", "default", "via", near)
}

// cut has the router drop, without a word, what goes to an address.
func (k *trunk) cut(to string) { k.in(k.router, "ip", "route", "add", "blackhole", to+"/32") }

func (k *trunk) heal(to string) { k.in(k.router, "ip", "route", "del", "blackhole", to+"/32") }

// in runs a command in the network of a process.
func (k *trunk) in(pid int, args ...string) {
	k.t.Helper()
	if out, err := enter(pid, args...).CombinedOutput(); err != nil {
		k.t.Fatalf("%v: %v: %s", args, err, out)
	}
}

func enter(pid int, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-n", "-t", fmt.Sprint(pid)}, args...)...)
}

// holdNetwork makes a network namespace that lasts until the test ends, or dies.
func holdNetwork(t *testing.T) (pid int) {
	t.Helper()
	cmd := exec.Command("cat") // ends with its input
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	stdin, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// linkNews listens to what the kernel says about the links of a process's
// network.
type linkNews struct {
	cmd  *exec.Cmd
	all  sync.WaitGroup
	mu   sync.Mutex
	text bytes.Buffer
}

func (k *trunk) listenTo(g *gateway) *linkNews {
	k.t.Helper()
	n := &linkNews{cmd: enter(g.cmd.Process.Pid, "ip", "monitor", "link", "address", "route")}
	stdout, err := n.cmd.StdoutPipe()
	must(k.t, err)
	must(k.t, n.cmd.Start())
	n.all.Go(func() { _, _ = io.Copy(n, stdout) })
	k.t.Cleanup(func() { n.stop() })
	return n
}

// Write takes what the kernel says.
func (n *linkNews) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

// stop ends the listening and returns what was heard.
func (n *linkNews) stop() string {
	_ = n.cmd.Process.Kill()
	n.all.Wait()
	_ = n.cmd.Wait()
	return strings.TrimSpace(n.text.String())
}
