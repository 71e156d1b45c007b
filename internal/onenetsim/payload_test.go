package onenetsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// testModel has one property of each type, an event and a service.
const testModel = `{
 "version":"1.0","profile":{"productId":"Abcdef1234"},
 "properties":[
  {"identifier":"b","functionType":"u","accessMode":"r","desc":null,"dataType":{"type":"bool","specs":{"true":"on","false":"off"}}},
  {"identifier":"fine","dataType":{"type":"double","specs":{}}},
  {"identifier":"i32","dataType":{"type":"int32","specs":{"min":"-10","max":"10","step":"1","unit":""}}},
  {"identifier":"i64","dataType":{"type":"int64","specs":{"min":"","max":null}}},
  {"identifier":"f","dataType":{"type":"float","specs":{"min":0,"max":100.5,"step":"0.1"}}},
  {"identifier":"d","dataType":{"type":"double"}},
  {"identifier":"e","dataType":{"type":"enum","specs":{"0":"off","60001":"fault"}}},
  {"identifier":"when","dataType":{"type":"date","specs":{}}},
  {"identifier":"s","dataType":{"type":"string","specs":{"length":"4"}}},
  {"identifier":"bits","dataType":{"type":"bitMap","specs":{"length":8,"define":[]}}},
  {"identifier":"a","dataType":{"type":"array","specs":{"length":2,"type":"int32","specs":{"min":"0","max":"9"}}}},
  {"identifier":"st","dataType":{"type":"struct","specs":[{"identifier":"x","name":"x","dataType":{"type":"int32","specs":{}}},{"identifier":"y","dataType":{"type":"bool"}}]}}
 ],
 "events":[{"identifier":"hot","eventType":"alert","outputData":[{"identifier":"temp","dataType":{"type":"float","specs":{}}},{"identifier":"value","dataType":{"type":"int32"}}]}],
 "services":[{"identifier":"reboot","callType":"s","input":[],"output":[]}],
 "combs":[]
}`

func modelServer(t testing.TB, profile Profile) *Server {
	t.Helper()
	m, err := ParseModel([]byte(testModel))
	if err != nil {
		t.Fatal(err)
	}
	return newServer(func(c *Config) { c.Products[0].Model, c.Profile = &m, profile })
}

// TestPost_Form: the whole message, before any identifier is looked at.
func TestPost_Form(t *testing.T) {
	const format = `{"id":null,"code":2402,"msg":"request format error"}`
	badID := func(id string) string { return `{"id":` + id + `,"code":2405,"msg":"msg id invalid"}` }
	const params = `"params":{"f":{"value":1}}`
	rows := []struct{ name, payload, want string }{
		{"good", `{"id":"1","version":"1.0",` + params + `}`, ok(1)},
		{"without version", `{"id":"1",` + params + `}`, ok(1)},
		{"white space", " {\n \"id\" : \"1\" , \"params\" : { \"i32\" : { \"value\" : 1 , \"time\" : 1767225600000 } } } ", ok(1)},
		{"thirteen digits", `{"id":"1234567890123",` + params + `}`, ok(1234567890123)},
		{"no properties at all", `{"id":"1","params":{}}`, ok(1)},
		{"empty", ``, format},
		{"not JSON", `volt=1`, format},
		{"cut short", `{"id":"1",` + params, format},
		{"something behind", `{"id":"1",` + params + `}}`, format},
		{"array", `[]`, format},
		{"null", `null`, format},
		{"not UTF-8", "{\"id\":\"1\",\"params\":{\"f\":{\"value\":1,\"x\":\"\xff\"}}}", format},
		{"key twice", `{"id":"1",` + params + `,` + params + `}`, format},
		{"version is a number", `{"id":"1","version":1.0,` + params + `}`, format},
		{"params missing", `{"id":"1"}`, format},
		{"params null", `{"id":"1","params":null}`, format},
		{"params is an array", `{"id":"1","params":[]}`, format},
		{"value not wrapped", `{"id":"1","params":{"f":1}}`, format},
		{"one of two not wrapped", `{"id":"1","params":{"f":{"value":1},"d":1}}`, format},
		{"not wrapped goes before unknown", `{"id":"1","params":{"nope":{"value":1},"d":1}}`, format},
		{"identifier twice", `{"id":"1","params":{"f":{"value":1},"f":{"value":2}}}`, format},
		{"id missing", `{` + params + `}`, badID("null")},
		{"id null", `{"id":null,` + params + `}`, badID("null")},
		{"id is a number", `{"id":1,` + params + `}`, badID("null")},
		{"id empty", `{"id":"",` + params + `}`, badID(`""`)},
		{"id with a letter", `{"id":"12a",` + params + `}`, badID(`"12a"`)},
		{"id with a sign", `{"id":"-1",` + params + `}`, badID(`"-1"`)},
		{"fourteen digits", `{"id":"12345678901234",` + params + `}`, badID(`"12345678901234"`)},
		{"Id in another case", `{"ID":"1",` + params + `}`, badID("null")},
		{"id before params", `{"id":"x","params":1}`, badID(`"x"`)},
	}
	synctest.Test(t, func(t *testing.T) {
		c := login(t, modelServer(t, Studio))
		for _, r := range rows {
			if got := c.ask(topicPropertyPost, r.payload); got != r.want {
				t.Errorf("%s: got %s, want %s", r.name, got, r.want)
			}
		}
		lenient := login(t, modelServer(t, Lenient))
		want := `{"id":"1","code":2402,"msg":"request format error"}`
		if got := lenient.ask(topicPropertyPost, `{"id":"1","params":{"f":1}}`); got != want {
			t.Errorf("lenient: got %s, want %s", got, want)
		}
	})
}

// TestPost_Values: one bad value refuses the whole message.
func TestPost_Values(t *testing.T) {
	rows := []struct {
		params       string
		studio, want int // want: profile strict
	}{
		{`"b":{"value":true}`, 200, 200},
		{`"b":{"value":1}`, 2271, 2271},
		{`"b":{"value":0}`, 2271, 2271},
		{`"b":{"value":"true"}`, 2271, 2271},
		{`"i32":{"value":-10}`, 200, 200},
		{`"i32":{"value":11}`, 200, codeRange},
		{`"i32":{"value":1.5}`, codeInt32Type, codeInt32Type},
		{`"i32":{"value":1e1}`, codeInt32Type, codeInt32Type},
		{`"i32":{"value":2147483648}`, codeInt32Type, codeInt32Type},
		{`"i32":{"value":"1"}`, codeInt32Type, codeInt32Type},
		{`"i64":{"value":9223372036854775807}`, 200, 200},
		{`"i64":{"value":9223372036854775808}`, codeInt64Type, codeInt64Type},
		{`"f":{"value":100.5}`, 200, 200},
		{`"f":{"value":100.6}`, 200, codeRange},
		{`"f":{"value":"1"}`, codeFloatType, codeFloatType},
		{`"d":{"value":1e999}`, 200, codeRange},
		{`"d":{"value":true}`, codeDoubleType, codeDoubleType},
		{`"e":{"value":60001}`, 200, 200},
		{`"e":{"value":1}`, codeEnumType, codeEnumType},
		{`"e":{"value":"0"}`, codeEnumType, codeEnumType},
		{`"when":{"value":1767225600000}`, 200, 200},
		{`"when":{"value":"2026"}`, codeDateType, codeDateType},
		{`"s":{"value":"温度温度"}`, 200, 200},
		{`"s":{"value":"five5"}`, 200, codeLength},
		{`"s":{"value":5}`, codeStringType, codeStringType},
		{`"bits":{"value":255}`, 200, 200},
		{`"bits":{"value":-1}`, codeBitMapType, codeBitMapType},
		{`"a":{"value":[1,2]}`, 200, 200},
		{`"a":{"value":[1,2,3]}`, 200, codeLength},
		{`"a":{"value":[1,null]}`, codeArrayType, codeArrayType},
		{`"a":{"value":[1,"2"]}`, codeArrayType, codeArrayType},
		{`"a":{"value":1}`, codeArrayType, codeArrayType},
		{`"st":{"value":{"x":1,"y":true}}`, 200, 200},
		{`"st":{"value":{"x":1,"y":1}}`, codeStructType, codeStructType},
		{`"st":{"value":{"z":1}}`, codeStructType, codeStructType},
		{`"st":{"value":{"x":1,"x":2}}`, codeStructType, codeStructType},
		{`"st":{"value":[]}`, codeStructType, codeStructType},
		{`"f":{"value":null}`, 2409, 2409},
		{`"f":{}`, 2409, 2409},
		{`"nope":{"value":1}`, 2306, 2306},
		{`"F":{"value":1}`, 2306, 2306},
		{`"nope":{"value":null}`, 2409, 2409}, // the value is looked at first
		{`"hot":{"value":{"temp":1,"value":2}}`, 2302, 2302},
		{`"reboot":{"value":1}`, 2302, 2302},
		{`"f":{"value":1,"time":946684800000}`, 200, 200},
		{`"f":{"value":1,"time":946684799999}`, 2415, 2415},
		{`"f":{"value":1,"time":1767311999999}`, 200, 200}, // a day ahead
		{`"f":{"value":1,"time":1767400000000}`, 2415, 2415},
		{`"f":{"value":1,"time":2812}`, 2415, 2415},
		{`"f":{"value":1,"time":1767225600}`, 2415, 2415}, // seconds
		{`"f":{"value":1,"time":1767225600000.5}`, 2415, 2415},
		{`"f":{"value":1,"time":"1767225600000"}`, 2415, 2415},
		{`"f":{"value":1,"time":null}`, 2415, 2415},
		{`"b":{"value":1,"time":1}`, 2271, 2271}, // type before time
	}
	for _, profile := range []Profile{Studio, Strict} {
		synctest.Test(t, func(t *testing.T) {
			s := modelServer(t, profile)
			c := login(t, s)
			for _, r := range rows {
				code := r.studio
				if profile == Strict {
					code = r.want
				}
				before := len(s.History(pid, dev))
				got := c.ask(topicPropertyPost, `{"id":"1","params":{"fine":{"value":0.5},`+r.params+`}}`)
				want := fmt.Sprintf(`"code":%d,"msg":"%s`, code, codeText(code))
				if !strings.Contains(got, want) {
					t.Errorf("%s %s: got %s, want %s", profile, r.params, got, want)
				}
				name, _, _ := strings.Cut(r.params[1:], `"`)
				if code != 200 && !strings.HasSuffix(got, ":identifier:"+name+`"}`) {
					t.Errorf("%s %s: %s does not name %s", profile, r.params, got, name)
				}
				stored := len(s.History(pid, dev)) - before
				if (code == 200 && stored != 2) || (code != 200 && stored != 0) {
					t.Errorf("%s %s: %d values stored with code %d", profile, r.params, stored, code)
				}
			}
		})
	}
}

// TestPost_FirstBadMemberIsNamed: in the message's own order, every time.
func TestPost_FirstBadMemberIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := login(t, modelServer(t, Studio))
		for range 20 {
			got := c.ask(topicPropertyPost, `{"id":"1","params":{"f":{"value":1},"b":{"value":1},"nope":{"value":1},"d":{}}}`)
			if want := `{"id":"1","code":2271,"msg":"bool type error:identifier:b"}`; got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
	})
}

func TestPost_WithoutModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := login(t, newServer(nil))
		for _, r := range []struct {
			identifier string
			code       string
		}{
			{"anything_9", "200"},
			{"$OneNET_LBS", "200"},
			{strings.Repeat("x", 50), "200"},
			{strings.Repeat("x", 51), "2306"},
			{"", "2306"},
			{"with space", "2306"},
			{"温度", "2306"},
		} {
			got := c.ask(topicPropertyPost, `{"id":"1","params":{"`+r.identifier+`":{"value":1}}}`)
			if !strings.Contains(got, `"code":`+r.code) {
				t.Errorf("%q: got %s, want %s", r.identifier, got, r.code)
			}
		}
	})
}

func TestEvent_Post(t *testing.T) {
	rows := []struct{ params, want string }{
		{`{"hot":{"value":{"temp":91.5,"value":2},"time":1767225600000}}`, `"code":200`},
		{`{"hot":{"temp":91.5,"value":2}}`, `"code":2402`}, // the wrapper's value is not an object
		{`{"hot":{"temp":91.5}}`, `"code":2409,"msg":"required value:identifier:hot"`},
		{`{"hot":{"value":{"temp":91.5}}}`, `"code":2308`},
		{`{"hot":{"value":{"temp":91.5,"other":1}}}`, `"code":2306,"msg":"identifier not exist:identifier:other"`},
		{`{"hot":{"value":{"temp":"x","value":2}}}`, fmt.Sprintf(`"code":%d`, codeFloatType)},
		{`{"hot":{"value":{"temp":1,"value":2},"time":5}}`, `"code":2415`},
		{`{"f":{"value":{}}}`, `"code":2302`},
		{`{"cold":{"value":{}}}`, `"code":2306`},
		{`[]`, `"code":2402`},
	}
	synctest.Test(t, func(t *testing.T) {
		s := modelServer(t, Studio)
		c := login(t, s)
		for _, r := range rows {
			if got := c.ask(topicEventPost, `{"id":"1","params":`+r.params+`}`); !strings.Contains(got, r.want) {
				t.Errorf("%s: got %s, want %s", r.params, got, r.want)
			}
		}
		if st := s.Stats(); st.Events != 1 || st.Values != 0 {
			t.Errorf("stats %+v, want one event and no value", st)
		}
	})
}

// entries returns n samples of one property, as history/post carries them.
func entries(n int) string {
	samples := make([]string, n)
	for i := range samples {
		samples[i] = fmt.Sprintf(`{"value":%d,"time":%d}`, i, testStart.UnixMilli()+int64(i))
	}
	return strings.Join(samples, ",")
}

func TestHistoryAndPack_Post(t *testing.T) {
	self := `{"productID":"` + pid + `","deviceName":"` + dev + `"}`
	one := `{"properties":{"i64":[` + entries(1) + `]}}`
	rows := []struct {
		name, topic, params string
		code, values        int
	}{
		{"one device", topicHistoryPost, `[` + one + `]`, 200, 1},
		{"hundred values", topicHistoryPost, `[{"properties":{"i64":[` + entries(100) + `]}}]`, 200, 100},
		{"hundred and one", topicHistoryPost, `[{"properties":{"i64":[` + entries(101) + `]}}]`, codePoints, 0},
		{"hundred and one together", topicHistoryPost, `[{"properties":{"i64":[` + entries(60) + `],"d":[` + entries(41) + `]}}]`, codePoints, 0},
		{"ten entries", topicHistoryPost, `[` + strings.Repeat(one+",", 9) + one + `]`, 200, 10},
		{"eleven entries", topicHistoryPost, `[` + strings.Repeat(one+",", 10) + one + `]`, codeEntries, 0},
		{"itself by name", topicHistoryPost, `[{"identity":` + self + `,"properties":{"i64":[` + entries(2) + `]},"events":{}}]`, 200, 2},
		{"another device", topicHistoryPost, `[{"identity":{"productID":"` + pid + `","deviceName":"` + other + `"},"properties":{}}]`, codeIdentity, 0},
		{"identity is text", topicHistoryPost, `[{"identity":"me"}]`, 2402, 0},
		{"identity incomplete", topicHistoryPost, `[{"identity":{"productID":"` + pid + `"}}]`, 2402, 0},
		{"object instead of array", topicHistoryPost, one, 2307, 0},
		{"entry is no object", topicHistoryPost, `[1]`, 2402, 0},
		{"properties is an array", topicHistoryPost, `[{"properties":[]}]`, 2402, 0},
		{"no array of values", topicHistoryPost, `[{"properties":{"i64":{"value":1,"time":1767225600000}}}]`, 2402, 0},
		{"bare values", topicHistoryPost, `[{"properties":{"i64":[1,2]}}]`, 2402, 0},
		{"without time", topicHistoryPost, `[{"properties":{"i64":[{"value":1}]}}]`, 2415, 0},
		{"last value bad", topicHistoryPost, `[{"properties":{"i64":[` + entries(9) + `,{"value":true,"time":1767225600000}]}}]`, codeInt64Type, 0},
		{"second entry bad", topicHistoryPost, `[` + one + `,{"properties":{"nope":[` + entries(1) + `]}}]`, 2306, 0},
		{"event", topicHistoryPost, `[{"events":{"hot":[{"value":{"temp":1,"value":2},"time":1767225600000}]}}]`, 200, 0},
		{"bad event", topicHistoryPost, `[{"properties":{"i64":[` + entries(1) + `]},"events":{"hot":[{"value":{},"time":1767225600000}]}}]`, 2308, 0},
		{"pack", topicPackPost, `[{"properties":{"i64":{"value":1},"b":{"value":true,"time":1767225600000}}}]`, 200, 2},
		{"pack with arrays", topicPackPost, `[` + one + `]`, 2402, 0},
		{"pack as object", topicPackPost, `{"properties":{"i64":{"value":1}}}`, 2307, 0},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := modelServer(t, Studio)
				c := login(t, s)
				got := c.ask(r.topic, `{"id":"7","version":"1.0","params":`+r.params+`}`)
				if !strings.Contains(got, fmt.Sprintf(`"code":%d,`, r.code)) {
					t.Errorf("got %s, want code %d", got, r.code)
				}
				if n := len(s.History(pid, dev)); n != r.values {
					t.Errorf("%d values stored, want %d", n, r.values)
				}
			})
		})
	}
}

// TestStore_Keeps: order of arrival, newest by time, duplicates.
func TestStore_Keeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		post := func(id int, value string, at int) {
			t.Helper()
			c.ask(topicPropertyPost, fmt.Sprintf(`{"id":"%d","params":{"volt":{"value":%s,"time":%d}}}`, id, value, testStart.UnixMilli()+int64(at)))
		}
		post(1, "1", -20)
		post(2, "2", 0)
		post(3, "3", -10)
		post(4, "1", -20) // again
		post(5, "1", -19) // another time
		post(6, "9", -20) // another value
		c.ask(topicPropertyPost, volt(7, "1"))
		c.ask(topicPropertyPost, volt(8, "1")) // no time of its own: cannot be called a duplicate
		history := s.History(pid, dev)
		var ids []string
		for _, v := range history {
			ids = append(ids, v.PostID)
		}
		if want := []string{"1", "2", "3", "4", "5", "6", "7", "8"}; !slices.Equal(ids, want) {
			t.Errorf("order %v, want %v", ids, want)
		}
		if st := s.Stats(); st.Values != 8 || st.Duplicates != 1 || s.Totals(pid, dev)["volt"] != 8 {
			t.Errorf("stats %+v, want 8 values, 1 duplicate", st)
		}
		if now := s.Current(pid, dev)["volt"]; now.PostID != "8" || now.Stamped || now.Time != testStart.UnixMilli() {
			t.Errorf("current %+v, want post 8", now)
		}
		if s.History(pid, "none") != nil || s.Current(pid, "none") != nil || s.Totals("none", dev) != nil {
			t.Error("an unknown device has values")
		}
	})
}

// TestStore_Bounded: memory stays flat, the counters do not.
func TestStore_Bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(c *Config) { c.Keep = 10 })
		c := login(t, s)
		for i := range 95 {
			at := testStart.Add(time.Duration(i) * time.Millisecond).UnixMilli()
			c.ask(topicPropertyPost, fmt.Sprintf(`{"id":"%d","params":{"volt":{"value":%d,"time":%d}}}`, i, i, at))
		}
		history := s.History(pid, dev)
		if len(history) != 10 || history[0].PostID != "85" || history[9].PostID != "94" {
			t.Errorf("kept %d values: %+v", len(history), history)
		}
		if st := s.Stats(); st.Values != 95 || s.Totals(pid, dev)["volt"] != 95 {
			t.Errorf("counted %d values", st.Values)
		}
		d := s.device(pid, dev)
		if len(d.store.values) >= 20 || len(d.store.seen) != len(d.store.values) {
			t.Errorf("store holds %d values, %d keys", len(d.store.values), len(d.store.seen))
		}
		if n := len(s.Connections()[0].Log); n != 10 {
			t.Errorf("connection log has %d lines, want 10", n)
		}
	})
}

func TestDesired_IsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		if got, want := c.ask(topicDesiredGet, `{"id":"3","params":["x"]}`), `{"id":"3","code":200,"msg":"success","data":{}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := c.ask(topicDesiredDelete, `{"id":"4","params":{"x":{}}}`); got != ok(4) {
			t.Errorf("got %s, want %s", got, ok(4))
		}
		if got := c.ask(topicDesiredGet, `{"id":"3","params":{}}`); !strings.Contains(got, "2402") {
			t.Errorf("got %s, want 2402", got)
		}
		if st := s.Stats(); st.Posts != 0 {
			t.Errorf("%d posts counted", st.Posts)
		}
	})
}
