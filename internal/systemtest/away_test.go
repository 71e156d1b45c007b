//go:build system

package systemtest

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// portBack is how long the port may take to be in use after its return.
	portBack = 500 * time.Millisecond
	// slack is for the machine that runs the tests.
	slack = time.Second
)

// reserved holds a TCP port that refuses connections until it is released.
type reserved struct {
	fd   int
	addr string
}

// reserve binds a port without listening: the kernel refuses who connects.
func reserve(t *testing.T) *reserved {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(fd)
	must(t, err)
	tcp := net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}
	r := &reserved{fd: fd, addr: tcp.String()}
	t.Cleanup(r.release)
	return r
}

func (r *reserved) release() {
	if r.fd >= 0 {
		_ = syscall.Close(r.fd)
		r.fd = -1
	}
}

// absence is a start without board and cloud.
type absence struct {
	t     *testing.T
	board *board
	cloud *platform
	g     *gateway
	back  func() time.Time // brings the cloud back and says when
}

// TestAway_ComesBackInAnyOrder starts with the port away and the cloud away,
// or the network, and brings them back in either order. The program runs,
// says once what is missing, collects what it can, and recovers by itself.
func TestAway_ComesBackInAnyOrder(t *testing.T) {
	kinds := map[string]func(*testing.T) *absence{"CloudRefuses": withoutCloud, "NameUnknown": withoutNetwork}
	for kind, open := range kinds {
		t.Run(kind+"/PortFirst", func(t *testing.T) {
			t.Parallel()
			a := open(t)
			a.portReturns(40)
			must(t, a.g.ledger.await(within(t, 10*time.Second), 40))
			a.stillAway()
			a.cloudReturns()
			a.finish(40)
		})
		t.Run(kind+"/CloudFirst", func(t *testing.T) {
			t.Parallel()
			a := open(t)
			a.stillAway()
			a.cloudReturns()
			a.portReturns(40)
			a.finish(40)
		})
	}
}

// withoutCloud starts while nobody listens at the cloud's address.
func withoutCloud(t *testing.T) *absence {
	t.Helper()
	hold := reserve(t)
	a := startAway(t, hold.addr)
	a.back = func() time.Time {
		hold.release()
		a.cloud.serve(t, hold.addr)
		return time.Now()
	}
	return a
}

// withoutNetwork starts with a name that no resolver knows. What comes back is
// an address that works, by SIGHUP: a test cannot give a name to the world.
func withoutNetwork(t *testing.T) *absence {
	t.Helper()
	a := startAway(t, "cloud.invalid:1883")
	a.back = func() time.Time {
		a.cloud.serve(t, "127.0.0.1:0")
		a.g.conf.onenet["address"] = quoted(a.cloud.addr)
		a.g.conf.write()
		a.g.signal(syscall.SIGHUP)
		return time.Now()
	}
	return a
}

func startAway(t *testing.T, addr string) *absence {
	t.Helper()
	a := &absence{t: t, board: newBoard(t), cloud: newPlatform(t, unpaced())}
	a.g = start(t, configure(t, a.board, addr, nil))
	a.g.expect(10*time.Second, "port missing", state("missing"))
	a.g.expect(10*time.Second, "cloud not reached", state("failed"))
	return a
}

// portReturns plugs the board in, wants the port in use at once, and sends.
func (a *absence) portReturns(frames int) {
	a.t.Helper()
	plugged := a.board.plug()
	took := a.g.opened().at.Sub(plugged)
	a.t.Logf("port in use %v after its return", took.Round(time.Millisecond))
	if took > portBack {
		a.t.Errorf("the port is in use %v after its return, want at most %v", took, portBack)
	}
	a.board.mustSend(frames, fullPace)
}

// stillAway lets the program fail a second time, so that it has something to
// repeat, and wants it to have said the first failure once.
func (a *absence) stillAway() {
	a.t.Helper()
	a.g.awaitStatus(20*time.Second, "a second attempt", func(s status) bool { return s.Link.Connects >= 3 })
	for _, name := range []string{"missing", "failed"} {
		if n := a.g.log.count(state(name)); n != 1 {
			a.t.Errorf("%d log lines in the state %q for one cause, want 1", n, name)
		}
	}
}

// cloudReturns wants a connection within the wait that is in force. It doubles
// from 2 s and is lengthened by up to a quarter, so after a failures it is at
// most 2.5 s * 2^(a-1).
func (a *absence) cloudReturns() {
	a.t.Helper()
	s, err := a.g.ask()
	must(a.t, err)
	inForce := 2500 * time.Millisecond << (s.Link.Connects - 1)
	begun := a.back()
	took := a.g.ready(inForce + 2*slack).at.Sub(begun)
	a.t.Logf("connected %v after its return; the wait in force was at most %v", took.Round(time.Millisecond), inForce)
	if took > inForce+slack {
		a.t.Errorf("connected %v after the cloud's return, want within the wait of at most %v", took, inForce)
	}
}

// finish wants everything delivered, then unplugs the board and plugs it in
// under another name.
func (a *absence) finish(frames int) {
	a.t.Helper()
	must(a.t, a.cloud.tally.await(within(a.t, 15*time.Second), frames))
	a.g.wantEmpty()
	a.board.unplug()
	a.g.expect(5*time.Second, "port lost", state("lost"))
	a.portReturns(frames)
	must(a.t, a.cloud.tally.await(within(a.t, 15*time.Second), 2*frames))
	a.g.wantEmpty()
	a.cloud.tally.wantAll(a.t, a.board.frames(), 0)
	if strings.Contains(a.g.log.String(), "panic") {
		a.t.Error("the program panicked")
	}
}
