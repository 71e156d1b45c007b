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
// The campaign (torture_*, proxy_*) works off schedules of faults, each made from
// a seed, and accounts for every reading at the end; docs/reliability.md tells
// how, and what came of it. A sabotage is a fault put into the program, for which
// a named test must fail.
//
// The tests need the build tag "system", bin/serialgw, and for some of them
// mosquitto and its clients; `make system` builds and runs. The campaign also needs
// root, /dev/fuse and a loop device, and fails where they are missing. Every port
// is on 127.0.0.1, or in a network namespace of our own, and chosen by the kernel;
// every process is one of our own.
package systemtest
