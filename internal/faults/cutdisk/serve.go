package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"strconv"
	"strings"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// filePrefix and the number of a life name the file of that life.
const filePrefix = "disk-"

// root is the directory of the FUSE file system: the files of all lives, of
// which only the present one works.
type root struct {
	fs.Inode
	disk *disk
}

func (r *root) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	number, ok := strings.CutPrefix(name, filePrefix)
	life, err := strconv.Atoi(number)
	if !ok || err != nil || life < 1 || life > r.disk.life() {
		return nil, syscall.ENOENT
	}
	f := &file{disk: r.disk, life: life}
	f.attributes(&out.Attr)
	return r.NewInode(ctx, f, fs.StableAttr{Mode: fuse.S_IFREG, Ino: uint64(life) + 1}), 0
}

// file is the disk in one life.
type file struct {
	fs.Inode
	disk *disk
	life int
}

func (f *file) attributes(out *fuse.Attr) {
	out.Mode, out.Size = fuse.S_IFREG|0o600, uint64(len(f.disk.now))
}

// Getattr gives the size, which never changes.
func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.attributes(&out.Attr)
	return 0
}

// Open asks the kernel to keep nothing of the file in its page cache.
func (f *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

// Read is a block read.
func (f *file) Read(_ context.Context, _ fs.FileHandle, to []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n, errno := f.disk.read(f.life, to, off)
	return fuse.ReadResultData(to[:n]), errno
}

// Write is a block write.
func (f *file) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	if errno := f.disk.write(f.life, data, off); errno != 0 {
		return 0, errno
	}
	return uint32(len(data)), 0
}

// Fsync is a flush of the disk's cache.
func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return f.disk.flush(f.life)
}

// Flush is the close of a descriptor, which promises nothing.
func (f *file) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// serve mounts the FUSE file system at dir. The owner's name in the mount table
// tells a later run whose leftover it is.
func serve(d *disk, dir, owner string) (*fuse.Server, error) {
	server, err := fs.Mount(dir, &root{disk: d}, &fs.Options{
		Logger: log.New(io.Discard, "", 0),
		MountOptions: fuse.MountOptions{
			DirectMountStrict: true, Name: fuseName, FsName: owner,
			MaxWrite: 1 << 20, DisableXAttrs: true, Logger: log.New(io.Discard, "", 0),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot mount the FUSE file system: %w", err)
	}
	return server, nil
}
