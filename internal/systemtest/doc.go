// Package systemtest tests the built program, bin/serialgw, as a process: from
// outside, with what a person has.
//
//	board (pty) ──▶ bin/serialgw ──▶ TCP ──▶ onenetsim, or mosquitto and a responder
//	   ▲ symlink      │  ▲ signals   ▲ proxy        │
//	   └ unplugged    │  └ SIGHUP,   └ cuts         ▼
//	                  │    SIGKILL           tally: each sequence number, how often
//	                  └──▶ ledger (fd 3): what was promised, outside the victim
//
// Each frame of the simulated board carries the next sequence number, so that
// what arrives can be counted: missing, doubled, never sent.
//
// The tests need the build tag "system", bin/serialgw, and for some of them
// mosquitto and its clients; `make system` builds and runs. Every port is on
// 127.0.0.1 and chosen by the kernel; every process is one of our own.
package systemtest
