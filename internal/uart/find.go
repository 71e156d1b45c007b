package uart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Where Linux keeps its device model and its device nodes.
const (
	SysRoot = "/sys"
	DevRoot = "/dev"
)

// Info is one serial port as the kernel describes it.
type Info struct {
	Name   string   // "ttyUSB0"
	Path   string   // "/dev/ttyUSB0"
	Driver string   // "ftdi_sio", "cdc_acm"; empty when unknown
	Links  []string // other paths to it: by-path first, then by-id, then serial0
	USB    *USB     // nil: not on USB
}

// USB is the identity of the USB device behind a port.
type USB struct {
	Vendor, Product string // four hex digits, lower case
	Serial          string // often empty, and not always unique
	Maker, Model    string // the device's own words
	Interface       string // two hex digits; tells the ports of one device apart
}

// address is a parsed Config.Port: a path, or an identity to look for.
type address struct {
	path string
	want USB
}

func parsePort(port string) (address, error) {
	if !strings.HasPrefix(port, "usb:") {
		if !filepath.IsAbs(port) {
			return address{}, fmt.Errorf("%q is neither a path that begins with / nor usb:VVVV:PPPP[:SERIAL]", port)
		}
		return address{path: port}, nil
	}
	parts := strings.SplitN(port, ":", 4) // a serial number may hold colons
	if len(parts) < 3 || !isID(parts[1]) || !isID(parts[2]) || len(parts) == 4 && parts[3] == "" {
		return address{}, fmt.Errorf("%q is not usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL (VVVV and PPPP: four hex digits)", port)
	}
	a := address{want: USB{Vendor: strings.ToLower(parts[1]), Product: strings.ToLower(parts[2])}}
	if len(parts) == 4 {
		a.want.Serial = parts[3]
	}
	return a, nil
}

func isID(s string) bool {
	_, err := strconv.ParseUint(s, 16, 16)
	return err == nil && len(s) == 4
}

func (u USB) matches(want USB) bool {
	return u.Vendor == want.Vendor && u.Product == want.Product && (want.Serial == "" || u.Serial == want.Serial)
}

// Resolve returns the device node that port (Config.Port) names now. Links are
// followed, so that what is opened twice is the same node twice. An error
// matches fs.ErrNotExist when the device is simply not there.
func Resolve(port string) (string, error) { return resolve(port, SysRoot, DevRoot) }

func resolve(port, sysRoot, devRoot string) (string, error) {
	addr, err := parsePort(port)
	if err != nil {
		return "", err
	}
	if addr.path != "" {
		return filepath.EvalSymlinks(addr.path)
	}
	var found []Info
	for _, info := range List(sysRoot, devRoot) {
		if info.USB != nil && info.USB.matches(addr.want) {
			found = append(found, info)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no port of USB device %s is plugged in: %w", port, fs.ErrNotExist)
	case 1:
		return found[0].Path, nil
	}
	return "", ambiguous(port, found)
}

// errAmbiguous marks an identity that several ports share. Waiting cannot
// cure it, a more exact name can.
var errAmbiguous = errors.New("more than one port matches")

func ambiguous(port string, found []Info) error {
	names := make([]string, len(found))
	for i, info := range found {
		names[i] = info.Path
		if len(info.Links) > 0 {
			names[i] += " (" + info.Links[0] + ")"
		}
	}
	return fmt.Errorf("%w %s: %s; set port to the /dev/serial/by-path/ name of the right one",
		errAmbiguous, port, strings.Join(names, " and "))
}

// List returns the serial ports that have hardware behind them, by name. It
// reads sysRoot and devRoot (SysRoot and DevRoot, but in tests) and opens no
// port: opening one moves its DTR line, and programming one that is in use
// ruins it. What cannot be read is left out.
func List(sysRoot, devRoot string) []Info {
	class := filepath.Join(sysRoot, "class", "tty")
	entries, _ := os.ReadDir(class) // sorted by name; none without sysfs
	links := linksByNode(devRoot)
	var list []Info
	for _, e := range entries {
		dir := filepath.Join(class, e.Name())
		device, err := filepath.EvalSymlinks(filepath.Join(dir, "device"))
		if err != nil {
			continue // a console or pty: no device
		}
		if attr(dir, "type") == "0" {
			continue // 8250 keeps nodes for UARTs that are not there (PORT_UNKNOWN)
		}
		path := filepath.Join(devRoot, e.Name())
		list = append(list, Info{
			Name: e.Name(), Path: path, Driver: driver(device),
			Links: links[path], USB: usbOf(device, sysRoot),
		})
	}
	return list
}

// linksByNode maps a node's path to the links that udev made for it.
func linksByNode(devRoot string) map[string][]string {
	links := map[string][]string{}
	for _, pattern := range []string{"serial/by-path/*", "serial/by-id/*", "serial[0-9]"} {
		paths, _ := filepath.Glob(filepath.Join(devRoot, pattern)) // the patterns are well formed
		for _, link := range paths {
			target, err := os.Readlink(link)
			if err != nil {
				continue
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(link), target)
			}
			links[target] = append(links[target], link)
		}
	}
	return links
}

// usbOf climbs from a tty's device directory to the USB device above it. A
// usb-serial port has two directories in between, a CDC port one.
func usbOf(device, sysRoot string) *USB {
	root, err := filepath.EvalSymlinks(sysRoot)
	if err != nil {
		return nil
	}
	var u USB
	for dir := device; strings.HasPrefix(dir, root+"/"); dir = filepath.Dir(dir) {
		if u.Interface == "" {
			u.Interface = attr(dir, "bInterfaceNumber")
		}
		if u.Vendor = strings.ToLower(attr(dir, "idVendor")); u.Vendor != "" {
			u.Product = strings.ToLower(attr(dir, "idProduct"))
			u.Serial, u.Maker, u.Model = attr(dir, "serial"), attr(dir, "manufacturer"), attr(dir, "product")
			return &u
		}
	}
	return nil
}

func attr(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// driver names the driver of a tty's device. Between the two, newer kernels
// (6.5) put devices of their serial core, which all have the driver "port".
func driver(device string) string {
	for linkName(device, "subsystem") == "serial-base" {
		device = filepath.Dir(device)
	}
	return linkName(device, "driver")
}

func linkName(dir, name string) string {
	target, err := os.Readlink(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// Find returns what the kernel knows about the port at path, or ok = false.
func Find(path, sysRoot, devRoot string) (info Info, ok bool) {
	list := List(sysRoot, devRoot)
	i := slices.IndexFunc(list, func(p Info) bool { return p.Path == path || slices.Contains(p.Links, path) })
	if i < 0 {
		return Info{}, false
	}
	return list[i], true
}
