package onenetsim

import "encoding/json"

// entries judges the params of pack/post and history/post, an array of
//
//	{"identity":{"productID":..,"deviceName":..},"properties":{..},"events":{..}}
//
// where identity is optional. In a history post every identifier carries an
// array of wrappers, in a pack post a single one.
func (j *judge) entries(raw json.RawMessage, history bool) ([]Value, *refusal) {
	list, ok := array(raw)
	switch {
	case !ok:
		return nil, refuse(codePackShape)
	case len(list) > maxEntries && j.profile != Lenient:
		return nil, refuse(codeEntries)
	}
	var all []Value
	for _, entry := range list {
		values, r := j.entry(entry, history)
		if r != nil {
			return nil, r
		}
		all = append(all, values...)
	}
	return all, nil
}

func (j *judge) entry(raw json.RawMessage, history bool) ([]Value, *refusal) {
	fields, ok := object(raw)
	if !ok {
		return nil, refuse(codeFormat)
	}
	if r := j.identity(find(fields, "identity")); r != nil {
		return nil, r
	}
	properties, r := wrappers(find(fields, "properties"), history)
	if r != nil {
		return nil, r
	}
	events, r := wrappers(find(fields, "events"), history)
	if r != nil {
		return nil, r
	}
	if len(properties)+len(events) > maxPoints && j.profile != Lenient {
		return nil, refuse(codePoints)
	}
	if history {
		for _, s := range append(properties, events...) {
			if s.time == nil && !absent(s.value) {
				return nil, refuseIdent(codeInvalidTime, s.identifier)
			}
		}
	}
	values, r := judgeAll(properties, j.property)
	if r != nil {
		return nil, r
	}
	for i := range values {
		values[i].History = history
	}
	_, r = judgeAll(events, j.event)
	return values, r
}

// wrappers lists the samples of one entry's properties or events, in order.
func wrappers(raw json.RawMessage, history bool) ([]sample, *refusal) {
	if raw == nil {
		return nil, nil
	}
	list, ok := object(raw)
	if !ok {
		return nil, refuse(codeFormat)
	}
	var samples []sample
	for _, m := range list {
		one := []json.RawMessage{m.raw}
		if history {
			if one, ok = array(m.raw); !ok {
				return nil, refuse(codeFormat)
			}
		}
		for _, raw := range one {
			s, ok := unwrap(m.name, raw)
			if !ok {
				return nil, refuse(codeFormat)
			}
			samples = append(samples, s)
		}
	}
	return samples, nil
}

// identity accepts the device itself, by name or by silence.
func (j *judge) identity(raw json.RawMessage) *refusal {
	if raw == nil {
		return nil
	}
	fields, ok := object(raw)
	if !ok {
		return refuse(codeFormat)
	}
	var pid, name string
	if json.Unmarshal(find(fields, "productID"), &pid) != nil || json.Unmarshal(find(fields, "deviceName"), &name) != nil {
		return refuse(codeFormat)
	}
	if pid != j.dev.product.ID || name != j.dev.name {
		return refuse(codeIdentity)
	}
	return nil
}
