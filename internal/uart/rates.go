package uart

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Present returns the rate to which the port at path is set now, bits/s; 0 when
// its driver does not say. DTR is left up, so that opening the port afterwards
// makes no edge.
func Present(path string) (int, error) {
	path, err := Resolve(path)
	if err != nil {
		return 0, explain(path, err)
	}
	file, raw, err := openAux(path)
	if err != nil {
		return 0, explain(path, err)
	}
	defer func() { _ = file.Close() }() // nothing was written to it
	var termios *unix.Termios
	err = control(raw, func(fd int) (err error) {
		termios, err = unix.IoctlGetTermios(fd, unix.TCGETS2)
		return err
	})
	switch {
	case unsupported(err):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("cannot ask %s for its baud rate: %w", path, err)
	}
	return int(termios.Ospeed), nil
}

// SetBaud changes the rate of the open port, bits/s, and throws away what came
// in at the old one. DTR and RTS stay as they are. The error says when the driver
// has no such rate.
func (p *Port) SetBaud(cfg Config) error {
	if err := p.lib.SetMode(mode(cfg)); err != nil {
		return fmt.Errorf("cannot set %s to %d baud: %w", p.path, cfg.Baud, err)
	}
	baud, err := checkBaud(p.raw, cfg.Baud)
	if err != nil {
		return err
	}
	p.baud = baud
	if err := p.lib.ResetInputBuffer(); err != nil {
		return fmt.Errorf("cannot discard old input: %w", err)
	}
	return nil
}

// HasRate reports whether bytes have a speed on the port: a pty passes them on
// as they are, whatever its setting.
func (p *Port) HasRate() bool {
	var st unix.Stat_t
	return unix.Stat(p.path, &st) != nil || !isPTY(&st)
}

func isPTY(st *unix.Stat_t) bool {
	const first, last = 136, 143
	major := unix.Major(st.Rdev)
	return st.Mode&unix.S_IFMT == unix.S_IFCHR && major >= first && major <= last
}
