package config

import (
	"reflect"
	"strings"

	"serialgw/internal/cloud"
	"serialgw/internal/frame"
	"serialgw/internal/queue"
	"serialgw/internal/report"
)

// unknownKey refuses a key and says which one was probably meant.
func (d *doc) unknownKey(path, key string, owner reflect.Type, known []structKey) {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.name
	}
	meant, cure := meantHere(key, names)
	if home := homeOf(path, key, owner); home != "" && (meant == "" || distance(key, meant) > 1) {
		meant, cure = "", home
	}
	if cure == "" {
		cure = "known here: " + strings.Join(names, ", ")
	}
	d.fail(joinPath(path, key), "unknown key", "", cure)
	if meant != "" { // it is not missing as well
		d.broken[joinPath(path, meant)] = true
	}
}

// meantHere looks for the key among those of the same table.
func meantHere(key string, names []string) (meant, cure string) {
	for _, name := range names {
		if strings.EqualFold(key, name) {
			return name, "keys are written in lower case: " + name
		}
	}
	meant = Nearest(key, names)
	if other := otherNames()[strings.ToLower(key)]; meant == "" {
		for _, name := range names {
			if name == other {
				meant = name
			}
		}
	}
	if meant != "" {
		cure = "did you mean " + meant + "?"
	}
	return meant, cure
}

// otherNames are what other programs call our keys.
func otherNames() map[string]string {
	return map[string]string{
		"product_id": "product", "productid": "product", "pid": "product",
		"device_name": "device", "devicename": "device", "device_id": "device",
		"access_key": "key", "accesskey": "key", "secret": "key", "token": "key",
		"host": "address", "hostname": "address", "server": "address", "broker": "address", "url": "address",
		"ca": "ca_file", "cafile": "ca_file", "username": "user",
		"baudrate": "baud", "baud_rate": "baud", "speed": "baud", "bps": "baud",
		"tty": "port", "serial": "port", "path": "port", "protocol": "frame",
		"interval": "report", "header": "sync", "head": "sync", "tail": "end", "footer": "end",
		"checksum": "check", "crc": "check", "len": "length", "factor": "scale", "desc": "unit",
	}
}

// homeOf says where the key belongs when it stands in the wrong table. The
// usual cause: in TOML a key belongs to the last [header] above it.
func homeOf(path, key string, owner reflect.Type) string {
	if owner == messageType() && hasKey(reflect.TypeFor[frame.Description](), key) {
		of := parentPath(strings.TrimSuffix(path, "]"))
		of = parentPath(of)
		return key + " belongs to the frame: put it above the first [[" + of + ".message]]"
	}
	field := reflect.TypeFor[frame.Field]()
	if (owner == messageType() || owner == reflect.TypeFor[frame.Description]()) && hasKey(field, key) {
		return key + " belongs to one value: write it in fields, beside the name, { name = \"speed\", " + key + " = ... }"
	}
	if owner == reflect.TypeFor[report.Rule]() && hasKey(reflect.TypeFor[Board](), key) {
		return key + " belongs to the board: put it above its first [[board.rule]]"
	}
	if owner == reflect.TypeFor[Board]() && hasKey(reflect.TypeFor[report.Rule](), key) {
		return key + " belongs to a report rule: put it below [[board.rule]]"
	}
	for _, home := range []struct {
		header string
		owner  reflect.Type
	}{
		{"[onenet]", reflect.TypeFor[cloud.Config]()},
		{"[[board]]", reflect.TypeFor[Board]()},
		{"[queue]", reflect.TypeFor[queue.Config]()},
		{"[log]", reflect.TypeFor[Log]()},
		{"[status]", reflect.TypeFor[Status]()},
		{"[frame.NAME]", reflect.TypeFor[frame.Description]()},
	} {
		if home.owner != owner && hasKey(home.owner, key) {
			return key + " belongs below " + home.header + "; a key belongs to the last header above it"
		}
	}
	return ""
}

// messageType is what frame calls one [[frame.NAME.message]].
func messageType() reflect.Type {
	return reflect.TypeOf(frame.Description{}.Messages).Elem()
}

func hasKey(owner reflect.Type, key string) bool {
	for _, k := range structKeys(owner) {
		if k.name == key {
			return true
		}
	}
	return false
}

// Nearest returns the name that word was probably meant to be, "" when none
// is near: one slip of the finger in short words, three in long ones.
func Nearest(word string, names []string) string {
	best, limit := "", 1+min(len(word), 10)/5
	for _, name := range names {
		if n := distance(strings.ToLower(word), strings.ToLower(name)); n <= limit && n < max(len(name), 2) {
			best, limit = name, n-1
		}
	}
	return best
}

// NearestFrame returns the name of the frame that word was probably meant to
// be: one that it shortens, "tfmini-cmd" or "jy9", before one that it misspells.
func NearestFrame(word string, names []string) string {
	const short = 3 // letters: fewer shorten too much
	best := ""
	for _, name := range names {
		if len(word) >= short && shortens(strings.ToLower(word), strings.ToLower(name)) && (best == "" || len(name) < len(best)) {
			best = name
		}
	}
	if near := Nearest(word, names); best == "" || near != "" && distance(word, near) == 1 {
		return near
	}
	return best
}

// shortens reports whether leaving letters out of name makes it word. Its first
// half stays.
func shortens(word, name string) bool {
	if half := (len(word) + 1) / 2; !strings.HasPrefix(name, word[:half]) {
		return false
	}
	rest := name
	for i := range len(word) {
		at := strings.IndexByte(rest, word[i])
		if at < 0 {
			return false
		}
		rest = rest[at+1:]
	}
	return true
}

// distance counts the letters to insert, delete, replace, or swap with their
// neighbour, to turn a into b.
func distance(a, b string) int {
	const longest = 64 // no key is longer; the work stays bounded
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
