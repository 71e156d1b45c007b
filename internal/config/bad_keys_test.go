package config

// badKeys are mistakes that one key shows by itself: syntax, names, types, ranges.
func badKeys() []badRow {
	return []badRow{
		{"SyntaxTextWithoutQuotes", "board", `baud = fast`, []string{
			`gateway.toml:7: board.baud: this is not TOML: expected value but found "fast" instead; text stands between double quotes: "..."`,
		}},
		{"SyntaxChineseQuotes", "board", `frame = “demo”`, []string{
			`gateway.toml:7: board.frame: this is not TOML: expected value but found '“' instead; text stands between straight double quotes: "..."`,
		}},
		{"SyntaxTableTwice", "end", `[queue]
[queue]`, []string{
			`gateway.toml:8: this is not TOML: Key 'queue' has already been defined; correct this first, nothing else was checked`,
		}},
		{"SyntaxNumberTooLarge", "board", `baud = 99999999999999999999`, []string{
			`gateway.toml:7: board.baud: this is not TOML: 99999999999999999999 is out of range for int64; correct this first, nothing else was checked`,
		}},
		{"UnknownKeyMisspelt", "board", `buad = 115200`, []string{
			`gateway.toml:7: board[0].buad: unknown key; did you mean baud?`,
		}},
		{"UnknownKeyUpperCase", "board", `Baud = 115200`, []string{
			`gateway.toml:7: board[0].Baud: unknown key; keys are written in lower case: baud`,
		}},
		{"UnknownKeyOtherName", "onenet", `hostname = "x"
server = "mqtts.heclouds.com"`, []string{
			`gateway.toml:5: onenet.hostname: unknown key; did you mean address?`,
			`gateway.toml:6: onenet.server: unknown key; did you mean address?`,
		}},
		{"UnknownKeyOfOtherTable", "board", `sync_interval = "2s"`, []string{
			`gateway.toml:7: board[0].sync_interval: unknown key; sync_interval belongs below [queue]; a key belongs to the last header above it`,
		}},
		{"UnknownKeyBelowBoardNotOneNET", "board", `keepalive = "30s"`, []string{
			`gateway.toml:7: board[0].keepalive: unknown key; keepalive belongs below [onenet]; a key belongs to the last header above it`,
		}},
		{"UnknownKeyNothingNear", "end", `[log]
colour = true`, []string{
			`gateway.toml:8: log.colour: unknown key; known here: level, format`,
		}},
		{"UnknownTable", "end", `[stauts]
socket = "off"`, []string{
			`gateway.toml:7: stauts: unknown key; did you mean status?`,
		}},
		{"UnknownKeyAfterMessage", "end", `[frame.car]
sync = "AA 55"
[[frame.car.message]]
name = "a"
max = 64
fields = [ { name = "v", type = "B" } ]`, []string{
			`gateway.toml:11: frame.car.message[0].max: unknown key; max belongs to the frame: put it above the first [[frame.car.message]]`,
		}},
		{"FieldKeyInFrame", "end", `[frame.car]
sync = "AA 55"
scale = 0.01
fields = [ { name = "v", type = "B" } ]
check = { kind = "sum8" }`, []string{
			`gateway.toml:9: frame.car.scale: unknown key; scale belongs to one value: write it in fields, beside the name, { name = "speed", scale = ... }`,
		}},
		{"UnnamedValueDescribed", "end", `[frame.cam]
sync = "AA 55"
data = 2
struct = "<Bh"
names = ["_", "cx"]
fields = [ { name = "_", const = 7 } ]
check = { kind = "sum8" }`, []string{
			`gateway.toml:12: frame.cam.fields[0].name: found "_", expected a name out of names; give it a name that begins with _, in names as well: "_id"`,
		}},
		{"UnknownKeyInField", "end", `[frame.car]
sync = "AA 55"
fields = [
  { name = "a", type = "B" },
  { name = "b", typ = "B" },
]`, []string{
			`gateway.toml:11: frame.car.fields[1].typ: unknown key; did you mean type?`,
		}},
		{"BoardIsOneTable", "boards", `[board]
port = "/dev/ttyUSB0"`, []string{
			`gateway.toml:5: board: found a table, expected an array of tables, for example [[board]]; write [[board]], not [board]`,
		}},
		{"TableIsArray", "end", `[[queue]]
full = "drop-oldest"`, []string{
			`gateway.toml:7: queue: found an array, expected a table, for example [queue]; write [queue], not [[queue]]`,
		}},
		{"MessageIsOneTable", "end", `[frame.car]
sync = "AA 55"
[frame.car.message]
name = "a"`, []string{
			`gateway.toml:9: frame.car.message: found a table, expected an array of tables, for example [[frame.car.message]]; write [[frame.car.message]], not [frame.car.message]`,
		}},
		{"NumberIsText", "board", `baud = "fast"`, []string{
			`gateway.toml:7: board[0].baud: found "fast", expected a number of bits/s from 50 to 4000000, for example 115200`,
		}},
		{"NumberInQuotes", "board", `baud = "9600"`, []string{
			`gateway.toml:7: board[0].baud: found "9600", expected a number of bits/s from 50 to 4000000, for example 115200; leave the quotes out`,
		}},
		{"NumberWithPoint", "board", `baud = 115200.0`, []string{
			`gateway.toml:7: board[0].baud: found 115200.0, expected a number of bits/s from 50 to 4000000, for example 115200; write it without a decimal point: 115200`,
		}},
		{"NumberOutOfRange", "board", `baud = 5000000`, []string{
			`gateway.toml:7: board[0].baud: found 5000000, expected a number of bits/s from 50 to 4000000, for example 115200`,
		}},
		{"NumberBelowRange", "onenet", `in_flight = -1`, []string{
			`gateway.toml:5: onenet.in_flight: found -1, expected a number of posts from 0 to 1024, for example 16`,
		}},
		{"HistoryValuesAbove", "onenet", `history_values = 101`, []string{
			`gateway.toml:5: onenet.history_values: found 101, expected a number of values from 1 to 100, for example 100`,
		}},
		{"TextIsNumber", "product", `product = 1234567`, []string{
			`gateway.toml:2: onenet.product: found 1234567, expected the product id, 6 to 32 letters and digits, for example "aB3dE5fG7h"; write it in double quotes: "1234567"`,
		}},
		{"TruthInQuotes", "onenet", `tls = "true"`, []string{
			`gateway.toml:5: onenet.tls: found "true", expected true or false; leave the quotes out`,
		}},
		{"TruthIsNumber", "onenet", `history = 1`, []string{
			`gateway.toml:5: onenet.history: found 1, expected true or false`,
		}},
		{"EnumMisspelt", "board", `parity = "non"`, []string{
			`gateway.toml:7: board[0].parity: found "non", expected "none", "odd" or "even"; did you mean "none"?`,
		}},
		{"EnumUnknown", "onenet", `order = "random"`, []string{
			`gateway.toml:5: onenet.order: found "random", expected "live-first" or "oldest-first"`,
		}},
		{"DurationBareInteger", "onenet", `keepalive = 30`, []string{
			`gateway.toml:5: onenet.keepalive: found 30, expected a duration from 10s to 5m, for example "30s"; a duration has a unit: write keepalive = "30s" (seconds) or "30ms" (milliseconds)`,
		}},
		{"DurationBareText", "onenet", `keepalive = "30"`, []string{
			`gateway.toml:5: onenet.keepalive: found "30", expected a duration from 10s to 5m, for example "30s"; add the unit: "30s" (seconds) or "30ms" (milliseconds)`,
		}},
		{"DurationOutOfRange", "onenet", `keepalive = "400s"`, []string{
			`gateway.toml:5: onenet.keepalive: found "400s", expected a duration from 10s to 5m, for example "30s"`,
		}},
		{"DurationNegative", "onenet", `post_interval = "-1s"`, []string{
			`gateway.toml:5: onenet.post_interval: found "-1s", expected a duration from 0s to 1h, for example "1s"`,
		}},
		{"SizeWithoutUnit", "end", `[queue]
segment_bytes = "4 megs"`, []string{
			`gateway.toml:8: queue.segment_bytes: found "4 megs", expected a size from 64 KiB to 64 MiB, for example "4 MiB"`,
		}},
		{"SizeTooSmall", "end", `[queue]
segment_bytes = 4096`, []string{
			`gateway.toml:8: queue.segment_bytes: found 4096, expected a size from 64 KiB to 64 MiB, for example "4 MiB"`,
		}},
		{"QueueFewerThanEightSegments", "end", `[queue]
max_bytes = "16 MiB"`, []string{
			`gateway.toml:8: queue.max_bytes: found 16 MiB, expected at least 8 segments of 4 MiB; write "32 MiB" or more, or make segment_bytes smaller`,
		}},
		{"QueueDirRelative", "end", `[queue]
dir = "spool"`, []string{
			`gateway.toml:8: queue.dir: found "spool", expected an absolute path, for example "/var/lib/serialgw"`,
		}},
		{"SocketRelative", "end", `[status]
socket = "gw.sock"`, []string{
			`gateway.toml:8: status.socket: found "gw.sock", expected "off" or an absolute path of at most 107 bytes`,
		}},
		{"ClockWaitIsNumber", "onenet", `clock_wait = 10`, []string{
			`gateway.toml:5: onenet.clock_wait: found 10, expected "auto" or a duration from 0s to 24h, for example "10m"; a duration has a unit: write clock_wait = "10s" (seconds) or "10ms" (milliseconds)`,
		}},
		{"ClockWaitNegative", "onenet", `clock_wait = "-1s"`, []string{
			`gateway.toml:5: onenet.clock_wait: found "-1s", expected "auto" or a duration from 0s to 24h, for example "10m"`,
		}},
		{"ClockWaitAboveADay", "onenet", `clock_wait = "25h"`, []string{
			`gateway.toml:5: onenet.clock_wait: found "25h", expected "auto" or a duration from 0s to 24h, for example "10m"`,
		}},
		{"ClockWaitUnknown", "onenet", `clock_wait = "never"`, []string{
			`gateway.toml:5: onenet.clock_wait: found "never", expected "auto" or a duration from 0s to 24h, for example "10m"`,
		}},
		{"ReportIsNumber", "board", `report = 1`, []string{
			`gateway.toml:7: board[0].report: found 1, expected "all" or a duration of at least 10ms, for example "1s"; a duration has a unit: write report = "1s" (seconds) or "1ms" (milliseconds)`,
		}},
		{"ReportTooShort", "board", `report = "1ms"`, []string{
			`gateway.toml:7: board[0].report: found "1ms", expected "all" or a duration of at least 10ms, for example "1s"`,
		}},
		{"ReportUnknown", "board", `report = "every"`, []string{
			`gateway.toml:7: board[0].report: found "every", expected "all" or a duration of at least 10ms, for example "1s"`,
		}},
	}
}
