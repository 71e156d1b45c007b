package gateway

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"serialgw/internal/reading"
)

// anyValue is one that can be sent.
func anyValue(t *rapid.T) reading.Value {
	switch rapid.IntRange(1, 7).Draw(t, "kind") {
	case 1:
		return reading.IntValue(rapid.Int64().Draw(t, "int"))
	case 2:
		return reading.UintValue(rapid.Uint64().Draw(t, "uint"))
	case 3:
		return reading.DecimalValue(rapid.Int64().Draw(t, "mantissa"), uint8(rapid.IntRange(1, 18).Draw(t, "digits")))
	case 4:
		return reading.Float32Value(math.Float32frombits(rapid.Uint32().Draw(t, "float32")))
	case 5:
		return reading.Float64Value(math.Float64frombits(rapid.Uint64().Draw(t, "float64")))
	case 6:
		return reading.BoolValue(rapid.Bool().Draw(t, "bool"))
	}
	return reading.TextValue(strings.ToValidUTF8(rapid.String().Draw(t, "text"), "?"))
}

// A letter is the reading again: same kind, same digits, same stamp.
func TestLetter_IsTheReadingAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	rapid.Check(t, func(t *rapid.T) {
		_ = os.Remove(path)
		v := anyValue(t)
		e := reading.Entry{Seq: 7, Reading: reading.Reading{
			Board: "press", Message: "env", Props: []reading.Property{{Name: "volt", Value: v}},
			Stamp: reading.Stamp{Wall: rapid.Int64Range(0, 1<<62).Draw(t, "wall"), Boot: rapid.Int64().Draw(t, "boot"), Synced: rapid.Bool().Draw(t, "synced")},
		}}
		copy(e.Reading.Stamp.BootID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "boot id"))
		d, err := OpenDeadLetters(path, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		if err := d.Add(newLetter(&e, &e.Reading.Props[0], refusal{2306, "no"})); err != nil {
			t.Fatal(err)
		}
		for l, err := range Letters(path) {
			if err != nil || l.Err != nil {
				t.Fatal(err, l.Err)
			}
			got, err := l.reading()
			if !v.Finite() {
				if err == nil {
					t.Fatalf("%v was taken", l.Value)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if a, b := reading.AppendRecord(nil, e.Reading), reading.AppendRecord(nil, got); string(a) != string(b) {
				t.Fatalf("%s became %+v, of %+v", l.Line, got, e.Reading)
			}
		}
	})
}

// A line of the first version is read as far as it says anything.
func TestLetter_OfAnEarlierProgram(t *testing.T) {
	for text, want := range map[string]reading.Value{
		"-7": reading.IntValue(-7), "18446744073709551615": reading.UintValue(math.MaxUint64), "21.50": reading.DecimalValue(2150, 2),
		"-0.05": reading.DecimalValue(-5, 2), "0.1234567890123456789": reading.Float64Value(0.1234567890123456789), "true": reading.BoolValue(true),
		`"a\"b"`: reading.TextValue(`a"b`), "100000000000000000000000": reading.Float64Value(1e23),
	} {
		line := fmt.Sprintf(`{"seq":3,"board":"press","message":"env","time":"2026-08-22T10:00:00.5Z","identifier":"Volt","value":%s,"code":2306,"reply":"no"}`, text)
		l, err := parseLetter([]byte(line), 12)
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.reading()
		if err != nil || r.Props[0].Value != want || l.Number != 12 || r.Stamp.Wall != 1787392800500000000 || r.Stamp.Synced {
			t.Errorf("%s: %+v, %v; want %v", text, r, err, want)
		}
	}
	for _, text := range []string{"null", "[1]", "{}"} {
		l := DeadLetter{Identifier: "x", Value: []byte(text)}
		if r, err := l.reading(); err == nil {
			t.Errorf("%s became %+v", text, r)
		}
	}
}

// lettersOf writes n letters, two of each frame, of the identifiers Volt and Amp.
func lettersOf(t *testing.T, path string, limit int64, n int) *DeadLetters {
	t.Helper()
	d := openLetters(t, path, limit)
	for i := range n {
		r := say([]string{"Volt", "Amp"}[i%2])
		r.Stamp.Wall, r.Stamp.Boot = int64(i/2+1)*1e9, int64(i/2+1)
		if err := d.Add(newLetter(&reading.Entry{Seq: uint64(i/2 + 1), Reading: r}, &r.Props[0], refusal{2306 + i%2, "no"})); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func numbers(t *testing.T, path string) (list []uint64) {
	t.Helper()
	for l, err := range Letters(path) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Err == nil {
			list = append(list, l.Number)
		}
	}
	return list
}

func upTo(n uint64) (list []uint64) {
	for i := range n {
		list = append(list, i+1)
	}
	return list
}

// watchedStore is a queue that says what it was told when.
type watchedStore struct {
	*memQueue
	room   int // records that it takes
	onSync func() error
}

var errFull = errors.New("full")

func (s *watchedStore) AppendAll(records [][]byte) (uint64, int, error) {
	n := min(len(records), s.room)
	s.room -= n
	first, stored, err := s.memQueue.AppendAll(records[:n])
	if err == nil && n < len(records) {
		err = errFull
	}
	return first, stored, err
}

func (s *watchedStore) Sync() (uint64, error) { return 0, s.onSync() }

func TestResend_LettersLeaveWhenTheirReadingsAreSafe(t *testing.T) {
	code := 2307
	for _, tt := range []struct {
		name  string
		pick  LetterPick
		room  int
		limit int64 // of a file
		sync  error
		want  Resent
		fails bool
	}{
		{"All", LetterPick{}, 1000, 1 << 20, nil, Resent{Letters: 600, Readings: 300}, false},
		{"OfTwoFiles", LetterPick{}, 1000, 200_000, nil, Resent{Letters: 600, Readings: 300}, false},
		{"UpToANumber", LetterPick{Last: 11}, 1000, 1 << 20, nil, Resent{Letters: 11, Readings: 6, Left: 589}, false},
		{"OfAnIdentifier", LetterPick{Identifier: "Amp"}, 1000, 1 << 20, nil, Resent{Letters: 300, Readings: 300, Left: 300}, false},
		{"OfACode", LetterPick{Code: &code, Last: 10}, 1000, 1 << 20, nil, Resent{Letters: 5, Readings: 5, Left: 595}, false},
		{"None", LetterPick{Identifier: "volt"}, 1000, 1 << 20, nil, Resent{Left: 600}, false},
		{"QueueIsFull", LetterPick{}, 260, 1 << 20, nil, Resent{Letters: 520, Readings: 260, Left: 80}, true},
		{"QueueIsFullAtOnce", LetterPick{}, 0, 1 << 20, nil, Resent{Left: 600}, true},
		{"QueueCannotSync", LetterPick{}, 1000, 1 << 20, errShort, Resent{Left: 600}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dead.jsonl")
			d := lettersOf(t, path, tt.limit, 600)
			if got := numbers(t, path); !slices.Equal(got, upTo(600)) {
				t.Fatalf("written %v", got)
			}
			synced := false
			s := &watchedStore{memQueue: newMemQueue(), room: tt.room}
			s.onSync = func() error {
				synced = true
				if got := len(numbers(t, path)); got != 600 { // a power cut now must lose none
					t.Errorf("%d letters left before the sync", got)
				}
				return tt.sync
			}
			got, err := d.Resend(tt.pick, s)
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
			if synced != (s.waiting() > 0) {
				t.Errorf("synced %v with %d readings", synced, s.waiting())
			}
			for i, r := range s.stored(t) {
				if tt.pick.Identifier == "" && tt.pick.Code == nil && r.Stamp.Boot != int64(i+1) {
					t.Fatalf("reading %d is %+v", i, r)
				}
			}
			if n := len(numbers(t, path)); n != tt.want.Left {
				t.Errorf("%d letters left, want %d", n, tt.want.Left)
			}
			addLetter(t, d, 9) // it goes on
			if all := numbers(t, path); all[len(all)-1] != 601 || len(all) != tt.want.Left+1 {
				t.Errorf("the next letter is %d of %d", all[len(all)-1], len(all))
			}
			if next := openLetters(t, path, tt.limit).next; next != 602 {
				t.Errorf("after a restart the next letter is %d", next)
			}
		})
	}
}

// What cannot be read or sent stays, and is no reason to stop.
func TestResend_LeavesWhatIsNoReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	old := `{"seq":1,"board":"press","message":"env","time":"2026-08-22T10:00:00Z","identifier":"Volt","value":21.5,"code":2306,"reply":"no"}`
	text := old + "\n{\"seq\":1,\"boa\n" + strings.Replace(old, "21.5", "null", 1) + "\n" + old + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := openLetters(t, path, 1<<20)
	q := newMemQueue()
	got, err := d.Resend(LetterPick{}, q)
	if want := (Resent{Letters: 2, Readings: 2, Unfit: 1, Left: 1}); got != want || err != nil || q.waiting() != 2 {
		t.Errorf("got %+v, %v, %d readings; want %+v", got, err, q.waiting(), want)
	}
	addLetter(t, d, 2)
	if got := numbers(t, path); !slices.Equal(got, []uint64{2, 5}) {
		t.Errorf("numbers %v", got)
	}
	if r, err := d.Clear(LetterPick{Last: 4}); r != (Resent{Letters: 1, Left: 1}) || err != nil {
		t.Errorf("cleared %+v, %v", r, err)
	}
	left, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(left), "{\"seq\":1,\"boa\n{\"letter\":5,") {
		t.Errorf("%s, %v", left, err)
	}
}

// TestGateway_ResendAfterACure: what was buried arrives with its own time once
// the thing model is mended. Where it is not, each value is buried again, once.
func TestGateway_ResendAfterACure(t *testing.T) {
	for _, cured := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Uplink{PostInterval: time.Second, History: true, HistoryValues: 100}, refuseName("Volt", "Amp"))
			r.up()
			born := make(map[int64]bool)
			for range 50 {
				born[stampNow().Wall] = true
				r.add("temp", "Volt", "Amp")
				r.wait(2 * time.Second)
			}
			r.wait(time.Minute)
			if n := len(r.letters()); n != 100 || r.q.waiting() != 0 {
				t.Fatalf("%d letters, %d stored", n, r.q.waiting())
			}
			if cured {
				r.cloud.setJudge(refuseName("Amp"))
			}
			g := New(r.d.deps)
			g.uplink, g.wake, g.dirty = r.d, r.wake, r.dirty
			before := len(r.cloud.seen())
			got, err := g.Resend(t.Context(), LetterPick{Identifier: "Volt"})
			if want := (Resent{Letters: 50, Readings: 50, Left: 50}); got != want || err != nil {
				t.Fatalf("got %+v, %v", got, err)
			}
			for range 5 { // the board goes on
				r.wait(2 * time.Second)
				r.add("temp")
			}
			r.wait(time.Hour)
			volts := 0
			for _, p := range r.cloud.seen()[before:] {
				for _, e := range p.entries {
					for _, prop := range e.Reading.Props {
						if prop.Name == "Amp" || prop.Name == "Volt" && !born[e.Reading.Stamp.Wall] {
							t.Fatalf("%s of %v was sent", prop.Name, e.Reading.Stamp)
						}
						if prop.Name == "Volt" {
							volts++
						}
					}
				}
			}
			quarantined := r.d.status.snapshot().Quarantine
			_, bad := quarantined["Volt"]
			letters := len(r.letters())
			switch {
			case r.q.waiting() != 0:
				t.Errorf("cured %v: %d stored", cured, r.q.waiting())
			case cured && (volts != 50 || letters != 50 || bad || len(quarantined) != 1):
				t.Errorf("%d values sent, %d letters, %v", volts, letters, quarantined)
			case !cured && (letters != 100 || !bad || volts > 100 || volts == 0):
				t.Errorf("not cured: %d values sent, %d letters, %v", volts, letters, quarantined)
			}
		})
	}
}

// TestGateway_ResendUnderAnotherName: where the cure was another name, the
// letters take it.
func TestGateway_ResendUnderAnotherName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Uplink{}, refuseName("Volt"))
		r.up()
		for range 10 {
			r.add("temp", "Volt")
			r.wait(time.Second)
		}
		g := New(r.d.deps)
		g.uplink, g.wake, g.dirty = r.d, r.wake, r.dirty
		got, err := g.Resend(t.Context(), LetterPick{Identifier: "Volt", As: "volt"})
		if want := (Resent{Letters: 10, Readings: 10}); got != want || err != nil {
			t.Fatalf("got %+v, %v", got, err)
		}
		r.wait(time.Minute)
		named := 0
		for _, p := range r.cloud.seen() {
			for _, name := range p.names() {
				if name == "volt" {
					named++
				}
			}
		}
		if named != 10 || r.q.waiting() != 0 {
			t.Errorf("%d arrived under the new name, %d wait", named, r.q.waiting())
		}
	})
}
