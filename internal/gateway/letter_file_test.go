package gateway

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// A number that somebody was shown is no later letter's: --confirm with it would
// take that one, too.
func TestDeadLetters_NoNumberTwice(t *testing.T) {
	for name, tt := range map[string]struct {
		pick  LetterPick
		limit int64
		torn  string // behind the rest
	}{
		"AllGone":      {LetterPick{}, 1 << 20, ""},
		"LastGone":     {LetterPick{Identifier: "Amp"}, 1 << 20, ""},
		"OfTwoFiles":   {LetterPick{}, 2500, ""},
		"ThenTorn":     {LetterPick{}, 1 << 20, `{"letter":11,"se`},
		"FirstGone":    {LetterPick{Last: 3}, 1 << 20, ""},
		"NothingMeant": {LetterPick{Identifier: "volt"}, 1 << 20, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dead.jsonl")
			d := lettersOf(t, path, tt.limit, 10)
			for range 2 { // what keeps the number is not lost to the next time
				if _, err := d.Clear(tt.pick); err != nil {
					t.Fatal(err)
				}
			}
			left := numbers(t, path)
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(tt.torn); err != nil {
				t.Fatal(err)
			}
			_ = f.Close()
			again := openLetters(t, path, tt.limit)
			if again.Had(10) != nil || again.Had(11) == nil {
				t.Errorf("the next letter is %d, want 11", again.next)
			}
			addLetter(t, again, 1)
			if got := numbers(t, path); !slices.Equal(got, append(left, 11)) {
				t.Errorf("numbers %v, want %v and 11", got, left)
			}
		})
	}
}

// noDescriptors leaves the process none until enough is called.
func noDescriptors(t *testing.T) (enough func()) {
	t.Helper()
	var all syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &all); err != nil {
		t.Fatal(err)
	}
	few := all
	few.Cur = 3
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &all); err != nil {
			t.Fatal(err)
		}
	}
}

// Once the file was replaced, nothing goes into the old one: it has no name any
// more. Here there is no descriptor left for the directory's sync.
func TestDeadLetters_ReplacedThenAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	d := lettersOf(t, path, 1<<20, 10)
	enough := func() { t.Error("nothing was removed") }
	err := d.remove(func(l *StoredLetter) bool {
		if l.Number == 1 {
			enough = noDescriptors(t)
		}
		return l.Number < 5
	})
	addErr := d.Add(DeadLetter{Seq: 99, Identifier: "Volt", Value: []byte("1")})
	enough()
	if err == nil || addErr == nil {
		t.Fatalf("without a descriptor: removed %v, added %v", err, addErr)
	}
	addLetter(t, d, 99)
	if got := numbers(t, path); !slices.Equal(got, []uint64{5, 6, 7, 8, 9, 10, 11}) {
		t.Errorf("numbers %v", got)
	}
}

// The first letter in a new file has the file's name synced, too, and is not
// said to be safe where that cannot be done.
func TestDeadLetters_NameOfANewFileIsSynced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	d := openLetters(t, path, 1<<20)
	letter := DeadLetter{Seq: 1, Identifier: "Volt", Value: []byte("1")}
	enough := noDescriptors(t)
	err := d.Add(letter)
	enough()
	if err == nil || len(numbers(t, path)) != 0 {
		t.Errorf("added without a look at the directory: %v, letters %v", err, numbers(t, path))
	}
	if err := d.Add(letter); err != nil {
		t.Fatal(err)
	}
	defer noDescriptors(t)()
	if err := d.Add(letter); err != nil { // once is enough
		t.Error(err)
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
