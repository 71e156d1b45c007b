package uart

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func readN(t *testing.T, p *Port, n int) string {
	t.Helper()
	var got []byte
	buf := make([]byte, 64)
	for len(got) < n {
		m, err := p.Read(buf, patience)
		if err != nil {
			t.Fatalf("read after %d of %d bytes: %v", len(got), n, err)
		}
		got = append(got, buf[:m]...)
	}
	return string(got)
}

func TestPort_EveryByteValuePasses(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	b.send(t, string(all))
	if got := readN(t, p, 256); got != string(all) {
		t.Errorf("read % X, want % X", got, all)
	}
	if n, err := p.Write(all, patience); n != 256 || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	back := make([]byte, 256)
	if _, err := io.ReadFull(b, back); err != nil || string(back) != string(all) {
		t.Errorf("board got % X, %v", back, err)
	}
}

func TestPort_ReadTimesOut(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	buf := make([]byte, 8)
	if n, err := p.Read(buf, time.Millisecond); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read = %d, %v, want the deadline", n, err)
	}
	b.send(t, "x")
	if got := readN(t, p, 1); got != "x" {
		t.Errorf("after a time-out read %q", got)
	}
}

func TestPort_CloseEndsAPendingRead(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	result := make(chan error, 1)
	b.send(t, "x")
	started := make(chan struct{})
	go func() {
		buf := make([]byte, 1)
		_, _ = p.Read(buf, 0)
		close(started)
		_, err := p.Read(buf, 0)
		result <- err
	}()
	<-started
	if err := p.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	select {
	case err := <-result:
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read = %v, want os.ErrClosed", err)
		}
	case <-time.After(patience):
		t.Fatal("Read still waits")
	}
	if err := p.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestPort_BoardGoneIsNotOurClose(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := p.Read(make([]byte, 8), patience)
	if err == nil || errors.Is(err, os.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read = %v, want an error of the device", err)
	}
}

// The library's own Write lands in the file that got the descriptor's number.
func TestPort_WriteAfterCloseLandsNowhere(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []*os.File
	for i := range 8 { // enough to take every number that Close gave back
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		files = append(files, f)
	}
	if n, err := p.Write([]byte("stray"), time.Second); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write = %d, %v, want os.ErrClosed", n, err)
	}
	for _, f := range files {
		if info, err := f.Stat(); err != nil || info.Size() != 0 {
			t.Errorf("%s: %d bytes, %v", f.Name(), info.Size(), err)
		}
	}
}

func TestPort_WriteIsBounded(t *testing.T) {
	b := newBoard(t) // and never reads
	p := openPort(t, b.path)
	n, err := p.Write(make([]byte, 1<<20), 20*time.Millisecond)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 1<<20 {
		t.Errorf("Write = %d, %v, want the deadline", n, err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Close() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("Close hangs after a blocked write")
	}
}

func TestPort_CloseEndsAPendingWrite(t *testing.T) {
	b := newBoard(t)
	p := openPort(t, b.path)
	result := make(chan error, 1)
	go func() {
		_, err := p.Write(make([]byte, 1<<20), time.Hour)
		result <- err
	}()
	if _, err := b.Read(make([]byte, 1)); err != nil { // the write has begun
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write = %v, want os.ErrClosed", err)
	}
}
