package config

import (
	"os"
	"path/filepath"
	"strings"
)

const socketName = "serialgw.sock"

// StateDir returns the directory for all that must survive: queue.dir, else
// systemd's $STATE_DIRECTORY, else /var/lib/serialgw as root, else
// $XDG_STATE_HOME/serialgw, which is ~/.local/state/serialgw when unset.
func (c *Config) StateDir(env func(string) string) string {
	return c.stateDir(env, os.Geteuid() == 0)
}

func (c *Config) stateDir(env func(string) string, root bool) string {
	const system = "/var/lib/serialgw"
	if c.Queue.Dir != "" {
		return c.Queue.Dir
	}
	if first, _, _ := strings.Cut(env("STATE_DIRECTORY"), ":"); first != "" {
		return first
	}
	if root {
		return system
	}
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "serialgw")
	}
	if home := env("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "serialgw")
	}
	return system
}

// SocketPath returns the path of the status socket, "" when it is off.
func (c *Config) SocketPath(env func(string) string) string {
	switch c.Status.Socket {
	case "off":
		return ""
	case "":
		return filepath.Join(c.StateDir(env), socketName)
	}
	return c.Status.Socket
}
