package cloud

import (
	"strings"
	"testing"
	"time"
)

func TestConfig_Endpoint_ONENET_6(t *testing.T) {
	for _, tt := range []struct {
		address string
		tls     bool
		host    string
		port    int
	}{
		{"", false, "Abcdef1234.mqtts.acc.cmcconenet.cn", 1883},
		{"", true, "Abcdef1234.mqttstls.acc.cmcconenet.cn", 8883},
		{"{pid}.mqtts.acc.cmcconenet.cn", false, "Abcdef1234.mqtts.acc.cmcconenet.cn", 1883},
		{"mqtts.heclouds.com", false, "mqtts.heclouds.com", 1883},
		{"mqttstls.heclouds.com", true, "mqttstls.heclouds.com", 8883},
		{" broker.lan:2883 ", true, "broker.lan", 2883},
		{"127.0.0.1:1884", false, "127.0.0.1", 1884},
		{"::1", false, "::1", 1883},
		{"[::1]", true, "::1", 8883},
		{"[2409:8060:8ea:601::13:7c64]:1883", false, "2409:8060:8ea:601::13:7c64", 1883},
	} {
		cfg := testConfig()
		cfg.Address, cfg.TLS = tt.address, tt.tls
		host, port := cfg.Endpoint()
		if err := cfg.Validate(); host != tt.host || port != tt.port || err != nil {
			t.Errorf("%q: %s %d (%v), want %s %d", tt.address, host, port, err, tt.host, tt.port)
		}
	}
	for _, address := range []string{"tcp://host", "host:", "host:0", "host:65536", "host:mqtt", ":1883", "a:b:c", "[::1", "ho st"} {
		cfg := testConfig()
		cfg.Address = address
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "onenet.address") {
			t.Errorf("%q: %v, want an error that names onenet.address", address, err)
		}
	}
}

func TestConfig_HostWarning(t *testing.T) {
	for _, tt := range []struct {
		address string
		tls     bool
		want    string // "" = no warning
	}{
		{"", false, ""},
		{"", true, ""},
		{"mqtts.heclouds.com", false, ""},
		{"broker.lan", false, ""},
		{"183.230.40.96", false, ""},
		{"test.mosquitto.org", true, ""},
		{"{pid}.mqtts.acc.cmccconet.cn", false, "is Abcdef1234.mqtts.acc.cmcconenet.cn meant?"},
		{"mqtts.heclouds.con", false, "looks like"},
		{"{pid}.mqtls.acc.cmcconenet.cn", true, "host is Abcdef1234.mqttstls.acc.cmcconenet.cn"},
		{"{pid}.mqtts.acc.cmcconenet.cn", true, "tls = true"},
		{"Other12345.mqtts.acc.cmcconenet.cn", false, "for this product"},
		{"mqtt.heclouds.com:6002", false, "older protocol"},
	} {
		cfg := testConfig()
		cfg.Address, cfg.TLS = tt.address, tt.tls
		if got := cfg.HostWarning(); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.address, got, tt.want)
		}
	}
}

func TestConfig_Validate(t *testing.T) {
	if err := testConfig().Validate(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for _, tt := range []struct {
		spoil func(*Config)
		want  string
	}{
		{func(c *Config) { c.Product = "" }, "onenet.product is missing"},
		{func(c *Config) { c.Product = "a/b_cde" }, `onenet.product is "a/b_cde", want 6 to 32 letters and digits`},
		{func(c *Config) { c.Device = "" }, `onenet.device is "", want 1 to 64 letters, digits, _ and -`},
		{func(c *Config) { c.Key = "" }, "onenet.key is missing"},
		{func(c *Config) { c.Key = "%%%" }, "cannot decode onenet.key as base64: illegal base64 data at input byte 0"},
		{func(c *Config) { c.Level = "user" }, `onenet.level is "user", want device or product`},
		{func(c *Config) { c.Method = "SHA1" }, `onenet.method is "SHA1", want sha256, sha1 or md5`},
		{func(c *Config) { c.Confirm = "yes" }, `onenet.confirm is "yes", want reply or puback`},
		{func(c *Config) { c.KeepAlive = 9 * time.Second }, "onenet.keepalive is 9s, want 10s to 300s"},
		{func(c *Config) { c.ReplyTimeout = 0 }, "onenet.reply_timeout is 0s, want 1s to 10m"},
		{func(c *Config) { c.PostInterval = -1 }, "onenet.post_interval is -1ns, want 0s or more"},
		{func(c *Config) { c.InFlight = 1025 }, "onenet.in_flight is 1025, want 0 to 1024"},
		{func(c *Config) { c.HistoryValues = 101 }, "onenet.history_values is 101, want 1 to 100"},
		{func(c *Config) { c.Order = "fifo" }, `onenet.order is "fifo", want live-first or oldest-first`},
		{func(c *Config) { c.Topic = "up/#"; c.Address = "lan" }, `onenet.topic is "up/#", want no wildcard: posts go there`},
		{func(c *Config) { c.Topic = "up" }, "onenet.topic is set but onenet.address is empty: OneNET takes no topics of one's own"},
	} {
		cfg := testConfig()
		tt.spoil(&cfg)
		if err := cfg.Validate(); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
		if _, err := New(cfg, nil, Options{}); err == nil {
			t.Errorf("New takes it: %s", tt.want)
		}
	}
}

func TestConfig_Topics_ONENET_8(t *testing.T) {
	got := testConfig().Topics()
	if got.Post != testThing+"property/post" || got.PostReply != got.Post+"/reply" || got.History != testThing+"history/post" ||
		got.Filter != testThing+"#" || len(got.Fallback) != 4 {
		t.Errorf("topics %+v", got)
	}
	cfg := testConfig()
	cfg.Confirm = "puback"
	if got := cfg.Topics(); got.Filter != "" || len(got.Fallback) != 4 {
		t.Errorf("where the PUBACK counts: topics %+v, want no wildcard, which would send our own posts back", got)
	}
	cfg.Topic = "{pid}/{device}"
	if got := cfg.Topics(); got.Post != "Abcdef1234/board-01" || got.Filter != "" || got.Thing != "" {
		t.Errorf("own topics %+v", got)
	}
}
