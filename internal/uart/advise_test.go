package uart

import (
	"fmt"
	"slices"
	"testing"
)

func (tr tree) find(name string) (Info, []Info) {
	tr.t.Helper()
	list := List(tr.path("sys"), tr.path("dev"))
	i := slices.IndexFunc(list, func(info Info) bool { return info.Name == name })
	if i < 0 {
		tr.t.Fatalf("%s is not listed", name)
	}
	return list[i], list
}

// bestNames adds to the tree what makes a name a bad one.
func bestNames(t *testing.T) tree {
	tr := newTree(t)
	// A serial number of random bytes, as some chips have; two ports of one
	// device; one without udev's links; and the sibling of a nameless one.
	tr.usb("1-1.5", "067b", "2303", "\x01\"")
	tr.serialPort("1-1.5", "ttyUSB3")
	tr.usb("1-1.6", "0403", "6010", "FT7")
	tr.serialPort("1-1.6", "ttyUSB4")
	tr.port("sys/devices/usb1/1-1.6/1-1.6:1.1/ttyUSB5", "tty/ttyUSB5", "ttyUSB5")
	tr.file("sys/devices/usb1/1-1.6/1-1.6:1.1/bInterfaceNumber", "01")
	tr.link("../../ttyUSB4", "dev/serial/by-path/usb-0:1.6:1.0-port0")
	tr.link("../../ttyUSB4", "dev/serial/by-id/usb-FTDI_FT7-if00-port0")
	tr.usb("1-1.7", "1a86", "7523", "S7")
	tr.serialPort("1-1.7", "ttyUSB6")
	return tr
}

func TestBestName(t *testing.T) {
	tr := bestNames(t)
	for _, row := range []struct{ name, want string }{
		{"ttyUSB0", "usb:0403:6001:A5XK3RJT"},
		{"ttyUSB1", tr.path("dev/serial/by-path/usb-0:1.2:1.0-port0")},
		{"ttyUSB2", tr.path("dev/serial/by-path/usb-0:1.3:1.0-port0")},
		{"ttyUSB3", tr.path("dev/ttyUSB3")},
		{"ttyUSB4", tr.path("dev/serial/by-path/usb-0:1.6:1.0-port0")},
		{"ttyUSB5", tr.path("dev/ttyUSB5")},
		{"ttyUSB6", "usb:1a86:7523:S7"},
		{"ttyACM0", "usb:2e8a:0005:e660:58"},
		{"ttyAMA0", tr.path("dev/ttyAMA0")},
	} {
		info, list := tr.find(row.name)
		got := BestName(info, list)
		if got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
		if path, err := tr.resolve(got); err != nil || path != info.Path {
			t.Errorf("%s: %s leads to %s, %v", row.name, got, path, err)
		}
	}
}

// TestUSB_StringIsWhatThePortKeyTakes reads back every identity of the tree.
func TestUSB_StringIsWhatThePortKeyTakes(t *testing.T) {
	tr := bestNames(t)
	_, list := tr.find("ttyUSB0")
	for _, info := range list {
		if info.USB == nil {
			continue
		}
		if a, err := parsePort(info.USB.String()); err != nil || !info.USB.matches(a.want) {
			t.Errorf("%s: %v gives %+v, %v", info.Name, info.USB, a.want, err)
		}
	}
}

func TestAttention(t *testing.T) {
	const (
		takeOut = "the kernel writes to it: take console=%s out of its command line (Pi: /boot/firmware/cmdline.txt) and restart"
		mask    = " is a login prompt on it: sudo systemctl mask --now serial-getty@ttyAMA0"
	)
	tr := bestNames(t)
	usb := func(name string) string { return tr.path("dev/" + name) }
	for _, row := range []struct {
		name, port, cmdline string
		holders             []Holder
		want                []string
	}{
		{"Nothing", "ttyAMA0", "console=tty1 root=/dev/mmcblk0p2", []Holder{{812, "minicom"}}, nil},
		{"Console", "ttyAMA0", "console=ttyAMA0,115200 console=tty1", nil, []string{fmt.Sprintf(takeOut, "ttyAMA0,115200")}},
		{"ConsoleByItsOtherName", "ttyAMA0", "quiet console=serial0", nil, []string{fmt.Sprintf(takeOut, "serial0")}},
		{"ConsoleOfANeighbour", "ttyAMA0", "console=ttyAMA01 console=ttyAMA earlycon=ttyAMA0", nil, nil},
		{"LoginPrompt", "ttyAMA0", "", []Holder{{640, "agetty"}, {812, "cat"}}, []string{"process 640 (agetty)" + mask}},
		{"LoginBegun", "ttyAMA0", "", []Holder{{640, "login"}}, []string{"process 640 (login)" + mask}},
		{"Twins", "ttyUSB1", "", nil, []string{"usb:1a86:7523 means " + usb("ttyUSB2") + " and " + usb("ttyUSB6") + ", too; the by-path name tells them apart"}},
		{"TwinWithoutLink", "ttyUSB5", "", nil, []string{"usb:0403:6010:FT7 means " + usb("ttyUSB4") + ", too"}},
		{"SerialNumberIsUnique", "ttyUSB6", "", nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			tr.file("proc/cmdline", row.cmdline)
			info, list := tr.find(row.port)
			if got := Attention(info, list, row.holders, tr.path("proc")); !slices.Equal(got, row.want) {
				t.Errorf("got  %q\nwant %q", got, row.want)
			}
		})
	}
}
