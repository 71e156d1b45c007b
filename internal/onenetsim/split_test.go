package onenetsim

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// decoded takes an object apart as encoding/json does.
func decoded(raw []byte) (list []member, ok bool) {
	if !json.Valid(raw) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	seen := map[string]bool{}
	for dec.More() {
		name, err := dec.Token()
		m := member{}
		if err != nil || dec.Decode(&m.raw) != nil {
			return nil, false
		}
		m.name, ok = name.(string)
		if !ok || seen[m.name] {
			return nil, false
		}
		seen[m.name] = true
		list = append(list, m)
	}
	return list, true
}

// FuzzSplit: objects and arrays come apart as encoding/json takes them apart.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, ` { "a" : 1 , "b" : [ 1 , 2 ] , "c" : { } } `, `{"a":"x\"}","b\u0041":-1.5e3,"é":true}`, `[1]`, `[ "]" , [] , {"a":[}]} ]`,
		`{"a":1,"a":2}`, `{"a":1} x`, `{"a"}`, `{"a":}`, `[1,]`, `null`, ``, `{"a":{"b":{"c":[1,{"d":"\\"}]}}}`, "[1\n,\t2\r]", `["\\","\"",{}]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		got, ok := object(raw)
		want, wantOK := decoded(raw)
		if ok != wantOK || len(got) != len(want) {
			t.Fatalf("%q: %v, %v; want %v, %v", raw, got, ok, want, wantOK)
		}
		for i := range want {
			if got[i].name != want[i].name || !bytes.Equal(got[i].raw, want[i].raw) {
				t.Errorf("%q: %q: %q; want %q: %q", raw, got[i].name, got[i].raw, want[i].name, want[i].raw)
			}
		}
		elements, ok := array(raw)
		var wanted []json.RawMessage
		wantOK = kind(raw) == '[' && json.Unmarshal(raw, &wanted) == nil
		if ok != wantOK || ok && !reflect.DeepEqual(elements, wanted) {
			t.Errorf("%q: %q, %v; want %q, %v", raw, elements, ok, wanted, wantOK)
		}
	})
}
