package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"serialgw/internal/cloud"
	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/onenetsim"
)

// simulator starts the built-in OneNET, if it was asked for, and points cfg at
// it; else it returns nil.
func (r *replay) simulator(cfg *config.Config) (*onenetsim.Server, error) {
	if !r.sim {
		return nil, nil
	}
	sc := onenetsim.Defaults()
	sc.Products = []onenetsim.Product{{ID: simProduct, Devices: map[string]string{simDevice: simKey}}}
	sc.Keep = simKeep
	r.arrived = &arrivals{newest: make(map[string]onenetsim.Value)}
	sc.OnPost = r.arrived.take
	if r.speed == 0 {
		sc.PostPace, cfg.OneNET.PostInterval = 0, 0
	}
	sim := onenetsim.New(sc)
	addr, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot start the simulator: %w", err)
	}
	pointAtSimulator(&cfg.OneNET, addr)
	return sim, nil
}

// pointAtSimulator lets the uplink log in to a built-in simulator; how it posts
// stays as it is.
func pointAtSimulator(c *cloud.Config, addr net.Addr) {
	c.Product, c.Device, c.Key, c.Level, c.Method = simProduct, simDevice, simKey, "device", "sha256"
	c.Address, c.TLS, c.CAFile, c.User, c.Password = addr.String(), false, "", "", ""
	c.Confirm, c.Topic = "reply", ""
}

// refuseSecondLogin finds out whether a gateway is logged in as the device: a
// second login would throw it out.
func refuseSecondLogin(ctx context.Context, cfg *config.Config) error {
	socket := cfg.SocketPath(os.Getenv)
	if socket == "" {
		return nil
	}
	var s nodeStatus
	device := cfg.OneNET.Product + "/" + cfg.OneNET.Device
	err := gateway.Ask(ctx, socket, "status", &s)
	switch {
	case gateway.IsAbsent(err):
		return nil
	case err != nil:
		return fmt.Errorf("a gateway may be logged in as %s, and a second login would throw it out: %w; --sim and --print need no login", device, askError(err))
	case s.Device == device:
		return usagef("a gateway is running as %s, and a second login would throw it out: stop it first, or replay into --sim or --print", device)
	}
	return nil
}
