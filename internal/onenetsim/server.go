package onenetsim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Server is one simulated access node. All methods may be used from any
// goroutine.
type Server struct {
	cfg Config
	ca  func() (*authority, error) // made at the first use

	mu        sync.Mutex
	listeners []net.Listener
	products  map[string]*product
	conns     map[*conn]struct{}
	archive   []*ConnInfo // every connection, oldest first, bounded by Keep
	nextConn  int
	nextCall  int
	calls     map[string]chan Answer
	faults    faults
	stats     Stats
	console   []ConsoleEntry
	changed   chan struct{} // closed at the next change; nil while nobody waits
}

type product struct {
	Product
	devices map[string]*device
}

// device is one registered device and what the platform keeps about it.
type device struct {
	product *product
	name    string
	key     string

	// guarded by Server.mu
	session *conn
	logins  []time.Time // within loginWindow
	banned  time.Time   // until then
	store   store
}

// New makes a simulator. It listens only when told to.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Profile == "" {
		cfg.Profile = Studio
	}
	s := &Server{
		cfg: cfg, ca: sync.OnceValues(newAuthority),
		products: map[string]*product{}, conns: map[*conn]struct{}{}, calls: map[string]chan Answer{},
	}
	for _, p := range cfg.Products {
		entry := &product{Product: p, devices: map[string]*device{}}
		for name, key := range p.Devices {
			entry.devices[name] = &device{product: entry, name: name, key: key, store: newStore(cfg.Keep, cfg.HistoryHidden)}
		}
		s.products[p.ID] = entry
	}
	return s
}

// device returns a registered device, or nil.
func (s *Server) device(pid, name string) *device {
	if p := s.products[pid]; p != nil {
		return p.devices[name]
	}
	return nil
}

// now is the platform's wall clock.
func (s *Server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nowLocked()
}

func (s *Server) nowLocked() time.Time { return s.cfg.Now().Add(s.faults.clockOffset) }

// Listen opens a plain TCP listener that Serve will use, and returns its
// address.
func (s *Server) Listen(addr string) (net.Addr, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w", err)
	}
	return s.addListener(l), nil
}

// ListenTLS is Listen for TLS 1.2 and later, with a certificate of the
// simulator's own authority (CAPEM).
func (s *Server) ListenTLS(addr string, mode TLSMode) (net.Addr, error) {
	ca, err := s.ca()
	if err != nil {
		return nil, err
	}
	l, err := tls.Listen("tcp", addr, ca.config(mode))
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w", err)
	}
	return s.addListener(l), nil
}

func (s *Server) addListener(l net.Listener) net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, l)
	return l.Addr()
}

// Addr returns the address of the first listener, or nil.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.listeners) == 0 {
		return nil
	}
	return s.listeners[0].Addr()
}

// Serve accepts on all listeners opened before, until ctx ends or a listener
// fails. When it returns, the listeners and all their connections are closed
// and every goroutine has ended. The error is nil when ctx ended.
func (s *Server) Serve(ctx context.Context) error {
	s.mu.Lock()
	listeners := s.listeners
	s.mu.Unlock()
	if len(listeners) == 0 {
		return errors.New("cannot serve: no listener")
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		wg.Go(func() { failed <- s.accept(inner, l, &wg) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	if ctx.Err() != nil {
		err = nil
	}
	cancel()
	for _, l := range listeners {
		_ = l.Close() // only ends Accept
	}
	wg.Wait()
	return err
}

// accept serves what one listener accepts, until it fails or is closed.
func (s *Server) accept(ctx context.Context, l net.Listener, wg *sync.WaitGroup) error {
	for {
		nc, err := l.Accept()
		if err != nil {
			return fmt.Errorf("cannot accept: %w", err)
		}
		wg.Go(func() { s.ServeConn(ctx, nc) })
	}
}

// ServeConn serves one connection, of any kind, and returns when it is closed
// and its goroutines have ended.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn) {
	if s.refusing() {
		reset(nc)
		return
	}
	c := newConn(s, nc)
	s.opened(c)
	stop := context.AfterFunc(ctx, func() { c.kill("simulator stopped") })
	defer stop()
	c.run()
	s.closed(c)
}

// reset closes a TCP connection the rude way, as a dead port would.
func reset(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the close is merely polite
	}
	_ = nc.Close()
}
