package capture

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowDisk is a file whose sync can fail.
type slowDisk struct {
	bytes.Buffer
	synced   int // bytes that survive a power cut
	syncs    int
	closed   bool
	room     int // bytes it takes; 0 = no limit
	syncErr  error
	closeErr error
}

func (d *slowDisk) Write(b []byte) (int, error) {
	if d.room > 0 && d.Len()+len(b) > d.room {
		n, _ := d.Buffer.Write(b[:d.room-d.Len()])
		return n, errors.New("no space left on device")
	}
	return d.Buffer.Write(b)
}

func (d *slowDisk) Sync() error {
	d.syncs++
	if d.syncErr == nil {
		d.synced = d.Len()
	}
	return d.syncErr
}

func (d *slowDisk) Close() error { d.closed = true; return d.closeErr }

func (d *slowDisk) on(cfg RecorderConfig) RecorderConfig {
	cfg.Path = "night.pcapng"
	cfg.create = func(string) (recordFile, error) { return d, nil }
	return cfg
}

// survivors counts the packets that a power cut leaves.
func (d *slowDisk) survivors(t *testing.T) (n int) {
	t.Helper()
	for _, err := range Packets(NewReader(bytes.NewReader(d.Bytes()[:d.synced]))) {
		if err != nil && !errors.Is(err, ErrCut) {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestRecorder_PowerCutCostsTheLastSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &slowDisk{}
		r := newRecorder(t, d.on(RecorderConfig{Sync: time.Second}))
		for i := range 10 {
			if err := r.Write(chunk(i)); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
			synctest.Wait()
			if n := d.survivors(t); n != i+1 {
				t.Fatalf("%d packets survive, want %d", n, i+1)
			}
		}
		before := d.syncs
		<-time.After(time.Minute)
		synctest.Wait()
		if d.syncs != before {
			t.Errorf("%d syncs on a silent line", d.syncs-before)
		}
		if err := r.Close(); err != nil || !d.closed {
			t.Errorf("Close: %v, file closed: %v", err, d.closed)
		}
	})
}

func TestRecorder_EachPacketSynced(t *testing.T) {
	d := &slowDisk{}
	r := newRecorder(t, d.on(RecorderConfig{}))
	for i := range 10 {
		if err := r.Write(chunk(i)); err != nil {
			t.Fatal(err)
		}
		if n := d.survivors(t); n != i+1 {
			t.Fatalf("%d packets survive, want %d", n, i+1)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// After a failure nothing more is written, and each call says what it was.
func TestRecorder_Failures(t *testing.T) {
	broken := errors.New("input/output error")
	for _, tt := range []struct {
		name string
		disk *slowDisk
		want string
	}{
		{"Full", &slowDisk{room: 500}, "no space left on device"},
		{"Sync", &slowDisk{syncErr: broken}, "cannot bring the recording to the disk: input/output error"},
		{"Close", &slowDisk{closeErr: broken}, "cannot close the recording: input/output error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder(t, tt.disk.on(RecorderConfig{Sync: time.Hour}))
			var err error
			written := 0
			for ; written < 20 && err == nil; written++ {
				err = r.Write(chunk(written))
			}
			size := tt.disk.Len()
			if err != nil {
				if again := r.Write(chunk(99)); !errors.Is(again, err) && again.Error() != err.Error() {
					t.Errorf("later: %v, first: %v", again, err)
				}
			}
			closed := r.Close()
			if err != nil && closed != nil {
				t.Errorf("Close tells again: %v", closed)
			}
			if err = errors.Join(err, closed); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "night.pcapng: ") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if again := r.Close(); again != nil || !tt.disk.closed {
				t.Errorf("a second Close: %v, file closed: %v", again, tt.disk.closed)
			}
			if r.Write(chunk(99)) == nil {
				t.Error("took a packet after the end")
			}
			if tt.disk.Len() != size {
				t.Errorf("%d bytes were written behind the failure", tt.disk.Len()-size)
			}
			n := 0
			for p, err := range Packets(NewReader(&tt.disk.Buffer)) {
				if err != nil && !errors.Is(err, ErrCut) {
					t.Fatal(err)
				}
				if err == nil && string(p.Bytes) != string(chunk(n).Bytes) {
					t.Fatalf("packet %d: %q", n, p.Bytes)
				}
				n++
			}
			if n < min(written, 20)-1 {
				t.Errorf("%d packets can be read of %d written", n, written)
			}
		})
	}
}
