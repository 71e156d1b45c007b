package cloud

import (
	"strconv"

	"serialgw/internal/reading"
)

// messageMost is the platform's limit for one message, in bytes. [ONENET-14]
const messageMost = 256 << 10

// TimeFunc returns the Unix milliseconds to send with an entry's values; false
// sends none, and the platform uses the time of arrival.
type TimeFunc func(*reading.Entry) (ms int64, ok bool)

// StampTime is the plain TimeFunc: the entry's own wall time, where it is known
// to be right. A date proves nothing: a clock that was saved before a power cut
// is plausible and wrong. [ONENET-13]
func StampTime(e *reading.Entry) (ms int64, ok bool) {
	return e.Reading.Stamp.UnixMilli(), e.Reading.Stamp.Synced
}

// AppendPropertyPost appends one property/post. No identifier may stand twice
// in the entries. Values that JSON cannot hold are left out. [ONENET-10]
//
//	{"id":"1767225600001","version":"1.0","params":{"volt":{"value":3.30,"time":1767225600001},"run":{"value":true}}}
func AppendPropertyPost(dst []byte, id uint64, entries []reading.Entry, times TimeFunc) []byte {
	dst = appendHead(dst, id)
	dst = append(dst, '{')
	first := true
	for i := range entries {
		ms, timed := times(&entries[i])
		for _, p := range entries[i].Reading.Props {
			if !p.Value.Finite() { // null is refused, NaN is not JSON [ONENET-24]
				continue
			}
			dst = appendComma(dst, &first)
			dst = reading.AppendQuoted(dst, p.Name)
			dst = append(dst, ':')
			dst = appendSample(dst, p.Value, ms, timed)
		}
	}
	return append(dst, "}}"...)
}

// AppendHistoryPost appends one history/post: any number of samples of each
// identifier, grouped, in the order of the entries. [ONENET-14]
//
//	{"id":"7","version":"1.0","params":[{"properties":{"volt":[{"value":3.31,"time":1767225601000},{"value":3.29,"time":1767225602000}]}}]}
func AppendHistoryPost(dst []byte, id uint64, entries []reading.Entry, times TimeFunc) []byte {
	stamps := make([]int64, len(entries))
	for i := range entries {
		stamps[i], _ = times(&entries[i])
	}
	dst = appendHead(dst, id)
	dst = append(dst, `[{"properties":{`...)
	firstName := true
	for i := range entries {
		for j, p := range entries[i].Reading.Props {
			if !p.Value.Finite() || before(entries, i, j) {
				continue
			}
			dst = appendComma(dst, &firstName)
			dst = reading.AppendQuoted(dst, p.Name)
			dst = append(dst, ":["...)
			dst = appendSamples(dst, p.Name, entries[i:], stamps[i:])
			dst = append(dst, ']')
		}
	}
	return append(dst, "}}]}"...)
}

// before reports whether the name of property j of entry i has had a sample
// already.
func before(entries []reading.Entry, i, j int) bool {
	name := entries[i].Reading.Props[j].Name
	for k := range i + 1 {
		for l, p := range entries[k].Reading.Props {
			if k == i && l == j {
				return false
			}
			if p.Name == name && p.Value.Finite() {
				return true
			}
		}
	}
	return false
}

func appendSamples(dst []byte, name string, entries []reading.Entry, stamps []int64) []byte {
	first := true
	for i := range entries {
		for _, p := range entries[i].Reading.Props {
			if p.Name == name && p.Value.Finite() {
				dst = appendComma(dst, &first)
				dst = appendSample(dst, p.Value, stamps[i], true)
			}
		}
	}
	return dst
}

// idPrefix is what every message of ours begins with; the id follows.
const idPrefix = `{"id":"`

// appendHead writes the id as a string of digits: a number, or a letter in it,
// is refused with 2405. [ONENET-11]
func appendHead(dst []byte, id uint64) []byte {
	dst = append(dst, idPrefix...)
	dst = strconv.AppendUint(dst, id, 10)
	return append(dst, `","version":"1.0","params":`...)
}

func appendSample(dst []byte, v reading.Value, ms int64, timed bool) []byte {
	dst = append(dst, `{"value":`...)
	dst = v.AppendJSON(dst)
	if timed {
		dst = append(dst, `,"time":`...)
		dst = strconv.AppendInt(dst, ms, 10)
	}
	return append(dst, '}')
}

func appendComma(dst []byte, first *bool) []byte {
	if *first {
		*first = false
		return dst
	}
	return append(dst, ',')
}
