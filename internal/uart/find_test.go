package uart

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree is a machine made of files: sys/ and dev/ below a temporary directory.
type tree struct {
	t    *testing.T
	root string
}

func newTree(t *testing.T) tree {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tr := tree{t, root}
	// A Pi with one FTDI cable, two CH340 (which have no serial number), one
	// CDC board, its own PL011, an 8250 node without hardware and a console.
	tr.usb("1-1.1", "0403", "6001", "A5XK3RJT")
	tr.serialPort("1-1.1", "ttyUSB0")
	tr.usb("1-1.2", "1a86", "7523", "")
	tr.serialPort("1-1.2", "ttyUSB1")
	tr.usb("1-1.3", "1A86", "7523", "")
	tr.serialPort("1-1.3", "ttyUSB2")
	tr.usb("1-1.4", "2e8a", "0005", "e660:58")
	tr.port("sys/devices/usb1/1-1.4/1-1.4:1.0", "tty/ttyACM0", "ttyACM0")
	tr.file("sys/devices/usb1/1-1.4/manufacturer", "Raspberry Pi")
	tr.file("sys/devices/usb1/1-1.4/product", "Pico")
	tr.serialCore("sys/devices/soc/fe201000.serial", "uart-pl011", "ttyAMA0")
	tr.port("sys/devices/platform/serial8250", "tty/ttyS0", "ttyS0")
	tr.file("sys/devices/platform/serial8250/tty/ttyS0/type", "0")
	tr.file("sys/class/tty/tty1/dev", "4:1")
	tr.link("../../ttyUSB1", "dev/serial/by-path/usb-0:1.2:1.0-port0")
	tr.link("../../ttyUSB2", "dev/serial/by-path/usb-0:1.3:1.0-port0")
	tr.link("../../ttyUSB0", "dev/serial/by-id/usb-FTDI_A5XK3RJT-if00-port0")
	tr.link("ttyAMA0", "dev/serial0")
	return tr
}

func (tr tree) path(name string) string { return filepath.Join(tr.root, name) }

func (tr tree) file(name, text string) {
	tr.t.Helper()
	if err := os.MkdirAll(filepath.Dir(tr.path(name)), 0o700); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(tr.path(name), []byte(text+"\n"), 0o600); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr tree) link(target, name string) {
	tr.t.Helper()
	if err := os.MkdirAll(filepath.Dir(tr.path(name)), 0o700); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.Symlink(target, tr.path(name)); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr tree) usb(bus, vendor, product, serial string) {
	dir := "sys/devices/usb1/" + bus
	tr.file(dir+"/idVendor", vendor)
	tr.file(dir+"/idProduct", product)
	if serial != "" {
		tr.file(dir+"/serial", serial)
	}
	tr.file(dir+"/"+bus+":1.0/bInterfaceNumber", "00")
}

func (tr tree) serialPort(bus, name string) {
	dir := "sys/devices/usb1/" + bus + "/" + bus + ":1.0/" + name
	tr.port(dir, "tty/"+name, name)
	tr.link(tr.path("sys/bus/usb-serial/drivers/ftdi_sio"), dir+"/driver")
}

// serialCore makes an on-board port as kernels from 6.5 on do: two devices of
// the serial core stand between the tty and the one with the driver.
func (tr tree) serialCore(device, driver, name string) {
	base := filepath.Base(device)
	ctrl := device + "/" + base + ":0"
	port := ctrl + "/" + base + ":0.0"
	tr.port(port, "tty/"+name, name)
	for dir, driver := range map[string]string{port: "serial-base/drivers/port", ctrl: "serial-base/drivers/ctrl", device: "amba/drivers/" + driver} {
		tr.link(tr.path("sys/bus/"+driver), dir+"/driver")
		tr.link(tr.path("sys/bus/"+filepath.Dir(filepath.Dir(driver))), dir+"/subsystem")
	}
}

// port makes a device directory, the tty below it, and the link in class/tty.
func (tr tree) port(device, below, name string) {
	tr.file(device+"/"+below+"/dev", "188:0")
	tr.link(tr.path(device), device+"/"+below+"/device")
	tr.link(tr.path(device+"/"+below), "sys/class/tty/"+name)
	tr.file("dev/"+name, "")
}

func (tr tree) resolve(port string) (string, error) {
	return resolve(port, tr.path("sys"), tr.path("dev"))
}

func TestResolve_USB(t *testing.T) {
	tr := newTree(t)
	for _, row := range []struct{ port, want string }{
		{"usb:0403:6001", "dev/ttyUSB0"},
		{"usb:0403:6001:A5XK3RJT", "dev/ttyUSB0"},
		{"usb:2E8A:0005", "dev/ttyACM0"},
		{"usb:2e8a:0005:e660:58", "dev/ttyACM0"},
	} {
		if got, err := tr.resolve(row.port); err != nil || got != tr.path(row.want) {
			t.Errorf("%s: %s, %v, want %s", row.port, got, err, row.want)
		}
	}
	for _, port := range []string{"usb:0403:6015", "usb:0403:6001:OTHER"} {
		if _, err := tr.resolve(port); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want not there", port, err)
		}
	}
}

func TestResolve_TwoMatchIsAnErrorThatNamesBoth(t *testing.T) {
	_, err := newTree(t).resolve("usb:1a86:7523")
	if !errors.Is(err, errAmbiguous) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"ttyUSB1", "ttyUSB2", "by-path/usb-0:1.2", "by-path/usb-0:1.3", "set port to"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not contain %q", err, want)
		}
	}
}

func TestResolve_LinkIsFollowedAnew(t *testing.T) {
	tr := newTree(t)
	port := tr.path("dev/serial/by-path/mine")
	for _, node := range []string{"ttyUSB1", "ttyUSB2"} {
		link(t, tr.path("dev/"+node), port)
		if got, err := tr.resolve(port); err != nil || got != tr.path("dev/"+node) {
			t.Errorf("resolved to %s, %v, want %s", got, err, node)
		}
	}
}

func TestParsePort_Malformed(t *testing.T) {
	for _, port := range []string{
		"", "ttyUSB0", "COM3", "usb:", "usb:1a86", "usb:1a86:75231", "usb:1a86:752", "usb:xxxx:7523",
		"usb:1a86:7523:", "usb:-1a8:7523", "USB:1a86:7523",
	} {
		if a, err := parsePort(port); err == nil {
			t.Errorf("%q gives %+v", port, a)
		}
	}
}

func TestList(t *testing.T) {
	tr := newTree(t)
	var names []string
	for _, info := range List(tr.path("sys"), tr.path("dev")) {
		names = append(names, info.Name)
	}
	if want := []string{"ttyACM0", "ttyAMA0", "ttyUSB0", "ttyUSB1", "ttyUSB2"}; !slices.Equal(names, want) {
		t.Errorf("listed %v, want %v", names, want)
	}
	info, ok := Find(tr.path("dev/ttyUSB0"), tr.path("sys"), tr.path("dev"))
	if !ok || info.Driver != "ftdi_sio" || info.USB == nil || info.USB.Serial != "A5XK3RJT" || info.USB.Interface != "00" {
		t.Errorf("ttyUSB0: %+v %+v", info, info.USB)
	}
	info, ok = Find(tr.path("dev/serial0"), tr.path("sys"), tr.path("dev"))
	if !ok || info.Name != "ttyAMA0" || info.USB != nil || info.Driver != "uart-pl011" {
		t.Errorf("serial0: %+v", info)
	}
	if list := List(t.TempDir(), t.TempDir()); list != nil {
		t.Errorf("nothing gives %v", list)
	}
}
