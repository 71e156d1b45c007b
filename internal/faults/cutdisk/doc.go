// Command cutdisk gives a test a real ext4 whose power can be cut, filled,
// slowed and made to fail. It is for tests only and needs root, /dev/fuse and a
// loop device; where one is missing it says which, and fails.
//
//	program under test
//	      │ write, fsync
//	   DIR: ext4, noatime ── page cache, journal           lost by a cut
//	      │ block writes, flushes
//	   /dev/loopN, direct I/O ── keeps nothing back
//	      │
//	   FUSE file disk-LIFE ── served by cutdisk: every write goes to the log
//	      │
//	   pending ── written and not flushed                  a part of it lost
//	      │ flush
//	   stable ── survives a cut
//
// The process that serves the file never touches DIR: mounting, filling and
// checking are done by children of it with time limits. One more child, the
// janitor, waits for the process to end, however it ends, and takes mount, loop
// device and directory away. The loop device frees itself when it is unmounted.
//
// # Use
//
//	cutdisk -dir DIR [-size MiB] [-block BYTES] [-no-flush] [-tmp DIR]
//
// DIR must exist and be empty; it must be on no path that a program writes to
// while the disk is off. -size is 64 MiB if not given. -block is the block size
// of ext4; if not given it is mkfs's own, 1024 on a disk below 512 MiB and 4096
// above. Cards have 4096.
//
// -no-flush is the control: the disk answers flushes and keeps no promise.
// A campaign that loses nothing on such a disk does not see loss and is void.
//
// # Protocol
//
// One line of JSON on stdout says that the disk is mounted, or what is missing:
//
//	{"ok":true,"command":"start","dir":"/t/disk","device":"/dev/loop0","size":67108864}
//	{"ok":false,"command":"start","error":"cutdisk needs ..."}
//
// Then each line on stdin is a command, and each gets one line, in order. All of
// them have "ok", "command" and "error" (only where ok is false). An error of a
// command leaves the program running, except after "start".
//
//	freeze         The power goes now: from here each block write, read and flush
//	               fails, so no fsync that has work to do returns nil any more.
//	               Answers at once.
//	               Kill the programs on DIR between freeze and cut: one that
//	               opens files after the cut would write to the next life.
//	freeze after N The same with the N-th block write from now, or after 5 s.
//	               Answers when the power is gone. Flushes come so soon after
//	               the writes that a random moment rarely finds one unflushed:
//	               this finds one always.
//	cut SEED       A power cut and the boot after it: freeze, if that was not
//	               done; unmount; the image becomes what was flushed and, chosen
//	               by the seed, nothing / everything / random 4 KiB blocks /
//	               random 512-byte sectors of what was not; mount it at DIR again.
//	               The same seed and log give the same image. On a disk of
//	               -no-flush it is a prefix of the log: the file system stays
//	               whole, only old. Has the fields of Cut. "held" true: a
//	               process still has the old disk open; it sees only EIO.
//	               Copies of the mount in other mount namespaces are unmounted.
//	fill LEFT      Fill the disk with a file of zeros, DIR/cutdisk.filler, until
//	               about LEFT bytes can be taken, also by root; 0 fills it to the
//	               last block. "free" says what is left. The file is synced: the
//	               disk is still full after a cut.
//	free           Remove that file.
//	eio KIND N     The next N operations fail with EIO. KIND is write, read or
//	               sync (a flush). Blocks that failed are not written; what a
//	               failed flush was to save stays unflushed.
//	eio KIND for D The same for a duration, such as 100ms.
//	eio off        No more of it.
//	slow MS        Each flush takes so long, at most 2000; slow 0 ends it.
//	stat           The counts of Stat and the state of ext4.
//	remount        A boot without a power cut: unmount, e2fsck -p, mount. It is
//	               what brings ext4 back after write errors. End the programs on
//	               DIR first.
//	quit           Unmount, free the device, remove what was made, end. The end
//	               of stdin and SIGTERM do the same, without an answer.
//
// After write errors ext4 may give up its journal and refuse writes until a
// remount: "read_only" says so in the answers to eio, stat, fill and free, and
// "ext4_errors" is its own count. ext4 says so only after the first operation that
// it refuses, so ask by stat after a write of the program has failed, too.
//
// # Tests
//
//	go test -timeout 250s .                                  as root
//	go test -timeout 20m -run TestQueue -v . -cuts 300       more power cuts under the queue
//	go test -timeout 20m -run TestQueue -v . -cuts 300 -block 4096
package main
