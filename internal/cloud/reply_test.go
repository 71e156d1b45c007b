package cloud

import (
	"strings"
	"testing"
	"unicode/utf8"

	"serialgw/internal/reading"
)

// One table: good rows beside malformed twins, and the seeds of the fuzzer.
var replies = []struct {
	payload string
	want    Reply // zero = an error
	verdict reading.Verdict
	ident   string
}{
	{`{"id":"1767225600001","code":200,"msg":"success"}`, Reply{1767225600001, 200, "success"}, reading.Confirmed, ""},
	{`{"code":200,"id":"7"}`, Reply{7, 200, ""}, reading.Confirmed, ""},
	{`{"id":7,"code":200}`, Reply{7, 200, ""}, reading.Confirmed, ""},
	{`{"id":"007","code":200}`, Reply{7, 200, ""}, reading.Confirmed, ""},
	{`{"id":null,"code":2402,"msg":"request format error"}`, Reply{0, 2402, "request format error"}, reading.RefusedForm, ""},
	{`{"code":2415,"msg":"invalid time:identifier:volt"}`, Reply{0, 2415, "invalid time:identifier:volt"}, reading.RefusedValue, "volt"},
	{`{"id":"3","code":2306,"msg":"identifier not exist:identifier:Volt"}`, Reply{3, 2306, "identifier not exist:identifier:Volt"}, reading.RefusedValue, "Volt"},
	{`{"id":"3","code":2271,"msg":"bool type error:identifier:run, got int"}`, Reply{3, 2271, "bool type error:identifier:run, got int"}, reading.RefusedValue, "run"},
	{`{"id":"3","code":2306,"msg":"identifier not exist:identifier:"}`, Reply{3, 2306, "identifier not exist:identifier:"}, reading.RefusedForm, ""},
	{`{"id":"3","code":2308,"msg":"event param count error"}`, Reply{3, 2308, "event param count error"}, reading.RefusedForm, ""},
	{`{"id":"3","code":2402,"msg":"x:identifier:volt"}`, Reply{3, 2402, "x:identifier:volt"}, reading.RefusedForm, ""},
	{`{"id":"3","code":2405,"msg":"msg id invalid"}`, Reply{3, 2405, "msg id invalid"}, reading.RefusedForm, ""},
	{`{"id":"3","code":2500,"msg":"x:identifier:volt"}`, Reply{3, 2500, "x:identifier:volt"}, reading.Busy, ""},
	{`{"id":"3","code":0}`, Reply{3, 0, ""}, reading.Busy, ""},
	{`{"id":"3","code":-1,"msg":null}`, Reply{3, -1, ""}, reading.Busy, ""},
	{`{"id":"3","code":500,"msg":{"a":1}}`, Reply{3, 500, `{"a":1}`}, reading.Busy, ""},
	{`{"id":"3","msg":"success"}`, Reply{}, 0, ""},
	{`{"id":"3","code":null}`, Reply{}, 0, ""},
	{`{"id":"3","code":"200"}`, Reply{}, 0, ""},
	{`{"id":"3","code":200.5}`, Reply{}, 0, ""},
	{`{"id":"3","code":99999999999999999999}`, Reply{}, 0, ""},
	{`{"id":"0","code":200}`, Reply{}, 0, ""},
	{`{"id":"-3","code":200}`, Reply{}, 0, ""},
	{`{"id":"3x","code":200}`, Reply{}, 0, ""},
	{`{"id":{"a":"3"},"code":200}`, Reply{}, 0, ""},
	{`{"id":"3","code":200`, Reply{}, 0, ""},
	{`[]`, Reply{}, 0, ""},
	{``, Reply{}, 0, ""},
}

func TestParseReply_ONENET_16(t *testing.T) {
	for _, tt := range replies {
		got, err := ParseReply([]byte(tt.payload))
		if bad := tt.verdict == 0; got != tt.want || (err != nil) != bad {
			t.Errorf("%s: got %+v, %v; want %+v", tt.payload, got, err, tt.want)
			continue
		}
		if v, ident := got.Verdict(); tt.verdict != 0 && (v != tt.verdict || ident != tt.ident) {
			t.Errorf("%s: verdict %v %q, want %v %q", tt.payload, v, ident, tt.verdict, tt.ident)
		}
	}
	if _, err := ParseReply([]byte(`{"code":200,"msg":"` + strings.Repeat("x", replyMost) + `"}`)); err == nil {
		t.Error("a reply without bounds was read")
	}
	if r, err := ParseReply([]byte(`{"code":500,"msg":"` + strings.Repeat("好", 200) + `"}`)); err != nil || len(r.Msg) > wordsMost || !utf8.ValidString(r.Msg) {
		t.Errorf("long words: %d bytes, %v", len(r.Msg), err)
	}
}

func FuzzReply(f *testing.F) {
	for _, r := range replies {
		f.Add([]byte(r.payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := ParseReply(payload)
		if err != nil {
			if r != (Reply{}) {
				t.Errorf("error %v beside %+v", err, r)
			}
			return
		}
		v, ident := r.Verdict()
		if (v == reading.Confirmed) != (r.Code == 200) || (v == reading.RefusedValue) != (ident != "") {
			t.Errorf("%q: verdict %v %q of %+v", payload, v, ident, r)
		}
		if len(r.Msg) > wordsMost || !utf8.ValidString(r.Msg) {
			t.Errorf("words of %d bytes", len(r.Msg))
		}
	})
}
