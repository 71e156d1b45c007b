package config

// badValues are mistakes that show only in what the values mean together.
func badValues() []badRow {
	return []badRow{
		{"ProductMissing", "product", ``, []string{
			`gateway.toml:1: onenet.product: found nothing, expected the product id, 6 to 32 letters and digits, for example "aB3dE5fG7h"; the OneNET console shows it on the product's page (产品ID)`,
		}},
		{"ProductEmpty", "product", `product = ""`, []string{
			`gateway.toml:2: onenet.product: found "" (to be filled in), expected the product id, 6 to 32 letters and digits, for example "aB3dE5fG7h"; the OneNET console shows it on the product's page (产品ID)`,
		}},
		{"ProductInvalid", "product", `product = "my product"`, []string{
			`gateway.toml:2: onenet.product: found "my product", expected the product id, 6 to 32 letters and digits, for example "aB3dE5fG7h"`,
		}},
		{"DeviceMissing", "device", ``, []string{
			`gateway.toml:1: onenet.device: found nothing, expected the device name, 1 to 64 of A-Z a-z 0-9 _ -, for example "car01"; the OneNET console lists it under devices (设备名称)`,
		}},
		{"DeviceInvalid", "device", `device = "car 1"`, []string{
			`gateway.toml:3: onenet.device: found "car 1", expected the device name, 1 to 64 of A-Z a-z 0-9 _ -, for example "car01"`,
		}},
		{"KeyMissing", "key", ``, []string{
			`gateway.toml:1: onenet.key: found nothing, expected a key: in key, in the file named by key_file, or in the environment variable SERIALGW_ONENET_KEY; copy the device's key from the device page of the OneNET console; the accessKey of the user account does not fit`,
		}},
		{"KeyNotBase64", "key", `key = "not a key"`, []string{
			`gateway.toml:4: onenet.key: found a text of 9 characters that is not base64, expected the key as the console shows it: base64, 44 characters ending in =; copy the device's key from the device page of the OneNET console; the accessKey of the user account does not fit`,
		}},
		{"KeyIsToken", "key", `key = "version=2018-10-31&res=products%2Fp&et=1&method=md5&sign=x"`, []string{
			`gateway.toml:4: onenet.key: found a signed token, expected the key as the console shows it: base64, 44 characters ending in =; copy the device's key from the device page of the OneNET console; the accessKey of the user account does not fit`,
		}},
		{"KeyIsNumber", "key", `key = 12345678`, []string{
			`gateway.toml:4: onenet.key: found an integer (not shown), expected the key as the console shows it, in base64; write it in double quotes`,
		}},
		{"KeyTooShort", "key", `key = "YWJj"`, []string{
			`gateway.toml:4: onenet.key: found a key of only 3 bytes, expected the key as the console shows it: base64, 44 characters ending in =; copy the device's key from the device page of the OneNET console; the accessKey of the user account does not fit`,
		}},
		{"KeyOfProduct", "key", `level = "product"
key = "###"`, []string{
			`gateway.toml:5: onenet.key: found a text of 3 characters that is not base64, expected the key as the console shows it: base64, 44 characters ending in =; copy the product's access_key from the product page of the OneNET console; the accessKey of the user account does not fit`,
		}},
		{"KeyFileMissing", "key", `key_file = "/nonexistent/key"`, []string{
			`gateway.toml:4: onenet.key_file: found a file that cannot be read (/nonexistent/key: no such file or directory), expected a file that holds the secret and nothing else; correct the path, or let the user who runs serialgw read it`,
		}},
		{"KeyInProduct", "product", `product = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="`, []string{
			`gateway.toml:2: onenet.product: found a text of 44 characters (not shown, it looks like a key), expected the product id, 6 to 32 letters and digits, for example "aB3dE5fG7h"`,
		}},
		{"UserForOneNET", "onenet", `user = "me"
address = "mqtts.heclouds.com"`, []string{
			`gateway.toml:5: warning: onenet.user: a user for OneNET; OneNET's user name is the product id and is set by itself; leave user out`,
		}},
		{"TopicWithoutAddress", "onenet", `topic = "cars/{device}"`, []string{
			`gateway.toml:1: onenet.address: found nothing, expected host or host:port, for example "mqtts.heclouds.com:1883"; OneNET takes no topics of one's own: name the broker, or leave topic out`,
		}},
		{"KeyMissingDespiteUser", "key", `user = "me"`, []string{
			`gateway.toml:1: onenet.key: found nothing, expected a key: in key, in the file named by key_file, or in the environment variable SERIALGW_ONENET_KEY; copy the device's key from the device page of the OneNET console; the accessKey of the user account does not fit`,
			`gateway.toml:4: warning: onenet.user: a user for OneNET; OneNET's user name is the product id and is set by itself; leave user out`,
		}},
		{"AddressWithSpace", "onenet", `address = "my host"`, []string{
			`gateway.toml:5: onenet.address: found "my host", expected host or host:port, for example "mqtts.heclouds.com:1883"`,
		}},
		{"AddressWithScheme", "onenet", `address = "tcp://mqtts.heclouds.com:1883"`, []string{
			`gateway.toml:5: onenet.address: found "tcp://mqtts.heclouds.com:1883", expected host or host:port, for example "mqtts.heclouds.com:1883"; leave tcp:// out: "mqtts.heclouds.com:1883"; tls = true chooses TLS`,
		}},
		{"AddressBadPort", "onenet", `address = "mqtts.heclouds.com:99999"`, []string{
			`gateway.toml:5: onenet.address: found "mqtts.heclouds.com:99999", expected host or host:port, for example "mqtts.heclouds.com:1883"`,
		}},
		{"AddressMistyped", "onenet", `address = "{pid}.mqtts.acc.cmccconet.cn"`, []string{
			`gateway.toml:5: warning: onenet.address: ab3de5fg7h.mqtts.acc.cmccconet.cn looks like one of OneNET's hosts but is none; is aB3dE5fG7h.mqtts.acc.cmcconenet.cn meant?`,
		}},
		{"AddressMistypedLabel", "onenet", `address = "{pid}.mqtls.acc.cmcconenet.cn"`, []string{
			`gateway.toml:5: warning: onenet.address: for this product, and tls = false, OneNET's host is aB3dE5fG7h.mqtts.acc.cmcconenet.cn, not ab3de5fg7h.mqtls.acc.cmcconenet.cn`,
		}},
		{"AddressOldProtocol", "onenet", `address = "mqtt.heclouds.com"`, []string{
			`gateway.toml:5: warning: onenet.address: mqtt.heclouds.com speaks an older protocol that knows no tokens; leave the address empty or use aB3dE5fG7h.mqtts.acc.cmcconenet.cn`,
		}},
		{"AddressOtherBroker", "onenet", `address = "broker.example.org"`, []string{
			`gateway.toml:5: warning: onenet.address: found "broker.example.org", expected a host below cmcconenet.cn or heclouds.com; for a broker that is not OneNET give user and password, a topic, or confirm = "puback"`,
		}},
		{"AddressPortOfTLS", "onenet", `address = "mqtts.heclouds.com:8883"`, []string{
			`gateway.toml:5: warning: onenet.address: found port 8883, expected 8883 with tls = true, 1883 with tls = false; leave the port out`,
		}},
		{"TopicWildcard", "onenet", `topic = "a/#"`, []string{
			`gateway.toml:5: onenet.topic: found "a/#", expected a topic to publish to, without + and #, for example "$sys/{pid}/{device}/thing/property/post"`,
		}},
		{"TLSWithoutCA", "onenet", `tls = true`, []string{
			`gateway.toml:1: onenet.ca_file: found nothing, expected the path of the broker's CA certificate in PEM; no system knows OneNET's own CA; OneNET's is MQTTS-certificate.pem, a download of its documentation`,
		}},
		{"CAFileMissing", "onenet", `tls = true
ca_file = "/nonexistent/ca.pem"`, []string{
			`gateway.toml:6: onenet.ca_file: found a file that cannot be read (/nonexistent/ca.pem: no such file or directory), expected the path of the broker's CA certificate in PEM; OneNET's is MQTTS-certificate.pem, a download of its documentation`,
		}},
		{"CAFileWithoutTLS", "onenet", `ca_file = "/nonexistent/ca.pem"`, []string{
			`gateway.toml:5: warning: onenet.ca_file: a CA certificate without TLS; write tls = true to use it`,
		}},
		{"NoBoard", "boards", ``, []string{
			`gateway.toml: board: found nothing, expected at least one board; add [[board]] and, below it, port = "/dev/ttyUSB0"`,
		}},
		{"PortMissing", "port", ``, []string{
			"gateway.toml:5: board[0].port: found nothing, expected a path or a USB identity, for example \"/dev/ttyUSB0\" or \"usb:1a86:7523\"; `serialgw ports` lists what is plugged in",
		}},
		{"PortMissingAndMore", "port", `rename = { sped = "v" }`, []string{
			"gateway.toml:5: board[0].port: found nothing, expected a path or a USB identity, for example \"/dev/ttyUSB0\" or \"usb:1a86:7523\"; `serialgw ports` lists what is plugged in",
			`gateway.toml:6: board[0].rename.sped: found "sped", expected a property of the frame; did you mean speed?`,
		}},
		{"PortEmpty", "port", `port = ""`, []string{
			"gateway.toml:6: board[0].port: found \"\" (to be filled in), expected a path or a USB identity, for example \"/dev/ttyUSB0\" or \"usb:1a86:7523\"; `serialgw ports` lists what is plugged in",
		}},
		{"PortOfWindows", "port", `port = "COM3"`, []string{
			"gateway.toml:6: board[0].port: found \"COM3\", expected a path or a USB identity, for example \"/dev/ttyUSB0\" or \"usb:1a86:7523\"; `serialgw ports` lists what is plugged in",
		}},
		{"PortWithoutDev", "port", `port = "ttyUSB0"`, []string{
			`gateway.toml:6: board[0].port: found "ttyUSB0", expected a path or a USB identity, for example "/dev/ttyUSB0" or "usb:1a86:7523"; write "/dev/ttyUSB0"`,
		}},
		{"PortUSBBroken", "port", `port = "usb:1a86"`, []string{
			"gateway.toml:6: board[0].port: found \"usb:1a86\", expected a path or a USB identity, for example \"/dev/ttyUSB0\" or \"usb:1a86:7523\"; `serialgw ports` lists what is plugged in",
		}},
		{"PortTwice", "board", `[[board]]
port = "/dev/ttyUSB0"
prefix = "b_"`, []string{
			`gateway.toml:8: board[1].port: found "/dev/ttyUSB0", expected a port of its own; board[0] (line 5) has the same port`,
		}},
		{"NameTwice", "board", `name = "car"
[[board]]
name = "car"
port = "/dev/ttyUSB1"
prefix = "b_"`, []string{
			`gateway.toml:9: board[1].name: found "car", expected a name of its own; board[0] (line 5) has the same name`,
		}},
		{"NameInvalid", "board", `name = "my car"`, []string{
			`gateway.toml:7: board[0].name: found "my car", expected a name of A-Z a-z 0-9 _ -, for example "car"`,
		}},
		{"PrefixInvalid", "board", `prefix = "2_"`, []string{
			`gateway.toml:7: board[0].prefix: found "2_", expected letters, digits and _, a letter first, for example "left_"`,
		}},
		{"PrefixTooLong", "board", `prefix = "a23456789012345678901234567890123456789012345678_"`, []string{
			`gateway.toml:7: board[0].prefix: found "a23456789012345678901234567890123456789012345678_temp" for the property temp, expected an identifier: 1 to 50 of A-Z a-z 0-9 _, a letter first`,
		}},
		{"IdentifierTwice", "board", `name = "left"
[[board]]
name = "right"
port = "/dev/ttyUSB1"`, []string{
			`gateway.toml:8: board[1]: found current, humidity, running and 4 more from both "left" and "right", expected each identifier from one board; give one of them a prefix, for example prefix = "right_", or rename the property`,
		}},
		{"RenameUnknown", "board", `rename = { sped = "v" }`, []string{
			`gateway.toml:7: board[0].rename.sped: found "sped", expected a property of the frame; did you mean speed?`,
		}},
		{"RenameInvalid", "board", `rename = { speed = "m/s" }`, []string{
			`gateway.toml:7: board[0].rename.speed: found "m/s" for the property speed, expected an identifier: 1 to 50 of A-Z a-z 0-9 _, a letter first`,
		}},
		{"RenameOntoOther", "board", `rename = { speed = "temp" }`, []string{
			`gateway.toml:7: board[0].rename.speed: found "temp" for the properties temp and speed, expected an identifier for each`,
		}},
		{"FrameUnknown", "board", `frame = "dmeo"`, []string{
			`gateway.toml:7: board[0].frame: found "dmeo", expected a [frame.NAME] of this file or a preset; did you mean "demo"?`,
		}},
		{"FramePresetUnknown", "board", `frame = "car"
[frame.car]
preset = "demoo"`, []string{
			`gateway.toml:9: frame.car.preset: found "demoo", expected a preset that serialgw ships; did you mean "demo"?`,
		}},
		{"FrameCheckUnknown", "board", `frame = "car"
[frame.car]
sync = "AA 55"
length = { at = 3, add = 5 }
max = 64
check = { kind = "sum9", over = "0:-1" }
fields = [ { name = "a", type = "B", range = [0, 1] } ]`, []string{
			`gateway.toml:12: frame.car.check[0].kind: found "sum9", expected a kind of check; did you mean sum8?`,
		}},
		{"FrameStuffUnknown", "board", `frame = "car"
[frame.car]
stuff = "hdcl"
check = { kind = "sum8" }
fields = [ { name = "a", type = "B" } ]`, []string{
			`gateway.toml:9: frame.car.stuff: found "hdcl", expected "hdlc", "slip", "cobs", "xbee", "dxl2" or a table { esc, map }; did you mean hdlc?`,
		}},
		{"FrameStuffNumber", "board", `frame = "car"
[frame.car]
stuff = 3
sync = "AA"
check = { kind = "sum8" }
fields = [ { name = "a", type = "B" } ]`, []string{
			`gateway.toml:9: frame.car.stuff: found 3, expected a kind or a table, for example "hdlc" or { esc = 0xFD, map = { 0x0D = 0xFD } }`,
		}},
		{"FrameStuffTable", "board", `frame = "car"
[frame.car]
sync = "FF"
size = 4
stuff = { esc = 0xFD, mpa = { 0x0D = 0xFD } }
check = { kind = "sum8" }
fields = [ { name = "a", type = "B" } ]`, []string{
			`gateway.toml:11: frame.car.stuff.mpa: unknown key; did you mean map?`,
		}},
		{"FrameResync", "board", `frame = "car"
[frame.car]
sync = "AA"
resync = "jump"
check = { kind = "sum8" }
fields = [ { name = "a", type = "B" } ]`, []string{
			`gateway.toml:10: frame.car.resync: found "jump", expected "rescan" or "skip"`,
		}},
		{"FrameFieldType", "board", `frame = "car"
[frame.car]
sync = "AA 55"
size = 4
fields = [
  { name = "a", type = "B", range = [0, 1] },
  { name = "b", type = "<z", range = [0, 1] },
]`, []string{
			`gateway.toml:13: frame.car.fields[1].type: found "<z", expected a type such as "<h", ">H", "B", "<f", "<u24", "?" or "4s"`,
		}},
		{"FrameScaleInfinite", "end", `[frame.car]
sync = "AA 55"
fields = [ { name = "a", type = "B", scale = inf } ]`, []string{
			`gateway.toml:9: frame.car.fields[0].scale: found +Inf, expected a number or a text`,
		}},
		{"FrameIDText", "end", `[frame.car]
sync = "AA 55"
[[frame.car.message]]
id = ["x"]`, []string{
			`gateway.toml:10: frame.car.message[0].id[0]: found "x", expected an integer, for example 3`,
		}},
		{"FrameMapNumber", "end", `[frame.car]
sync = "AA 55"
fields = [ { name = "a", type = "B", map = { 0 = 1 } } ]`, []string{
			`gateway.toml:9: frame.car.fields[0].map.0: found 1, expected a text in double quotes; write it in double quotes: "1"`,
		}},
		{"FrameCheckOnItsOwnLines", "board", `frame = "car"
[frame.car]
sync = "AA 55"
size = 5
fields = [ { name = "a", type = "B", range = [0, 1] } ]
[frame.car.check]
over = "0:-2"
endian = "little"
kind = "crc-16/modbsu"`, []string{
			`gateway.toml:15: frame.car.check[0].kind: found "crc-16/modbsu", expected a kind of check; did you mean crc-16/modbus?`,
		}},
		{"FrameNativeAlignment", "board", `frame = "car"
[frame.car]
sync = "AA 55"
size = 5
check = { kind = "sum8" }
struct = "@xxbb"
names = ["a", "b"]`, []string{
			`gateway.toml:12: frame.car.struct: found "@xxbb", expected the byte order "<" or ">"; native alignment and order depend on the board; write "<" and add x pad bytes`,
		}},
		{"FrameBadProperty", "board", `frame = "car"
[frame.car]
sync = "AA 55"
size = 4
check = { kind = "sum8" }
fields = [ { name = "2a", type = "B" } ]`, []string{
			`gateway.toml:12: frame.car.fields[0].name: found "2a", expected a letter, then at most 49 letters, digits and _; OneNET takes no other identifiers`,
		}},
	}
}
