package queue

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

const childDir = "QUEUE_TEST_CHILD_DIR"

// child appends, syncs and acknowledges until it is killed, and says each
// promise to its standard output: w number k after a write, s number after a
// sync, a number before an acknowledgement.
func child(dir string) error {
	q, err := Open(small(dir), Options{})
	if err != nil {
		return err
	}
	for k := uint64(1); ; k++ {
		seq, err := q.Append(payload(k))
		if err != nil {
			return err
		}
		fmt.Printf("w %d %d\n", seq, k)
		if k%16 == 0 {
			synced, err := q.Sync()
			if err != nil {
				return err
			}
			fmt.Printf("s %d 0\n", synced)
		}
		for from := uint64(0); k%40 == 0; { // now and then all but a few
			seq, _, err := q.Read(from)
			if err != nil {
				break
			}
			if seq%7 != 0 || k%200 == 0 {
				fmt.Printf("a %d 0\n", seq)
				q.Ack(seq)
			}
			from = seq + 1
		}
	}
}

// TestQueue_KillMinusNineLosesNoWrittenRecord kills a real process; its
// ledger is in a pipe that outlives it.
func TestQueue_KillMinusNineLosesNoWrittenRecord(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		t.Fatal(child(dir))
	}
	dir, l := t.TempDir(), newLedger()
	rng := rand.New(rand.NewPCG(9, 9))
	for round := range 10 {
		lines := killAfter(t, dir, 50+rng.IntN(3000), l)
		q := mustOpen(t, small(dir), nil)
		have := map[uint64]uint64{}
		for _, r := range mustDrain(t, q) {
			have[r.seq] = r.k
		}
		for seq, k := range l.seqs {
			if !l.acked[seq] && have[seq] != k {
				t.Fatalf("round %d: record %d (number %d) was written and is gone: %v", round, k, seq, q.Recovery())
			}
		}
		if s := q.Stats(); s.DamagedRecords > 0 || s.Dropped > 0 || len(l.seqs) == 0 {
			t.Fatalf("round %d: %+v", round, s)
		}
		t.Logf("%d lines, %d stored: %v", lines, len(have), q.Recovery())
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter runs the child until it has said so many lines, kills it, and
// takes every line it had said by then.
func killAfter(t *testing.T, dir string, lines int, l *ledger) int {
	t.Helper()
	args := []string{os.Args[0], "-test.run=^TestQueue_KillMinusNineLosesNoWrittenRecord$"}
	if emulator := os.Getenv("SERIALGW_TEST_EXEC"); emulator != "" { // another machine's binary
		args = append([]string{emulator}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for sc := bufio.NewScanner(out); sc.Scan(); n++ {
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		var what string
		var seq, k uint64
		if _, err := fmt.Sscan(sc.Text(), &what, &seq, &k); err != nil {
			t.Fatalf("the child said %q", sc.Text())
		}
		switch what {
		case "w":
			if seq <= l.highest {
				t.Fatalf("number %d after %d", seq, l.highest)
			}
			l.seqs[seq], l.highest = k, seq
		case "a":
			l.acked[seq] = true
		}
	}
	_ = cmd.Wait() // it was killed
	return n
}
