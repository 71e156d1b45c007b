//go:build system

package systemtest

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"serialgw/internal/onenetsim"
)

// platform is a simulator that serves, and what arrived there.
type platform struct {
	*onenetsim.Server
	addr  string
	tally *tally
}

// unpaced is the platform without its limits.
func unpaced() onenetsim.Config { return onenetsim.Config{Profile: onenetsim.Studio} }

// servePlatform starts a simulator on a port that the kernel chooses.
func servePlatform(t *testing.T, cfg onenetsim.Config) *platform {
	t.Helper()
	p := newPlatform(t, cfg)
	p.serve(t, "127.0.0.1:0")
	return p
}

// newPlatform returns a simulator that does not serve yet. It knows the tests'
// one device.
func newPlatform(t *testing.T, cfg onenetsim.Config) *platform {
	t.Helper()
	p := &platform{tally: newTally()}
	if cfg.Products == nil {
		cfg.Products = []onenetsim.Product{{ID: testProduct, Devices: map[string]string{testDevice: testKey}}}
	}
	cfg.OnPost = func(post onenetsim.Post) {
		for _, v := range post.Values {
			if v.Identifier != counter {
				continue
			}
			seq, err := frameNumber(v.Raw)
			if err != nil {
				t.Error(err)
			}
			p.tally.add(seq)
		}
	}
	p.Server = onenetsim.New(cfg)
	return p
}

// serve opens a plain listener and serves until the test ends.
func (p *platform) serve(t *testing.T, addr string) {
	t.Helper()
	must(t, p.listen(addr))
	p.run(t)
}

// listen opens a plain listener; run serves it.
func (p *platform) listen(addr string) error {
	a, err := p.Listen(addr)
	if err == nil {
		p.addr = a.String()
	}
	return err
}

// serveTLS is serve with a certificate.
func (p *platform) serveTLS(t *testing.T, mode onenetsim.TLSMode) {
	t.Helper()
	a, err := p.ListenTLS("127.0.0.1:0", mode)
	must(t, err)
	p.addr = a.String()
	p.run(t)
}

// run serves until the test ends.
func (p *platform) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := p.Serve(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); serving.Wait() })
}

// proxy passes TCP connections on, cuts them, and goes away and comes back.
//
//	gateway ──▶ proxy ──▶ broker
type proxy struct {
	t      *testing.T
	addr   string
	target string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]struct{}
	all      sync.WaitGroup
}

func serveProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{t: t, addr: "127.0.0.1:0", target: target, conns: map[net.Conn]struct{}{}}
	p.back()
	t.Cleanup(func() { p.away(); p.all.Wait() })
	return p
}

// back listens: at first, or again.
func (p *proxy) back() {
	p.t.Helper()
	l, err := net.Listen("tcp", p.addr)
	must(p.t, err)
	p.mu.Lock()
	p.listener, p.addr = l, l.Addr().String()
	p.mu.Unlock()
	p.all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return // away
			}
			p.all.Go(func() { p.pass(in) })
		}
	})
}

// away cuts every connection and has the kernel refuse new ones.
func (p *proxy) away() {
	p.mu.Lock()
	_ = p.listener.Close()
	p.mu.Unlock()
	p.cut()
}

func (p *proxy) pass(in net.Conn) {
	out, err := net.DialTimeout("tcp", p.target, 5*time.Second)
	if err != nil {
		_ = in.Close()
		return
	}
	p.mu.Lock()
	p.conns[in], p.conns[out] = struct{}{}, struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			buf := make([]byte, 32<<10)
			for {
				n, err := pair[0].Read(buf)
				if _, werr := pair[1].Write(buf[:n]); err != nil || werr != nil {
					_ = in.Close()
					_ = out.Close()
					return
				}
			}
		})
	}
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, in)
	delete(p.conns, out)
}

// cut closes every connection now; what is under way is lost.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset: nothing of what waits is delivered
		}
		_ = c.Close()
	}
}
