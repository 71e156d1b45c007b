package queue

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
)

// change returns the case that rewrites one file.
func change(what, path string, edit func(b []byte) []byte) damage {
	return damage{what: fmt.Sprintf("%s of %s", what, filepath.Base(path)), do: func(d *faultFS) {
		if inode := d.names[path]; inode != nil { // the first of two may have taken it
			inode.data = edit(inode.data)
			inode.synced = slices.Clone(inode.data)
		}
	}}
}

func truncated(path string, at int64) damage {
	return change(fmt.Sprintf("cut at %d", at), path, func(b []byte) []byte { return b[:min(int64(len(b)), at)] })
}

func flipped(path string, at int64, bit int) damage {
	return change(fmt.Sprintf("bit %d of byte %d flipped", bit, at), path, func(b []byte) []byte {
		if at < int64(len(b)) {
			b[at] ^= 1 << bit
		}
		return b
	})
}

func zeroed(path string, from, n int64) damage {
	return change(fmt.Sprintf("%d bytes from %d zeroed", n, from), path, func(b []byte) []byte {
		from := min(from, int64(len(b)))
		clear(b[from:min(from+n, int64(len(b)))])
		return b
	})
}

// unreadable is a block that the disk does not give, and has lost: once it is
// given again, it is zeros.
func unreadable(path string, block int64) damage {
	c := zeroed(path, block*skipBlock, skipBlock)
	c.what, c.bad = fmt.Sprintf("block %d of %s unreadable", block, filepath.Base(path)), []badBlock{{filepath.Base(path), block}}
	return c
}

func dropped(path string) damage {
	return damage{what: "without " + filepath.Base(path), gone: 1, do: func(d *faultFS) { delete(d.names, path) }}
}

// added puts a file of these bytes in, in the place of one where there is one.
func added(what, path string, b []byte) damage {
	return damage{what: fmt.Sprintf("%s as %s", what, filepath.Base(path)), do: func(d *faultFS) {
		d.names[path] = &faultInode{data: slices.Clone(b), synced: slices.Clone(b)}
	}}
}

// cases are the damages to whole files of one store, and those within files,
// of which there are many.
func (w *whole) cases(rng *rand.Rand) (files, within []damage) {
	var all []damage
	for _, path := range w.files {
		size := int64(len(w.disk.names[path].data))
		step := max(1, size/(4<<10)) // of the long ones each fifth byte
		for at := int64(0); at < size; at += step {
			all = append(all, flipped(path, at, rng.IntN(8)), truncated(path, at))
		}
		for _, f := range w.frames[path] { // each bit of each field
			if rng.IntN(6) > 0 {
				continue
			}
			for at := f.off; at < f.off+frameHeader; at++ {
				for bit := range 8 {
					all = append(all, flipped(path, at, bit))
				}
			}
		}
		for at := range int64(headerSize) {
			for bit := range 8 {
				all = append(all, flipped(path, at, bit))
			}
		}
		for from := int64(0); from < size; from += faultSector {
			all = append(all, zeroed(path, from, faultSector), zeroed(path, from, skipBlock))
		}
		for block := range (size + skipBlock - 1) / skipBlock {
			files = append(files, unreadable(path, block))
		}
		files = append(files, dropped(path))
	}
	files = append(files, w.foreign(rng)...)
	for range 8000 { // two at once
		a, b := all[rng.IntN(len(all))], all[rng.IntN(len(all))]
		if rng.IntN(8) == 0 {
			b = files[rng.IntN(len(files))]
		}
		all = append(all, damage{what: a.what + " and " + b.what, bad: slices.Concat(a.bad, b.bad), gone: a.gone + b.gone,
			do: func(d *faultFS) { a.do(d); b.do(d) }})
	}
	return files, all
}

// foreign are the files that somebody, or a broken file system, puts in.
func (w *whole) foreign(rng *rand.Rand) (all []damage) {
	garbage := make([]byte, 5000)
	for i := range garbage {
		garbage[i] = byte(rng.Uint32())
	}
	id, _, _ := segmentID(filepath.Base(w.files[len(w.files)-1]))
	for _, at := range []uint64{0, 1, id + 1, id + 2, id + 1<<32, 1 << 60} {
		path := filepath.Join(testDir, "queue", segmentName(at))
		if w.disk.names[path] != nil {
			continue
		}
		all = append(all, added("nothing", path, nil), added("zeros", path, make([]byte, 9000)), added("garbage", path, garbage))
		for _, other := range w.files {
			if at != id+1<<32 { // which has the same low half
				all = append(all, added("a copy of "+filepath.Base(other), path, w.disk.names[other].data))
			}
		}
	}
	for _, path := range w.files {
		all = append(all, added("nothing", path, nil), added("zeros", path, make([]byte, 4096)), added("garbage", path, garbage))
		for _, other := range w.files {
			if other != path {
				all = append(all, added("a copy of "+filepath.Base(other), path, w.disk.names[other].data))
			}
		}
	}
	return all
}
