package queue

import "time"

// Config is the [queue] table.
type Config struct {
	// Dir holds all that must survive: segments, dead letters, status socket.
	// Empty: $STATE_DIRECTORY, else /var/lib/serialgw as root, else
	// $XDG_STATE_HOME/serialgw (~/.local/state/serialgw).
	Dir          string        `toml:"dir"`
	MaxBytes     int64         `toml:"max_bytes"`     // disk used at most; default 256 MiB, at least 8 segments
	SegmentBytes int64         `toml:"segment_bytes"` // one file; default 4 MiB
	KeepFree     int64         `toml:"keep_free"`     // disk left to others; default 200 MiB
	SyncInterval time.Duration `toml:"sync_interval"` // a power cut costs at most this; default 1 s
	Full         string        `toml:"full"`          // "drop-oldest" (default) or "refuse-newest"
}

// Defaults returns the shipped settings.
func Defaults() Config {
	return Config{MaxBytes: 256 << 20, SegmentBytes: 4 << 20, KeepFree: 200 << 20, SyncInterval: time.Second, Full: "drop-oldest"}
}
