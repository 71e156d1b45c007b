// Package uart keeps a serial port open for ever and hands out its bytes with
// the moment they came in. It does not understand them.
//
//	usb:1a86:7523 ─▶ Resolve ─▶ /dev/ttyUSB0 ─▶ Open ─▶ Port ─▶ Line.Next ─▶ Chunk
//	      ▲            (sysfs, links)                      │
//	      └──── close at once, wait, resolve anew ◀── unplugged, silent
//
// A Port is one tty opened twice. go.bug.st/serial configures it. Our own
// descriptor, opened first, carries what the library lacks: the lock, the true
// baud rate, error counters, reads and writes with deadlines, and a Close that
// nothing can slip past.
package uart
