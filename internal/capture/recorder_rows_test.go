package capture

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// A long packet does not fit the reader's buffer; cut anywhere, it is a cut, and
// what stands before it is read.
func TestReader_CutInALongPacket(t *testing.T) {
	long := recorded[0]
	long.Bytes = bytes.Repeat([]byte{0xA5}, 3*readAhead)
	short := len(record(t, recorded[:1]))
	file := record(t, []Packet{recorded[0], long})
	for n := short; n <= len(file); n += 4099 {
		got, err := readAll(NewReader(bytes.NewReader(file[:n])))
		wantPackets(t, got, recorded[:1])
		if n > short && !errors.Is(err, ErrCut) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	got, err := readAll(NewReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	wantPackets(t, got, []Packet{recorded[0], long})
}

// Wherever in a row of files the disk gets full: what Write took can be read,
// and nothing else is there.
func TestRecorder_FullAtEveryByte(t *testing.T) {
	for room := 1; room < 700; room++ {
		var disks []*slowDisk
		cfg := RecorderConfig{Path: "night.pcapng", MaxBytes: 400, Sync: time.Hour}
		cfg.create = func(string) (recordFile, error) {
			left := room
			for _, d := range disks {
				left -= d.Len()
			}
			if left <= 0 {
				return nil, errors.New("no space left on device")
			}
			disks = append(disks, &slowDisk{room: left})
			return disks[len(disks)-1], nil
		}
		taken := 0
		r, err := NewRecorder(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for err = r.AddPort(board); err == nil && taken < 100; taken++ {
			if err = r.Write(chunk(taken)); err != nil {
				break
			}
		}
		if again := r.Close(); again != nil {
			t.Fatalf("%d bytes: Close tells again of %v", room, again)
		}
		if err == nil {
			t.Fatalf("%d bytes hold %d packets", room, taken)
		}
		var got []Packet
		for _, d := range disks {
			packets, err := readAll(NewReader(bytes.NewReader(d.Bytes())))
			if err != nil && !errors.Is(err, ErrCut) {
				t.Fatalf("%d bytes: %v", room, err)
			}
			got = append(got, packets...)
		}
		expectChunks(t, got, 0, taken)
	}
}

// Several ports are recorded at once, files follow each other, and the disk is
// synced meanwhile: each port's packets are all there and in order.
func TestRecorder_SeveralWriters(t *testing.T) {
	const writers, each = 4, 200
	path := filepath.Join(t.TempDir(), "all.pcapng")
	r, err := NewRecorder(RecorderConfig{Path: path, MaxBytes: 4000, Sync: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			port := Port{Name: fmt.Sprintf("tty%d", w)}
			if err := r.AddPort(port); err != nil {
				t.Error(err)
			}
			for i := range each {
				p := chunk(i)
				p.Port = port.Name
				if err := r.Write(p); err != nil {
					t.Error(err)
					return
				}
				_ = r.Recorded()
			}
		})
	}
	writing.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, name := range r.Recorded().Files {
		f, err := OpenAny(name)
		if err != nil {
			t.Fatal(err)
		}
		packets, err := readAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if f.Consumed() != f.Size {
			t.Errorf("%s: %d of %d bytes consumed", name, f.Consumed(), f.Size)
		}
		for _, p := range packets {
			if want := chunk(count[p.Port]); !bytes.Equal(p.Bytes, want.Bytes) {
				t.Fatalf("%s: got %q, want %q", p.Port, p.Bytes, want.Bytes)
			}
			count[p.Port]++
		}
	}
	for w := range writers {
		if n := count[fmt.Sprintf("tty%d", w)]; n != each {
			t.Errorf("%d packets of port %d, want %d", n, w, each)
		}
	}
	if got := r.Recorded(); got.Packets != writers*each || !slices.IsSorted(got.Files) {
		t.Errorf("recorded %+v", got)
	}
}
