// Queuerivals runs our queue and three well-known stores through the same work
// on the same file system, and prints what that costs the disk.
//
//	image file ─ loop device, direct I/O ─ ext4 ─┬─ a process a case: serialgw, bbolt, raft-wal, sqlite
//	                │                            └─ rate, syncs, memory
//	                └─ /sys/block/loopN/stat: bytes and flushes, journal included
//
// It makes the disk in a temporary directory and takes it away again, for which
// it must be root. It is a module of its own: nothing of it is in serialgw.
package main
