package capture

import (
	"bytes"
	"testing"
)

func TestParseHex(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []byte // nil = refused
	}{
		{"", []byte{}},
		{" ,\n", []byte{}},
		{"12:00:01 AA 55", nil}, // a clock
		{"AA 0a:0b", []byte{0xAA, 0x0A, 0x0B}},
		{"aa: 55", nil},
		{"AA 55 01 0x1F, 02ff", []byte{0xAA, 0x55, 1, 0x1F, 2, 0xFF}},
		{"aa:55:01\n0X1f:02\r\n", []byte{0xAA, 0x55, 1, 0x1F, 2}},
		{"0xaa55", []byte{0xAA, 0x55}},
		{"0x", nil},
		{"0xA 0x5", nil}, // not A5
		{"A A", nil},
		{"AA5", nil},
		{"zz", nil},
		{"0x0x11", nil},
	} {
		got, err := ParseHex(tt.text)
		if (err != nil) != (tt.want == nil) || !bytes.Equal(got, tt.want) {
			t.Errorf("%q: % X, %v; want % X", tt.text, got, err, tt.want)
		}
	}
}
