package cloud

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Behind a packet that has gone out in part, nothing may follow.
func TestConn_WriteFails(t *testing.T) {
	for _, broken := range []error{errors.New("broken pipe"), os.ErrDeadlineExceeded} {
		g := newGathering()
		g.wire.room, g.wire.broken = 30, broken
		g.post(t, 1, 1, 50)
		g.Flush()
		if err := g.send(); !errors.Is(err, broken) || g.out.Load() != 30 || !g.wire.closed {
			t.Errorf("send = %v, %d bytes out, closed: %t", err, g.out.Load(), g.wire.closed)
		}
		for name, p := range map[string][]byte{"PINGREQ": pingreq, "DISCONNECT": {0xE0, 0}, "post": publish(2, 2, 10)} {
			if _, err := g.Write(p); !errors.Is(err, broken) {
				t.Errorf("Write of a %s = %v", name, err)
			}
		}
		g.Flush()
		if err := g.send(); !errors.Is(err, broken) || len(g.wire.all()) != 30 {
			t.Errorf("send = %v, %d bytes on the wire", err, len(g.wire.all()))
		}
		if _, err := g.Read(make([]byte, 1)); !errors.Is(err, broken) {
			t.Errorf("Read = %v, want what broke the connection", err)
		}
	}
}

// TLS has a goodbye of its own, which is left out, too.
func TestConn_WriteFailsUnderTLS(t *testing.T) {
	near, far := net.Pipe()
	ca := newAuthority(t)
	var served sync.WaitGroup
	served.Go(func() {
		_, _ = io.Copy(io.Discard, tls.Server(far, &tls.Config{Certificates: []tls.Certificate{ca.self()}}))
	})
	defer served.Wait()
	defer func() { _ = errors.Join(near.Close(), far.Close()) }()
	var armed, behind, in, out atomic.Int64
	secure := tls.Client(&tearing{Conn: near, armed: &armed, behind: &behind}, &tls.Config{InsecureSkipVerify: true})
	if err := secure.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := newConn(secure, &in, &out, func([]uint64) {})
	armed.Store(10)
	if _, err := c.Write(pingreq); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.send(), c.Close()); !errors.Is(err, os.ErrDeadlineExceeded) || behind.Load() != 0 {
		t.Errorf("%v, %d bytes behind it", err, behind.Load())
	}
}

// The limit of a write ends with it: TLS writes at times of its own.
func TestConn_WriteLeavesNoLimit(t *testing.T) {
	g := newGathering()
	if g.mustWrite(t, pingreq); g.wire.bare != 0 || !g.wire.limit.IsZero() {
		t.Errorf("%d writes without a limit, then %v", g.wire.bare, g.wire.limit)
	}
}

// The codec closes the connection behind a DISCONNECT.
func TestConn_DisconnectIsSentBeforeItsWriteReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGathering()
		want := append(g.post(t, 1, 1, 10), 0xE0, 0)
		var codec sync.WaitGroup
		gone := false
		codec.Go(func() {
			if _, err := g.Write([]byte{0xE0, 0}); err != nil {
				t.Error(err)
			}
			gone = true
		})
		if synctest.Wait(); gone {
			t.Error("Write has returned")
		}
		g.step(t)
		if codec.Wait(); !bytes.Equal(g.wire.all(), want) {
			t.Errorf("writes % X", g.wire.writes)
		}
		if _, err := g.Write(pingreq); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write behind it = %v", err)
		}
	})
}

// While a write is stuck in the network, what comes meanwhile gathers, without
// waiting, and goes out behind it by one more.
func TestConn_GathersBehindASlowWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var in, out atomic.Int64
		c := newConn(near, &in, &out, func([]uint64) {})
		start := time.Now()
		write := func(p []byte) {
			if _, err := c.Write(p); err != nil {
				t.Error(err)
			}
		}
		write(pingreq)
		var sender sync.WaitGroup
		sender.Go(func() {
			if err := errors.Join(c.send(), c.send()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // it stands in the network: nobody reads
		var want []byte
		for i := range uint16(3) {
			c.expect()
			p := publish(uint64(i), i+1, 10)
			write(p)
			want = append(want, p...)
		}
		c.Flush()
		write(pingreq)
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v for the network", d)
		}
		want = slices.Concat(pingreq, want, pingreq)
		first := make([]byte, len(want))
		n, err := far.Read(first)
		if err != nil || n != 2 {
			t.Fatalf("first read: % X, %v", first[:n], err)
		}
		if m, err := far.Read(first[n:]); err != nil || n+m != len(want) || !bytes.Equal(first, want) {
			t.Errorf("then %d bytes of %d, %v", m, len(want)-n, err)
		}
		sender.Wait()
		_ = errors.Join(c.Close(), far.Close())
	})
}

// A peer that has stopped reading ends the write, not the program; the codec's
// own limits are no matter.
func TestConn_WriteGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = errors.Join(near.Close(), far.Close()) }()
		var in, out atomic.Int64
		c := newConn(near, &in, &out, func([]uint64) {})
		start := time.Now()
		if _, err := c.Write(pingreq); err != nil {
			t.Fatal(err)
		}
		go func() { // while the write stands
			<-time.After(time.Second)
			if err := errors.Join(c.SetWriteDeadline(time.Time{}), c.SetDeadline(time.Time{})); err != nil {
				t.Error(err)
			}
		}()
		var late net.Error
		if err := c.send(); !errors.As(err, &late) || !late.Timeout() || time.Since(start) != writeTimeout {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
