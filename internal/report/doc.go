// Package report decides which of a board's values are stored: the newest of a
// period, changes only, means of a window, and so on. It stands between decoding
// and the queue.
//
//	Reading ──▶ Pass ──┬──▶ what goes out at once
//	                   └──▶ held ──(Due)──▶ Flush ──▶ what goes out later
//
// Nothing here reads a clock: stamps come with the readings, and Flush is told
// the time. docs/report.md says what each rule means.
package report
