package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// watchLinks calls up whenever a network interface gets an address or a
// carrier, so that a gateway need not sit out a long wait after the cable is
// back. It returns when ctx ends, or an error when the kernel will not tell.
func watchLinks(ctx context.Context, up func()) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("cannot watch the network links: %w", err)
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("cannot watch the network links: %w", err)
	}
	socket := os.NewFile(uintptr(fd), "netlink")
	stop := context.AfterFunc(ctx, func() { _ = socket.Close() })
	defer stop()
	defer func() { _ = socket.Close() }()
	buf := make([]byte, 16<<10)
	for {
		n, err := socket.Read(buf)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, unix.ENOBUFS) {
			up() // some news was lost: one of them may have been the link
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot watch the network links: %w", err)
		}
		if linkCameUp(buf[:n]) {
			up()
		}
	}
}

// linkCameUp looks through netlink messages (struct nlmsghdr, 16 bytes, host
// order, 4-byte aligned) for a new address, or a link that runs.
func linkCameUp(b []byte) bool {
	for len(b) >= unix.SizeofNlMsghdr {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.SizeofNlMsghdr || size > len(b) {
			return false
		}
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.RTM_NEWADDR:
			return true
		case unix.RTM_NEWLINK:
			// struct ifinfomsg: family 1, pad 1, type 2, index 4, flags 4
			body := b[unix.SizeofNlMsghdr:size]
			if len(body) >= unix.SizeofIfInfomsg && binary.NativeEndian.Uint32(body[8:])&unix.IFF_RUNNING != 0 {
				return true
			}
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return false
}
