package codegen

import (
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/frame"
)

// everyFeature are descriptions that use what the presets do not.
const everyFeature = `
[frame.runs]
sync = "A5 5A"
check = { kind = "crc-8/smbus", over = "2:-1" }
fields = [
  { name = "a", type = "<u3" },
  { name = "b", type = "<i13" },
  { name = "c", type = "<u11", count = 5 },
  { name = "wide", type = "<i40", at = 12 },
  { name = "d", type = ">u5", at = 20, bit = 3 },
  { name = "e", type = ">i8" },
  { name = "f", type = ">u1" },
  { name = "g", type = ">i7" },
  { name = "last", type = "B" },
]

[frame.orders]
sync = "A5"
check = { kind = "crc-32/iso-hdlc", endian = "big" }
fields = [
  { name = "a", type = "I", order = "CDAB" },
  { name = "b", type = "h", order = "AB" },
  { name = "c", type = "f", order = "BADC", range = [-1e3, 1e3] },
  { name = "d", type = "q", order = "GHEFCDAB" },
  { name = "e", type = "<bcd3", scale = 0.01 },
  { name = "g", type = ">bcd2", sign = "msb" },
  { name = "h", type = "<midi3" },
  { name = "i", type = ">midi2" },
  { name = "_neg", type = "B", map = { 0 = "plus", 1 = "minus" } },
  { name = "j", type = ">H", sign = "_neg", scale = 0.1 },
  { name = "k", type = "<H", sign = "msb" },
  { name = "l", type = "hex3" },
  { name = "m", type = "6s" },
  { name = "n", type = "5z" },
  { name = "o", type = "e", range = [-1000, 1000] },
  { name = "p", type = ">d" },
  { name = "q", type = "?" },
  { name = "r", type = "<u24" },
  { name = "s", type = ">i24", invalid = [-1], range = [-100, 100] },
  { name = "t", type = "<q" },
  { type = "B", const = 7 },
  { type = ">H", flags = { 0 = "f0", 9 = "f9" } },
  { skip = 1 },
  { name = "u", type = "B", at = -5 },
]

[frame.lengths]
sync = "55 AA"
max = 60
length = { at = 3, type = "<H", add = -2 }
id = { at = 2 }
seq = { at = 5 }
end = "0D 0A"
check = [ { kind = "crc-8/maxim-dow", at = 6, over = "0:6" }, { kind = "crc-16/xmodem", endian = "big" } ]
[[frame.lengths.message]]
name = "rest"
id = 1
data = 7
fields = [ { name = "a", type = "<h" }, { name = "ch", type = "<f", repeat = "rest", max = 7 } ]
[[frame.lengths.message]]
name = "bare"
id = 2
data = 7

[frame.blank]
sync = "AA"
length = { at = 1, mul = 2, add = 2 }
data = 4
check = { kind = "not-sum16", at = 2, over = "0:", blank = true, endian = "little" }
fields = [ { name = "w", type = ">h", repeat = "rest", max = 9 } ]

[frame.words]
sync = "AA BB"
size = 12
check = [ { kind = "sum16w", over = "2:8", at = 8, endian = "big" }, { kind = "sum+sum" } ]
fields = [ { name = "a", type = "<i" }, { name = "b", type = ">H" } ]

[frame.masked]
sync = "68"
length = { at = 1, add = 4 }
unmask = { sub = 0x33 }
data = 2
end = "16"
check = { kind = "sum8" }
fields = [ { name = "a", type = "<I" }, { name = "b", type = "<bcd2" } ]

[frame.hdlc]
stuff = "hdlc"
check = { kind = "crc-16/ibm-sdlc", endian = "little" }
fields = [ { name = "a", type = "B", count = 12 } ]

[frame.slip]
stuff = "slip"
check = { kind = "neg-sum8" }
fields = [ { name = "a", type = "B", count = 12 } ]

[frame.cobs]
stuff = "cobs"
check = { kind = "crc-32/iscsi", endian = "little" }
fields = [ { name = "a", type = "B", repeat = "rest", max = 600 } ]

[frame.xbee]
stuff = "xbee"
length = { at = 1, type = ">H", add = 4 }
data = 3
check = { kind = "not-sum8", over = "3:-1" }
fields = [ { name = "a", type = "B", count = 12 } ]

[frame.escaped]
sync = "FF 01"
length = { at = 2, add = 4 }
data = 3
stuff = { esc = 0xFD, map = { 0x0F = 0xFF, 0x0E = 0xFE, 0x0D = 0xFD } }
check = { kind = "xor8" }
fields = [ { name = "a", type = "B", count = 12 } ]

[frame.servo]
sync = "FF FF FD 00"
stuff = "dxl2"
max = 40
length = { at = 5, type = "<H", add = 7 }
data = 7
check = { kind = "crc-16/umts", endian = "little" }
fields = [ { name = "a", type = "B", count = 12, map = { 0xFF = "ff", 0xFD = "fd", 1 = "one" } } ]

[frame.mav]
sync = "FE"
length = { at = 1, add = 5 }
id = { at = 2 }
data = 3
check = { kind = "crc-16/mcrf4xx", over = "1:-2", endian = "little", extra = "crc_extra" }
[[frame.mav.message]]
name = "one"
id = 1
crc_extra = 50
fields = [ { name = "a", type = "<i", scale = "1/10000000", unit = "deg" }, { name = "b", type = "b" } ]
[[frame.mav.message]]
name = "two"
id = 200
crc_extra = 154
fields = [ { name = "a", type = "<h" } ]

[frame.counted]
sync = "AA 55"
length = { at = 2, add = 3 }
data = 3
max = 120
check = { kind = "crc-16/modbus", endian = "little" }
fields = [
  { name = "_n", type = "B" },
  { repeat = "_n", max = 4, group = [
    { name = "cell", type = ">H", scale = 0.001, unit = "V" },
    { name = "hot", type = "?" },
    { name = "lo", type = "<u4" },
    { name = "hi", type = "<i4" },
  ] },
  { name = "total", type = ">H", scale = 0.01, unit = "V" },
  { name = "_k", type = "B" },
  { name = "w", type = "<h", repeat = "_k", max = 5 },
  { name = "tail", type = "<u5" },
  { name = "tail2", type = "<u3" },
]

[frame.groups]
sync = "AA 56"
length = { at = 2, add = 3 }
data = 3
max = 120
check = { kind = "crc-16/modbus", endian = "little" }
fields = [
  { count = 3, group = [ { name = "a", type = "<h" }, { type = "B", flags = { 0 = "f", 3 = "g" } }, { type = "B", const = 9 } ] },
  { repeat = "rest", max = 6, group = [ { name = "x", type = ">i24" }, { name = "y", type = "f" } ] },
]

[frame.texts]
sync = "AA 57"
length = { at = 2, add = 3 }
data = 3
max = 120
check = { kind = "sum16", endian = "big" }
fields = [
  { name = "a", type = "z", max = 9 },
  { name = "_n", type = "B" },
  { name = "b", type = "s", repeat = "_n", max = 12 },
  { name = "c", type = "<h" },
  { name = "d", type = "s", repeat = "rest", max = 20 },
]

[frame.long]
sync = "AA 5A"
length = { at = 2, type = "varint", add = 3 }
data = 3
max = 400
check = { kind = "crc-16/modbus", endian = "little" }
fields = [ { name = "a", type = "B", repeat = "rest", max = 300 } ]

[frame.patterns]
sync = "55|F? 5A ?? 01|02"
check = { kind = "sum8" }
fields = [
  { name = "_state", type = "B", at = 0 },
  { name = "address", type = "B", at = 2 },
  { name = "a", type = ">H", at = 4 },
]

[frame.named]
sync = "AA 58"
length = { at = 2, add = 3 }
data = 3
max = 120
check = { kind = "crc-16/modbus", endian = "little" }
fields = [ { name = "a", type = "B" }, { type = "<h", repeat = "rest", max = 2, names = ["left", "right"], scale = 0.1 } ]

[frame.choices]
sync = "AA 5B"
size = 9
id = { at = 2 }
data = 3
check = { kind = "sum8" }
[[frame.choices.message]]
name = "one"
id = 1
fields = [ { type = "b", const = -4 }, { name = "a", type = "B" }, { type = ">u4", const = 3 }, { name = "b", type = ">u4" }, { type = "<H", const = 300 } ]
[[frame.choices.message]]
name = "two"
id = 1
fields = [ { type = "b", const = -4 }, { name = "a", type = "B" }, { type = ">u4", const = 2 }, { name = "b", type = ">u4" }, { type = "<H", const = 300 } ]
[[frame.choices.message]]
name = "three"
id = 1
fields = [ { type = "b", const = -4 }, { name = "a", type = "B" }, { type = ">u4", const = 3 }, { name = "b", type = ">u4" }, { type = "H", order = "AB", const = 300 } ]
[[frame.choices.message]]
name = "four"
id = 1
fields = [ { type = "bcd1", const = 94 }, { name = "c", type = "hex2" } ]

[frame.conditions]
sync = "AA 5C"
check = { kind = "crc-16/modbus", endian = "little" }
fields = [
  { name = "mode", type = "B", map = { 0 = "off", 1 = "slow", 2 = "fast", 3 = "both" } },
  { name = "_off", type = "?" },
  { name = "speed", type = "<h", when = "mode & 1 == 1 && !_off" },
  { name = "heading", type = "<h", scale = 0.1, when = "mode > 1 || _off" },
]

[frame.sparse]
sync = "AA 5D"
length = { at = 2, add = 3 }
data = 3
zero_fill = true
check = { kind = "crc-16/modbus", endian = "little" }
fields = [ { name = "a", type = "<i" }, { name = "b", type = "<i" } ]

[frame.bus]
sync = "?? 03|04|06"
id = { at = 1 }
check = { kind = "crc-16/modbus", endian = "little" }
[[frame.bus.message]]
name = "ask"
id = [3, 4]
turn = "request"
size = 8
[[frame.bus.message]]
name = "answer"
id = [3, 4]
turn = "reply"
length = { at = 2, add = 5 }
data = 3
fields = [ { name = "reg", type = ">H", repeat = "rest", max = 8 } ]
[[frame.bus.message]]
name = "write"
id = 6
turn = "request"
size = 8
[[frame.bus.message]]
name = "written"
id = 6
turn = "reply"
size = 8

[frame.idinsync]
sync = "AA 55"
id = { at = 0 }
check = { kind = "sum8" }
data = 2
fields = [{ name = "speed", type = "<h" }]

[frame.computed]
sync = "AA 59"
check = { kind = "crc-16/modbus", endian = "little" }
fields = [
  { name = "_ma", type = "<H" },
  { name = "_mv", type = "<H" },
  { name = "power", expr = "_ma * _mv / 1000000", unit = "W" },
  { name = "laps", type = "B", counter = true },
  { name = "grams", type = "<i", scale = "1/1000", unit = "kg" },
]
`

func testDescriptions(t *testing.T) map[string]frame.Description {
	t.Helper()
	all, issues := config.ParseFrames([]byte(everyFeature), "everyFeature")
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return all
}
