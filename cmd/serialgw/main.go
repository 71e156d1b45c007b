// Command serialgw carries a microcontroller board's binary serial frames to
// China Mobile's OneNET cloud.
//
//	board ─▶ uart ─▶ frame ─▶ reading ─▶ queue ─▶ cloud ─▶ OneNET
//
// One file a verb; wire.go is the only place where all rooms meet.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// A reader of the log or of the output that goes away is an error of that
	// write, not the end of the gateway.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not stop by itself
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
