package main

import (
	"encoding/binary"
	"math"
	"slices"
)

// What the boards of testdata/captures say, put together byte by byte from the
// descriptions of the formats: what the program decodes is held against these,
// not against its own encoder.

// le appends numbers in little-endian order, each in the size of its type.
func le(b []byte, numbers ...any) []byte {
	for _, n := range numbers {
		var err error
		if b, err = binary.Append(b, binary.LittleEndian, n); err != nil {
			panic(err) // a test's own number has no fixed size
		}
	}
	return b
}

// sum8 is the low byte of the sum.
func sum8(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

// crc16 appends CRC-16/MODBUS, low byte first.
func crc16(b []byte) []byte {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			if odd := crc&1 == 1; odd {
				crc = crc>>1 ^ 0xA001
			} else {
				crc >>= 1
			}
		}
	}
	return le(b, crc)
}

// demoSays is a frame of the shipped demo board, the n-th since it was switched
// on: temperatures rise, the motor runs up.
//
//	AA 55 13 01 | seq u32 | temp hum volt curr speed | state run | crc
func demoSays(n int) []byte {
	b := le([]byte{0xAA, 0x55, 0x13, 0x01}, uint32(n))
	b = le(b, int16(2500+n), uint16(485), uint16(11842), int16(-125+10*n), int16(1000*n))
	return crc16(append(b, 1, 1))
}

// anoSays is a frame of the 匿名 protocol V7 from the address FF.
//
//	AA FF | id | length | data | sum | sum of sums
func anoSays(id byte, data ...byte) []byte {
	b := slices.Concat([]byte{0xAA, 0xFF, id, byte(len(data))}, data)
	var sum, sums byte
	for _, c := range b {
		sum += c
		sums += sum
	}
	return append(b, sum, sums)
}

// anoEuler is the attitude, in hundredths of a degree.
func anoEuler(roll, pitch, yaw int16) []byte {
	return anoSays(0x03, append(le(nil, roll, pitch, yaw), 1)...)
}

// witSays is one packet of a WIT sensor: four numbers.
//
//	55 | type | 4 x i16 | sum
func witSays(kind byte, values ...int16) []byte {
	b := []byte{0x55, kind}
	for _, v := range values {
		b = le(b, v)
	}
	return append(b, sum8(b))
}

// witSecond is what a WIT sensor says each time, one packet behind the other.
func witSecond(roll, yaw int16) []byte {
	return slices.Concat(
		witSays(0x51, 12, 659, 2157, 1975),
		witSays(0x52, 3, -2, 1, 1975),
		witSays(0x53, roll, -1922, yaw, 18050),
		witSays(0x54, 120, -33, 410, 1975),
	)
}

// floats is a VOFA+ JustFloat frame.
//
//	float ... | 00 00 80 7F
func floats(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = le(b, math.Float32bits(v))
	}
	return append(b, 0x00, 0x00, 0x80, 0x7F)
}

// camSays is the line that OpenMV and K210 programs print:
//
//	ustruct.pack("<bbhhhhb", 0x2C, 0x12, cx, cy, w, h, 0x5B)
func camSays(cx, cy, w, h int16) []byte {
	return append(le([]byte{0x2C, 0x12}, cx, cy, w, h), 0x5B)
}

// carSays is a frame of the board in the README.
//
//	AA 55 | id | length of data | speed i16, battery u8, state u8 | crc
func carSays(speed int16, battery, state byte) []byte {
	return crc16(append(le([]byte{0xAA, 0x55, 0x01, 4}, speed), battery, state))
}

// modbus is a frame of the bus: address, function, data, CRC.
func modbus(b ...byte) []byte { return crc16(b) }
