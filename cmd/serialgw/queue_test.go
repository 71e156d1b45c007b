package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"serialgw/internal/queue"
	"serialgw/internal/reading"
)

// fill stores readings in dir, one a second, the last one just now.
func fill(dir string, n int, props ...reading.Property) error {
	cfg := queue.Defaults()
	cfg.Dir, cfg.KeepFree, cfg.MaxBytes = dir, 0, 1<<30
	q, err := queue.Open(cfg, queue.Options{})
	if err != nil {
		return err
	}
	start := time.Now().Add(-time.Duration(n) * time.Second)
	for i := range n {
		at := start.Add(time.Duration(i+1) * time.Second).UnixNano()
		r := reading.Reading{
			Board: "press", Message: "env", Stamp: reading.Stamp{Wall: at, Boot: at, BootID: reading.BootID{1}, Synced: true},
			Props: append([]reading.Property{{Name: "volt", Value: reading.DecimalValue(int64(i), 1)}}, props...),
		}
		if _, err := q.Append(reading.AppendRecord(nil, r)); err != nil {
			return err
		}
	}
	return q.Close()
}

// fillQueue is the script command "fillqueue DIR N".
func fillQueue(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: fillqueue DIR N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(fill(ts.MkAbs(args[0]), n))
}

// verb runs a command line and returns what it printed.
func verb(args ...string) (code int, out, complaint string) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

// configure writes a configuration whose queue is in dir.
func configure(t *testing.T, dir, more string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "gateway.toml")
	text := sampleWith(fmt.Sprintf("[queue]\ndir = %q\nkeep_free = 0\n", dir), more)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sampleWith puts further lines under [onenet], and tables behind it.
func sampleWith(tables, onenet string) string {
	return "[onenet]\n" + sampleLogin + onenet + "\n[[board]]\nname = \"demo\"\nport = \"/dev/none\"\nreport = \"all\"\n" + tables
}

func TestIntake_IsThatOfTheLastMinutes(t *testing.T) {
	var i intake
	begin := time.Now()
	if _, known := i.rate(look{begin, 0}); known {
		t.Error("known before the first look")
	}
	bytes := uint64(0)
	for n := range 200 { // each 10 s: first 1000 bytes, from the 100th look on nothing
		now := look{begin.Add(time.Duration(n) * intakeStep), bytes}
		i.note(now)
		rate, known := i.rate(now)
		want := 100.0
		if n > 100 {
			want = max(100*(1-float64(n-100)/60), 0)
		}
		if known != (n > 0) || known && (rate < want-0.01 || rate > want+0.01) {
			t.Fatalf("look %d: %v, %v; want %v", n, rate, known, want)
		}
		if n < 100 {
			bytes += 1000
		}
	}
	if len(i.looks) > 61 {
		t.Errorf("%d looks are kept", len(i.looks))
	}
}

func TestRateOf_NewestRecords(t *testing.T) {
	// at gives each record 100 bytes and its second.
	at := func(boot byte, seconds ...int) (list []stored) {
		for _, s := range seconds {
			ns := int64(s) * int64(time.Second)
			list = append(list, stored{stamp: reading.Stamp{Wall: ns, Boot: ns, BootID: reading.BootID{boot}}, size: 100})
		}
		return list
	}
	var steady []int
	for s := range 1000 {
		steady = append(steady, 100_000+s)
	}
	for _, tt := range []struct {
		name  string
		list  []stored
		want  float64
		known bool
	}{
		{"None", nil, 0, false},
		{"One", at(1, 5), 0, false},
		{"OnePerSecond", at(1, 5, 6, 7), 100, true},
		{"TwoPerSecond", at(1, 5, 5, 6, 6, 7), 200, true},
		{"AtTheSameTime", at(1, 5, 5), 0, false},
		{"ClockWentBack", at(1, 7, 5), -50, false},
		{"AnotherBootDoesNotCount", append(at(1, 5, 6), at(2, 100, 110)...), 10, true},
		{"OfASlowBoard", at(1, 0, 3600, 7200), 100.0 / 3600, true},
		{"ThePauseBeforeDoesNotCount", at(1, append([]int{0, 1, 2}, steady...)...), 100, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rate, known := rateOf(tt.list)
			if known != tt.known || known && (rate < tt.want*0.999 || rate > tt.want*1.001) {
				t.Errorf("%v, %v; want %v, %v", rate, known, tt.want, tt.known)
			}
		})
	}
}

func TestQueueStatus_Text(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0 B", 7: "7 B", 1023: "1023 B", 1024: "1.0 KiB", 1331: "1.3 KiB", 256 << 20: "256 MiB", 3 << 29: "1.5 GiB", 1 << 50: "1024 TiB",
	} {
		if got := sizeText(n); got != want {
			t.Errorf("sizeText(%v) = %q, want %q", n, got, want)
		}
	}
	for _, tt := range []struct {
		room  int64
		rate  float64
		known bool
		want  string
	}{
		{36 << 20, 1 << 10, true, "36 MiB: 10 hours at the present 1.0 KiB/s"},
		{9 << 20, 1 << 10, true, "9.0 MiB: 2.6 hours at the present 1.0 KiB/s"},
		{0, 100, true, "0 B: 0.0 hours at the present 100 B/s"},
		{9 << 20, 0, true, "9.0 MiB; nothing comes in at present"},
		{9 << 20, 0, false, "9.0 MiB; how fast it is used up is not known yet"},
	} {
		s := queueStatus{RoomBytes: tt.room}
		s.setRate(tt.rate, tt.known)
		if got := s.roomText(); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
	now := time.Now()
	for _, tt := range []struct {
		end  queueEnd
		want string
	}{
		{queueEnd{7, now.Add(-time.Hour), true}, "number 7, of " + now.Add(-time.Hour).Format(time.DateTime) + ", 1h0m0s ago"},
		{queueEnd{7, now.Add(time.Hour), true}, "number 7, of " + now.Add(time.Hour).Format(time.DateTime) + ", 0s ago"},
		{queueEnd{7, time.Unix(60, 0), false}, "number 7, of " + time.Unix(60, 0).Format(time.DateTime) + " by a clock that was not synchronised"},
		{queueEnd{Seq: 7}, "number 7, which cannot be read"},
	} {
		if got := tt.end.text(now); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestRecordLines_PrintsWhatItCannotRead(t *testing.T) {
	var out bytes.Buffer
	l := newRecordLines(&out)
	at := time.Date(2026, 8, 22, 10, 0, 0, 5e8, time.UTC).UnixNano()
	good := reading.AppendRecord(nil, reading.Reading{
		Board: "press", Message: "env", Stamp: reading.Stamp{Wall: at, Synced: true},
		Props: []reading.Property{{Name: "volt", Value: reading.DecimalValue(215, 1)}, {Name: "on", Value: reading.BoolValue(true)}},
	})
	bare := reading.AppendRecord(nil, reading.Reading{Message: "env"})
	for i, record := range [][]byte{good, {2, 0xAB}, good[:40], bare} {
		if err := l.add(uint64(17+i), record); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
	want := `{"seq":17,"board":"press","message":"env","time":"2026-08-22T10:00:00.5Z","synced":true,"values":{"volt":21.5,"on":true}}
{"seq":18,"error":"record of an unknown version: 2","record":"02ab"}
{"seq":19,"error":"record ends early","record":"` + fmt.Sprintf("%x", good[:40]) + `"}
{"seq":20,"message":"env","synced":false,"values":{}}
`
	if got := out.String(); got != want || l.count != 4 {
		t.Errorf("%d lines\n%s\nwant\n%s", l.count, got, want)
	}
	for line := range strings.Lines(want) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// TestQueueExport_ConstantMemory: what is allocated does not grow with what is
// stored.
func TestQueueExport_ConstantMemory(t *testing.T) {
	allocated := func(records int) (bytes uint64) {
		dir := t.TempDir()
		if err := fill(dir, records); err != nil {
			t.Fatal(err)
		}
		o := queueOptions{path: configure(t, dir, "")}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := o.export(t.Context(), io.Discard, streams{err: io.Discard}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	few, many := allocated(rateMost), allocated(200_000) // some 20 MB in 5 files
	if many > few+2<<20 {
		t.Errorf("%d bytes for %d records, %d for 200,000", few, rateMost, many)
	}
}

// TestQueueClear_OfAnotherUser: files that root makes now could not be read by
// the gateway's own user.
func TestQueueClear_OfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root alone can give files away")
	}
	dir := t.TempDir()
	if err := fill(dir, 3); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(dir, "queue"), 54321, -1); err != nil {
		t.Fatal(err)
	}
	path := configure(t, dir, "")
	code, _, complaint := verb("queue", "clear", "--config", path, "--confirm", "3")
	if want := "sudo -u '#54321' serialgw queue clear --config " + path + " --confirm 3"; code != exitFailed || !strings.Contains(complaint, want) {
		t.Errorf("%d, %q; want %q", code, complaint, want)
	}
	if _, out, _ := verb("queue", "--json", "--config", path); !strings.Contains(out, `"records": 3`) {
		t.Error(out)
	}
}
