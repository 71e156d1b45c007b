package gateway

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// Once the file was replaced, nothing goes into the old one: it has no name any
// more. Here the process has no descriptor left for the directory's sync.
func TestDeadLetters_ReplacedThenAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	d := lettersOf(t, path, 1<<20, 10)
	var enough syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &enough); err != nil {
		t.Fatal(err)
	}
	few := enough
	few.Cur = 3
	err := d.remove(func(l *StoredLetter) bool {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
			t.Error(err)
		}
		return l.Number < 5
	})
	addErr := d.Add(DeadLetter{Seq: 99, Identifier: "Volt", Value: []byte("1")})
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &enough); err != nil {
		t.Fatal(err)
	}
	if err == nil || addErr == nil {
		t.Fatalf("without a descriptor: removed %v, added %v", err, addErr)
	}
	addLetter(t, d, 99)
	if got := numbers(t, path); !slices.Equal(got, []uint64{5, 6, 7, 8, 9, 10, 11}) {
		t.Errorf("numbers %v", got)
	}
}

// Letters that could not all be written come again. What was written of them
// would be there once more each time, and take the room of others.
func TestDeadLetters_FailedAddLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	d := lettersOf(t, path, 1<<20, 3)
	good := DeadLetter{Seq: 1, Identifier: "Volt", Value: []byte("1")}
	bad := DeadLetter{Seq: 2, Identifier: "Volt", Value: []byte("{")} // no JSON
	for range 5 {
		if err := d.Add(good, bad); err == nil {
			t.Fatal("written")
		}
	}
	if got := numbers(t, path); len(got) != 3 {
		t.Errorf("letters %v, want three", got)
	}
	addLetter(t, d, 4)
	if got := readLetters(t, path); len(got) != 4 || got[3].Seq != 4 {
		t.Errorf("letters %+v", got)
	}
}
