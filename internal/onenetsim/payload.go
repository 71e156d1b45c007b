package onenetsim

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// find returns the value of a name, nil when it is absent.
func find(list []member, name string) json.RawMessage {
	for _, m := range list {
		if m.name == name {
			return m.raw
		}
	}
	return nil
}

// kind is the first byte of a JSON value: { [ " t f n, a digit or a minus;
// 0 for none.
func kind(raw []byte) byte {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

// absent reports a value that is missing or null.
func absent(raw []byte) bool { return kind(raw) == 0 || kind(raw) == 'n' }

// judge applies the payload rules to one message.
type judge struct {
	model   *Model
	dev     *device
	profile Profile
	now     time.Time
}

// message judges a whole request:
//
//	{"id":"57","version":"1.0","params":{"volt":{"value":3.3,"time":1767225600001}}}
//
// in a fixed order: form, id, form of params, then value by value.
func (j *judge) message(topic string, payload []byte) verdict {
	if !json.Valid(payload) || !utf8.Valid(payload) {
		return verdict{refuse: refuse(codeFormat)}
	}
	envelope, ok := object(payload)
	if !ok {
		return verdict{refuse: refuse(codeFormat)}
	}
	id, ok := messageID(find(envelope, "id"))
	v := verdict{id: id}
	if !ok {
		v.refuse = refuse(codeID)
		return v
	}
	version := find(envelope, "version")
	params := find(envelope, "params")
	if version != nil && kind(version) != '"' {
		v.refuse = refuse(codeFormat)
	} else {
		j.params(topic, params, &v)
	}
	if v.refuse != nil {
		v.values, v.data = nil, nil
		if v.refuse.code == codeFormat && j.profile != Lenient {
			v.id = nil
		}
	}
	return v
}

// messageID reads the id: text of 1 to 13 digits. A bad text is returned too,
// for the reply.
func messageID(raw json.RawMessage) (id *string, ok bool) {
	var text string
	if kind(raw) != '"' || json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	digits := strings.Trim(text, "0123456789") == ""
	return &text, digits && len(text) >= 1 && len(text) <= 13
}

func (j *judge) params(topic string, params json.RawMessage, v *verdict) {
	switch topic {
	case topicPropertyPost:
		v.values, v.refuse = j.properties(params, j.property)
	case topicEventPost:
		_, v.refuse = j.properties(params, j.event)
	case topicPackPost:
		v.values, v.refuse = j.entries(params, false)
	case topicHistoryPost:
		v.values, v.refuse = j.entries(params, true)
	case topicDesiredGet:
		if _, ok := array(params); !ok {
			v.refuse = refuse(codeFormat)
		}
		v.data = json.RawMessage(`{}`)
	case topicDesiredDelete:
		if _, ok := object(params); !ok {
			v.refuse = refuse(codeFormat)
		}
	}
}

// sample is the wrapper {"value":..,"time":..} of one identifier, taken apart.
type sample struct {
	identifier  string
	value, time json.RawMessage
}

// unwrap takes one wrapper apart.
func unwrap(identifier string, raw json.RawMessage) (sample, bool) {
	fields, ok := object(raw)
	return sample{identifier, find(fields, "value"), find(fields, "time")}, ok
}

// properties judges {"ident":{"value":..}}: the form of all, then one by one.
func (j *judge) properties(raw json.RawMessage, each func(sample) (Value, *refusal)) ([]Value, *refusal) {
	list, ok := object(raw)
	if !ok {
		return nil, refuse(codeFormat)
	}
	samples := make([]sample, len(list))
	for i, m := range list {
		if samples[i], ok = unwrap(m.name, m.raw); !ok {
			return nil, refuse(codeFormat)
		}
	}
	return judgeAll(samples, each)
}

func judgeAll(samples []sample, each func(sample) (Value, *refusal)) ([]Value, *refusal) {
	values := make([]Value, 0, len(samples))
	for _, s := range samples {
		v, r := each(s)
		if r != nil {
			return nil, r
		}
		values = append(values, v)
	}
	return values, nil
}

// property judges one value of a property.
func (j *judge) property(s sample) (Value, *refusal) {
	if absent(s.value) {
		return Value{}, refuseIdent(codeRequired, s.identifier)
	}
	t, r := j.model.property(s.identifier)
	if r == nil {
		r = t.check(s.identifier, s.value, j.profile == Strict)
	}
	if r != nil {
		return Value{}, r
	}
	return j.timed(s)
}

// timed finishes a value whose content is good.
func (j *judge) timed(s sample) (Value, *refusal) {
	var compact bytes.Buffer
	if json.Compact(&compact, s.value) != nil {
		return Value{}, refuse(codeFormat)
	}
	v := Value{Identifier: s.identifier, Raw: compact.Bytes(), Time: j.now.UnixMilli(), Arrived: j.now}
	if s.time == nil {
		return v, nil
	}
	v.Stamped = true
	var err error
	if v.Time, err = strconv.ParseInt(string(s.time), 10, 64); err != nil || !j.plausible(v.Time) {
		return Value{}, refuseIdent(codeInvalidTime, s.identifier)
	}
	return v, nil
}

// plausible reports Unix milliseconds from 2000-01-01 to a day from now. The
// window is invented; that uptime in ms is refused is not.
func (j *judge) plausible(ms int64) bool {
	const year2000 = 946684800000
	return ms >= year2000 && ms <= j.now.Add(24*time.Hour).UnixMilli()
}

// event judges one event: {"value":{output:v},"time":ms}.
func (j *judge) event(s sample) (Value, *refusal) {
	if absent(s.value) {
		return Value{}, refuseIdent(codeRequired, s.identifier)
	}
	outputs, r := j.model.event(s.identifier)
	if r != nil {
		return Value{}, r
	}
	list, ok := object(s.value)
	if !ok {
		return Value{}, refuse(codeFormat)
	}
	if outputs != nil && len(outputs) != len(list) {
		return Value{}, refuseIdent(codeEventCount, s.identifier)
	}
	for _, m := range list {
		t, known := outputs[m.name]
		if outputs != nil && !known {
			return Value{}, refuseIdent(codeNoIdent, m.name)
		}
		if r := t.check(m.name, m.raw, j.profile == Strict); r != nil {
			return Value{}, r
		}
	}
	return j.timed(s)
}
