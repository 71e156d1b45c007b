package cloud

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

func prop(name string, v reading.Value) reading.Property {
	return reading.Property{Name: name, Value: v}
}

func TestAppendPropertyPost_ONENET_10(t *testing.T) {
	at := reading.Stamp{Wall: 1798761600_001_999_999, Synced: true}
	wrong := reading.Stamp{Wall: 1_000_000_000}          // 1970 and not synchronised
	saved := reading.Stamp{Wall: 1798761600_000_000_000} // plausible, and not synchronised
	for _, tt := range []struct {
		name    string
		entries []reading.Entry
		want    string
	}{
		{"EachKind", []reading.Entry{entry(1, at, prop("i", reading.IntValue(-5)), prop("b", reading.BoolValue(true)),
			prop("t", reading.TextValue("a\"\n\x01\xff")), prop("f", reading.Float32Value(23.6)))},
			`"i":{"value":-5,"time":1798761600001},"b":{"value":true,"time":1798761600001},` +
				`"t":{"value":"a\"\n\u0001` + "\ufffd" + `","time":1798761600001},"f":{"value":23.6,"time":1798761600001}`},
		{"NoExponent_ONENET_12", []reading.Entry{entry(1, at, prop("f", reading.Float64Value(1e-9)), prop("u", reading.UintValue(math.MaxUint64)))},
			`"f":{"value":0.000000001,"time":1798761600001},"u":{"value":18446744073709551615,"time":1798761600001}`},
		{"NoNull_ONENET_24", []reading.Entry{entry(1, at, prop("n", reading.Float64Value(math.NaN())), prop("x", reading.Value{}), prop("i", reading.IntValue(1)))},
			`"i":{"value":1,"time":1798761600001}`},
		{"TwoEntries", []reading.Entry{entry(1, at, prop("a", reading.IntValue(1))), entry(2, saved, prop("b", reading.IntValue(2)))},
			`"a":{"value":1,"time":1798761600001},"b":{"value":2}`},
		{"ClockWrong_ONENET_13", []reading.Entry{entry(1, wrong, prop("a", reading.IntValue(1)))}, `"a":{"value":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := string(AppendPropertyPost([]byte("x"), 9999999999999, tt.entries, StampTime))
			want := `x{"id":"9999999999999","version":"1.0","params":{` + tt.want + `}}`
			if got != want || !json.Valid([]byte(got[1:])) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAppendHistoryPost_ONENET_14(t *testing.T) {
	at := reading.Stamp{Wall: 1798761600_000_000_000, Synced: true}
	entries := []reading.Entry{
		entry(1, at, prop("a", reading.Value{}), prop("b", reading.IntValue(1))),
		entry(2, at.Add(time.Second), prop("a", reading.IntValue(2)), prop("b", reading.IntValue(3))),
		entry(3, at.Add(2*time.Second), prop("a", reading.IntValue(4))),
	}
	got := string(AppendHistoryPost(nil, 7, entries, StampTime))
	want := `{"id":"7","version":"1.0","params":[{"properties":{` +
		`"b":[{"value":1,"time":1798761600000},{"value":3,"time":1798761601000}],` +
		`"a":[{"value":2,"time":1798761601000},{"value":4,"time":1798761602000}]}}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAppendPropertyPost_NoAllocation(t *testing.T) {
	entries := []reading.Entry{entry(1, stampAt(0), volt(3300), prop("run", reading.BoolValue(true)))}
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buf = AppendPropertyPost(buf[:0], 1, entries, StampTime) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBatch_ONENET_14(t *testing.T) {
	sample := func(seq uint64, names ...string) reading.Entry {
		e := entry(seq, stampAt(time.Duration(seq)*time.Second))
		for _, n := range names {
			e.Reading.Props = append(e.Reading.Props, prop(n, reading.IntValue(1)))
		}
		return e
	}
	untimed := sample(9, "a")
	untimed.Reading.Stamp = reading.Stamp{}
	long := func(seq uint64, name string) reading.Entry {
		return entry(seq, stampAt(0), prop(name, reading.TextValue(strings.Repeat("x", 30_000))))
	}
	aaaa := []reading.Entry{sample(1, "a"), sample(2, "a"), sample(3, "a"), sample(4, "a")}
	for _, tt := range []struct {
		name    string
		change  func(*Config)
		pending []reading.Entry
		want    int
	}{
		{"Nothing", nil, nil, 0},
		{"DistinctWithoutLimit", func(c *Config) { c.HistoryValues = 2 }, []reading.Entry{sample(1, "a", "b"), sample(2, "c", "d")}, 2},
		{"Repeated", nil, aaaa, 4},
		{"RepeatedToTheLimit", func(c *Config) { c.HistoryValues = 3 }, aaaa, 3},
		{"LimitCountsTheDistinctOnesToo", func(c *Config) { c.HistoryValues = 3 }, []reading.Entry{sample(1, "a", "b"), sample(2, "c", "d"), sample(3, "a")}, 2},
		{"HistoryOff", func(c *Config) { c.History = false }, aaaa, 1},
		{"OwnTopic", func(c *Config) { c.Topic = "t" }, aaaa, 1},
		{"Puback", func(c *Config) { c.Confirm = "puback" }, aaaa, 1},
		{"UntimedFirst", nil, []reading.Entry{untimed, sample(2, "b"), sample(3, "a")}, 2},
		{"UntimedLast", nil, []reading.Entry{sample(1, "b"), sample(2, "b"), untimed}, 2},
		{"OneTooLarge", func(c *Config) { c.HistoryValues = 1 }, []reading.Entry{sample(1, "a", "b"), sample(2, "a")}, 1},
		{"Bytes", nil, []reading.Entry{long(1, "a"), long(2, "b"), long(3, "c")}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig()
			if tt.change != nil {
				tt.change(&cfg)
			}
			if got := Batch(cfg, tt.pending); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestTimeline_ONENET_13(t *testing.T) {
	tl := newTimeline()
	at := func(seq uint64, ms int64, names ...string) int64 {
		e := entry(seq, stampAt(time.Duration(ms)*time.Millisecond))
		for _, n := range names {
			e.Reading.Props = append(e.Reading.Props, prop(n, reading.IntValue(1)))
		}
		got, ok := tl.at(&e)
		if !ok {
			t.Fatalf("record %d got no time", seq)
		}
		return got - released*1000
	}
	for _, tt := range []struct {
		seq   uint64
		ms    int64
		names []string
		want  int64
		why   string
	}{
		{1, 10, []string{"a"}, 10, "the first keeps its time"},
		{2, 10, []string{"a"}, 11, "the same millisecond moves on"},
		{3, 10, []string{"b"}, 10, "another identifier is free"},
		{4, 10, []string{"a", "b"}, 12, "one time for a whole reading"},
		{5, 11, []string{"a"}, 13, "what was given away moves on too"},
		{6, 20, []string{"a"}, 20, "a later one keeps its time"},
		{2, 10, []string{"a"}, 11, "sent again, the same time again"},
		{1, 10, []string{"a"}, 10, "sent again, the same time again"},
		{7, 5, []string{"a"}, 5, "backlog after live keeps its time"},
	} {
		if got := at(tt.seq, tt.ms, tt.names...); got != tt.want {
			t.Errorf("record %d at %d: got %d, want %d (%s)", tt.seq, tt.ms, got, tt.want, tt.why)
		}
	}
}

func TestTimeline_Bounded(t *testing.T) {
	tl := newTimeline()
	for seq := range uint64(3 * givenMost) {
		e := entry(seq, stampAt(time.Duration(seq)*time.Millisecond), volt(1))
		tl.at(&e)
		if seq%2 == 0 {
			tl.forget([]uint64{seq})
		}
	}
	if len(tl.given) > givenMost || len(tl.ring) > givenMost || len(tl.spans.all) != 1 {
		t.Errorf("%d, %d, %d remembered", len(tl.given), len(tl.ring), len(tl.spans.all))
	}
}
