package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"serialgw/internal/cloud"
	"serialgw/internal/uart"
)

// rule is what one key takes, beyond its Go type.
type rule struct {
	want    string // what is expected, with its unit
	example string // as it is written in the file

	bounded  bool  // low and high count
	low, top int64 // numbers as they are, durations in ns, sizes in bytes
	enum     []string
	ok       func(string) bool // texts; the empty text is "not given"
	cure     func(string) string

	size      bool   // bytes: an integer, or a text with a unit
	oneOrMany bool   // one value stands for an array of one
	textKey   string // a text stands for a table with this key
}

func number(low, top int64, want, example string) rule {
	return rule{want: want, example: example, bounded: true, low: low, top: top}
}

func period(low, top time.Duration, example string) rule {
	return rule{want: "a duration", example: example, bounded: true, low: int64(low), top: int64(top)}
}

func size(low, top int64, example string) rule {
	return rule{want: "a size", example: example, bounded: true, low: low, top: top, size: true}
}

func choice(texts ...string) rule { return rule{enum: texts} }

func text(want, example string, ok func(string) bool) rule {
	return rule{want: want, example: example, ok: ok}
}

// portRule knows the names that people use instead of a path.
func portRule() rule {
	r := text("a path or a USB identity", `"/dev/ttyUSB0" or "usb:1a86:7523"`, isPort)
	r.cure = func(port string) string {
		for _, path := range []string{"/" + port, "/dev/" + port} {
			if strings.HasPrefix(path, "/dev/tty") || strings.HasPrefix(path, "/dev/serial") {
				return "write " + strconv.Quote(path)
			}
		}
		return "`serialgw ports` lists what is plugged in"
	}
	return r
}

// shortest is the shortest interval of a report rule.
const shortest = 10 * time.Millisecond

// rules names each key by the struct that holds it. Keys without a rule take
// what their Go type takes.
func rules() map[string]rule {
	all := map[string]rule{
		"config.Config.onenet": {want: "a table", example: "[onenet]"},
		"config.Config.board":  {want: "an array of tables", example: "[[board]]"},
		"config.Config.frame":  {want: "tables", example: "[frame.car]"},
		"config.Config.queue":  {want: "a table", example: "[queue]"},
		"config.Config.log":    {want: "a table", example: "[log]"},
		"config.Config.status": {want: "a table", example: "[status]"},

		"cloud.Config.product":        text("the product id, 6 to 32 letters and digits", `"aB3dE5fG7h"`, isProduct),
		"cloud.Config.device":         text("the device name, 1 to 64 of A-Z a-z 0-9 _ -", `"car01"`, isDevice),
		"cloud.Config.key":            {want: "the key as the console shows it, in base64"},
		"cloud.Config.level":          choice("device", "product"),
		"cloud.Config.method":         choice("sha256", "sha1", "md5"),
		"cloud.Config.address":        text("host or host:port", `"mqtts.heclouds.com:1883"`, nil),
		"cloud.Config.confirm":        choice("reply", "puback"),
		"cloud.Config.topic":          text("a topic to publish to, without + and #", `"$sys/{pid}/{device}/thing/property/post"`, isTopic),
		"cloud.Config.keepalive":      period(10*time.Second, 300*time.Second, `"30s"`),
		"cloud.Config.reply_timeout":  period(time.Second, 10*time.Minute, `"10s"`),
		"cloud.Config.post_interval":  period(0, time.Hour, `"1s"`),
		"cloud.Config.in_flight":      number(0, 1024, "a number of posts", "16"),
		"cloud.Config.history_values": number(1, 100, "a number of values", "100"),
		"cloud.Config.order":          choice("live-first", "oldest-first"),

		"config.Board.name":     text("a name of A-Z a-z 0-9 _ -", `"car"`, isWord),
		"config.Board.prefix":   text("letters, digits and _, a letter first", `"left_"`, IsIdentifier),
		"config.Board.health":   period(0, 24*time.Hour, `"60s"`),
		"config.Board.rule":     {want: "an array of tables", example: "[[board.rule]]"},
		"config.Board.rename":   {want: "a table of property to identifier", example: `{ speed = "velocity" }`},
		"uart.Config.port":      portRule(),
		"uart.Config.baud":      number(uart.MinBaud, uart.MaxBaud, "a number of bits/s", "115200"),
		"uart.Config.data_bits": number(5, 8, "a number of bits", "8"),
		"uart.Config.parity":    choice("none", "odd", "even"),
		"uart.Config.stop_bits": number(1, 2, "a number of bits", "1"),
		"uart.Config.on_open":   choice("keep", "assert", "clear"),
		"uart.Config.silence":   period(0, 24*time.Hour, `"30s"`),

		"report.Rule.property":     {want: "a property or an array of properties", example: `["temp", "humidity"]`, oneOrMany: true},
		"report.Rule.min_interval": period(shortest, 24*time.Hour, `"1s"`),
		"report.Rule.max_silence":  period(shortest, 24*time.Hour, `"60s"`),
		"report.Rule.window":       period(shortest, 24*time.Hour, `"10s"`),
		"report.Rule.aggregate":    {want: `"mean", "min", "max", "last", or an array of them`, example: `["min", "max"]`, oneOrMany: true},
		"report.Rule.round":        number(0, 9, "a number of decimals", "1"),
		"report.Rule.range":        {want: "two numbers", example: "[0, 50]"},

		"queue.Config.max_bytes":     size(0, 1<<50, `"256 MiB"`),
		"queue.Config.segment_bytes": size(64<<10, 64<<20, `"4 MiB"`),
		"queue.Config.keep_free":     size(0, 1<<50, `"200 MiB"`),
		"queue.Config.sync_interval": period(time.Millisecond, time.Hour, `"1s"`),
		"queue.Config.full":          choice("drop-oldest", "refuse-newest"),

		"config.Log.level":  choice("trace", "debug", "info", "warn", "error"),
		"config.Log.format": choice("auto", "json", "text"),
	}
	frameRules(all)
	return all
}

// frameRules give wrong types in a frame description an example. What the
// texts mean is checked by frame.Compile.
func frameRules(all map[string]rule) {
	for key, r := range map[string]rule{
		"Description.sync":    {want: "a byte pattern", example: `"AA 55"`},
		"Description.end":     {want: "a byte pattern", example: `"0D 0A"`},
		"Description.idle":    {want: "bytes in hex", example: `"FF 00"`},
		"Description.size":    {want: "a number of bytes", example: "11"},
		"Description.max":     {want: "a number of bytes", example: "64"},
		"Description.length":  {want: "a table", example: "{ at = 3, add = 5 }"},
		"Description.check":   {want: "a table or an array of tables", example: `{ kind = "sum8" }`, oneOrMany: true},
		"Description.id":      {want: "a table", example: "{ at = 2 }"},
		"Description.seq":     {want: "a table", example: "{ at = 3 }"},
		"Description.stuff":   {want: "a kind or a table", example: `"hdlc" or { esc = 0xFD, map = { 0x0D = 0xFD } }`, textKey: "kind"},
		"Description.unmask":  {want: "a table", example: "{ sub = 0x33 }"},
		"Description.resync":  choice("rescan", "skip"),
		"Stuff.map":           {want: "a table of the byte on the line to the byte meant", example: "{ 0x0D = 0xFD }"},
		"Description.gap_ms":  {want: "a number of milliseconds", example: "5"},
		"Description.fields":  {want: "an array of tables", example: `[ { name = "speed", type = "<h" } ]`},
		"Description.names":   {want: "an array of texts", example: `["speed", "_", "heading"]`},
		"Description.message": {want: "an array of tables", example: "[[frame.car.message]]"},
		"Message.fields":      {want: "an array of tables", example: `[ { name = "speed", type = "<h" } ]`},
		"Message.names":       {want: "an array of texts", example: `["speed", "_", "heading"]`},
		"Message.id":          {want: "an integer or an array of integers", example: "0x03", oneOrMany: true},
		"Message.length":      {want: "a table", example: "{ at = 3, add = 5 }"},
		"Message.turn":        choice("request", "reply"),
		"Length.sum":          {want: "an array of tables", example: `[ { at = 4 } ]`},
		"Check.over":          {want: "a slice or an array of slices", example: `"0:-2"`, oneOrMany: true},
		"Check.endian":        choice("little", "big"),
		"Field.type":          {want: "a type", example: `"<h"`},
		"Field.names":         {want: "an array of texts", example: `["roll", "pitch", "yaw"]`},
		"Field.map":           {want: "a table of integer to text", example: `{ 0 = "idle", 1 = "run" }`},
		"Field.flags":         {want: "a table of bit to name", example: `{ 0 = "over_temp" }`},
		"Field.range":         {want: "two numbers", example: "[0, 15]"},
		"Field.invalid":       {want: "an array of raw values", example: "[65535]"},
	} {
		if of, isMessage := strings.CutPrefix(key, "Message."); isMessage {
			all[messageType().String()+"."+of] = r
		} else {
			all["frame."+key] = r
		}
	}
}

func (r rule) takesInt(n int64) bool { return !r.bounded || n >= r.low && n <= r.top }

func (r rule) takesText(s string) bool {
	if len(r.enum) > 0 {
		return slices.Contains(r.enum, s)
	}
	return s == "" || r.ok == nil || r.ok(s)
}

// expected says in words what the key takes; t is its Go type.
func (r rule) expected(t reflect.Type) string {
	if len(r.enum) > 0 {
		return either(r.enum)
	}
	want := r.want
	if want == "" {
		want, r.example = expectedByType(t)
	}
	switch {
	case r.size:
		want += " from " + formatSize(r.low) + " to " + formatSize(r.top)
	case r.bounded && t == reflect.TypeFor[time.Duration]():
		want += " from " + formatDuration(time.Duration(r.low)) + " to " + formatDuration(time.Duration(r.top))
	case r.bounded:
		want += " from " + shown(r.low) + " to " + shown(r.top)
	}
	if r.example != "" {
		want += ", for example " + r.example
	}
	return want
}

func expectedByType(t reflect.Type) (want, example string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a duration", `"1s"`
	case reflect.TypeFor[cloud.Secret]():
		return "a text", ""
	}
	switch t.Kind() {
	case reflect.String:
		return "a text in double quotes", ""
	case reflect.Bool:
		return "true or false", ""
	case reflect.Float64:
		return "a number", "0.5"
	case reflect.Struct, reflect.Map:
		return "a table", ""
	case reflect.Slice:
		return "an array", ""
	case reflect.Interface:
		return "a number or a text", ""
	case reflect.Uint64:
		return "an integer that is not negative", "0x8005"
	}
	return "an integer", "3"
}

// either writes "a", "b" or "c".
func either(texts []string) string {
	quoted := make([]string, len(texts))
	for i, s := range texts {
		quoted[i] = `"` + s + `"`
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
