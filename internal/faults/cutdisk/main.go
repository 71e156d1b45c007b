package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == childVerb {
		if err := beChild(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("cutdisk", flag.ContinueOnError)
	flags.StringVar(&s.dir, "dir", "", "empty directory to mount the disk at")
	flags.StringVar(&s.tmp, "tmp", os.TempDir(), "directory for its own files")
	flags.Int64Var(&s.mib, "size", 64, "size in MiB, from 8")
	flags.IntVar(&s.block, "block", 0, "block size of ext4 in bytes; 0 as mkfs chooses")
	flags.BoolVar(&s.lies, "no-flush", false, "flushes save nothing: the control")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.dir == "" || s.mib < 8 || flags.NArg() > 0 {
		flags.Usage()
		return fmt.Errorf("cutdisk needs -dir, and a -size of at least 8")
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGPIPE) // nobody listens any more: stdin ends too
	m, err := start(s)
	if err != nil {
		return report(out, "start", nil, err)
	}
	if err := report(out, "start", started{m.dir, m.device, s.mib << 20}, nil); err != nil {
		return m.quit()
	}
	return m.obey(lines(in), stop, out)
}

// started is the body of the first answer.
type started struct {
	Dir    string `json:"dir"`
	Device string `json:"device"`
	Size   int64  `json:"size"` // bytes
}

// lines gives the lines of in; the channel is closed at its end. Its goroutine
// ends with in, or with the process.
func lines(in io.Reader) <-chan string {
	c := make(chan string)
	go func() {
		defer close(c)
		for s := bufio.NewScanner(in); s.Scan(); {
			c <- s.Text()
		}
	}()
	return c
}

// report writes one answer and returns err.
func report(out io.Writer, command string, body any, err error) error {
	head := struct {
		OK      bool   `json:"ok"`
		Command string `json:"command"`
		Error   string `json:"error,omitempty"`
	}{OK: err == nil, Command: command}
	if err != nil {
		head.Error = err.Error()
	}
	text, failed := json.Marshal(head)
	if failed != nil {
		return failed
	}
	if body != nil {
		fields, failed := json.Marshal(body)
		if failed != nil {
			return failed
		}
		text = append(append(text[:len(text)-1], ','), fields[1:]...) // one object
	}
	if _, failed := out.Write(append(text, '\n')); failed != nil && err == nil {
		return failed
	}
	return err
}
