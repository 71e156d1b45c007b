package capture

import "testing"

func TestPort_Names(t *testing.T) {
	p := Port{Name: "/dev/ttyUSB0", Description: "9600 8N1", Hardware: "/dev/serial/by-id/usb-1a86 ch341-uart usb:1a86:7523"}
	for name, want := range map[string]bool{
		"/dev/ttyUSB0": true, "/dev/serial/by-id/usb-1a86": true, "usb:1a86:7523": true,
		"/dev/ttyUSB1": false, "usb:1a86": false, "": false,
	} {
		if p.Is(name) != want {
			t.Errorf("is %q: %v, want %v", name, !want, want)
		}
	}
	for description, want := range map[string]int{"9600 8N1": 9600, "921600": 921600, "": 0, "8N1": 0} {
		if got := (Port{Description: description}).Baud(); got != want {
			t.Errorf("%q: %d bits/s, want %d", description, got, want)
		}
	}
}
