package onenetsim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// serve runs a server on real sockets until the test ends.
func serve(t *testing.T, s *Server) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	stopped := false
	stop = func() error { stopped = true; cancel(); return <-done }
	t.Cleanup(func() {
		if !stopped {
			_ = stop()
		}
	})
	return stop
}

func dial(t *testing.T, addr net.Addr) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

func TestServe_TCP(t *testing.T) {
	s := newServer(nil)
	if s.Addr() != nil {
		t.Error("an address without a listener")
	}
	addr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := serve(t, s)
	c := newClient(t, dial(t, s.Addr()))
	c.login()
	if got := c.ask(topicPropertyPost, volt(1, "1")); got != ok(1) {
		t.Errorf("got %s", got)
	}
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	c.wantClosed()
	if nc, err := net.Dial("tcp", addr.String()); err == nil {
		_ = nc.Close()
		t.Error("the listener is still open")
	}
	if conns := s.Connections(); len(conns) != 1 || conns[0].Reason != "simulator stopped" || conns[0].Closed.IsZero() {
		t.Errorf("connections %+v", conns)
	}
}

func TestServe_WithoutListener(t *testing.T) {
	if err := newServer(nil).Serve(t.Context()); err == nil {
		t.Error("served nothing without an error")
	}
	if _, err := newServer(nil).Listen("127.0.0.1:99999"); err == nil {
		t.Error("listened on port 99999")
	}
}

func TestServe_ListenerFails(t *testing.T) {
	s := newServer(nil)
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	_ = s.listeners[0].Close()
	if err := s.Serve(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v, want the listener's error", err)
	}
}

// TestServe_HalfClose: the peer sees the end of the stream, and is still heard.
func TestServe_HalfClose(t *testing.T) {
	s := newServer(nil)
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	serve(t, s)
	c := newClient(t, dial(t, s.Addr()))
	c.login()
	s.HalfClose()
	c.wantClosed()
	c.publish(topicPropertyPost, volt(1, "1"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Await(ctx, func(st Stats) bool { return st.Confirmed == 1 }); err != nil {
		t.Error(err)
	}
}

func TestServe_RefuseForResets(t *testing.T) {
	s := newServer(nil)
	addr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, s)
	s.RefuseFor(time.Hour)
	nc, err := net.Dial("tcp", addr.String())
	if err != nil {
		return // reset before the dial was done
	}
	defer func() { _ = nc.Close() }()
	if _, err := nc.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read: %v, want a reset", err)
	}
}

// TestServe_TLS: both modes verify by chain alone, neither by name, and only
// against this server's own authority.
func TestServe_TLS(t *testing.T) {
	for name, mode := range map[string]TLSMode{"leaf": LeafSigned, "self-signed": SelfSignedCA} {
		t.Run(name, func(t *testing.T) {
			s := newServer(nil)
			addr, err := s.ListenTLS("127.0.0.1:0", mode)
			if err != nil {
				t.Fatal(err)
			}
			serve(t, s)
			nc, err := dialTLS(addr, s.CAPEM(), true)
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, nc)
			c.login()
			if got := c.ask(topicPropertyPost, volt(1, "1")); got != ok(1) {
				t.Errorf("got %s", got)
			}
			if cn := nc.ConnectionState().PeerCertificates[0].Subject.CommonName; cn != "TEST OneNET MQTTS" {
				t.Errorf("common name %q", cn)
			}
			if _, err := dialTLS(addr, s.CAPEM(), false); err == nil {
				t.Error("the host name matched")
			}
			if _, err := dialTLS(addr, newServer(nil).CAPEM(), true); err == nil {
				t.Error("another authority with the same names was accepted")
			}
		})
	}
}

// dialTLS connects and verifies the chain, and the host name only by request
// not to.
func dialTLS(addr net.Addr, ca []byte, chainOnly bool) (*tls.Conn, error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	cfg := &tls.Config{RootCAs: pool, ServerName: "localhost", InsecureSkipVerify: chainOnly}
	if chainOnly {
		cfg.VerifyConnection = func(cs tls.ConnectionState) error {
			_, err := cs.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool})
			return err
		}
	}
	return tls.Dial("tcp", addr.String(), cfg)
}

func TestServe_PlainTextOnTLS(t *testing.T) {
	s := newServer(nil)
	addr, err := s.ListenTLS("127.0.0.1:0", LeafSigned)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, s)
	c := newClient(t, dial(t, addr))
	c.send(packets.NewControlPacket(packets.Pingreq))
	c.send(goodConnect())
	c.wantClosed()
}
