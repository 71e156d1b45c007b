package uart

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// String returns the identity as Config.Port takes it:
//
//	usb:1a86:7523   usb:0403:6001:A5XK3RJT
func (u USB) String() string {
	text := "usb:" + u.Vendor + ":" + u.Product
	if u.Serial != "" {
		text += ":" + u.Serial
	}
	return text
}

// BestName returns the value of Config.Port that stays true the longest: the
// USB identity where no other port of list has it, else the by-path name, which
// is the socket that the board is plugged into, else the node.
func BestName(info Info, list []Info) string {
	if info.USB != nil && len(twins(info, list)) == 0 && isPlain(info.USB.Serial) {
		return info.USB.String()
	}
	if link := byPath(info); link != "" {
		return link
	}
	return info.Path
}

// isPlain reports whether a person can copy s between two quotes. Some chips
// have a serial number of random bytes.
func isPlain(s string) bool { return strconv.Quote(s) == `"`+s+`"` }

func byPath(info Info) string {
	i := slices.IndexFunc(info.Links, func(link string) bool { return filepath.Base(filepath.Dir(link)) == "by-path" })
	if i < 0 {
		return ""
	}
	return info.Links[i]
}

// twins lists the other ports that info's USB identity means as well.
func twins(info Info, list []Info) (names []string) {
	for _, other := range list {
		if info.USB != nil && other.USB != nil && other.Path != info.Path && other.USB.matches(*info.USB) {
			names = append(names, other.Path)
		}
	}
	return names
}

// Attention says what a person should know before a board gets the port of
// info, one of list, which holders have open: what will disturb it, and how to
// end that.
func Attention(info Info, list []Info, holders []Holder, procRoot string) (notes []string) {
	if word := console(info, procRoot); word != "" {
		notes = append(notes, fmt.Sprintf(
			"the kernel writes to it: take %s out of its command line (Pi: /boot/firmware/cmdline.txt) and restart", word))
	}
	for _, h := range holders {
		if strings.HasSuffix(h.Name, "getty") || h.Name == "login" {
			notes = append(notes, fmt.Sprintf("%v is a login prompt on it: sudo systemctl mask --now serial-getty@%s", h, info.Name))
		}
	}
	if others := twins(info, list); len(others) > 0 {
		note := fmt.Sprintf("%v means %s, too", info.USB, strings.Join(others, " and "))
		if byPath(info) != "" {
			note += "; the by-path name tells them apart"
		}
		notes = append(notes, note)
	}
	return notes
}

// console returns the word of the kernel's command line that makes the port a
// console, empty when none does: console=ttyS0,115200
func console(info Info, procRoot string) string {
	for word := range strings.FieldsSeq(attr(procRoot, "cmdline")) {
		value, ok := strings.CutPrefix(word, "console=")
		name, _, _ := strings.Cut(value, ",")
		isName := func(link string) bool { return filepath.Base(link) == name }
		if ok && (name == info.Name || slices.ContainsFunc(info.Links, isName)) {
			return word
		}
	}
	return ""
}
