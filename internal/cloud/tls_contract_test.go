package cloud_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"serialgw/internal/cloud"
	"serialgw/internal/onenetsim"
	"serialgw/internal/reading"
)

// On real sockets: a platform whose certificate names no host is taken, a
// stranger's of the same names never is.
func TestContract_TLS_ONENET_7(t *testing.T) {
	for _, mode := range []onenetsim.TLSMode{onenetsim.LeafSigned, onenetsim.SelfSignedCA} {
		for _, stranger := range []bool{false, true} {
			platform := onenetsim.Config{Products: []onenetsim.Product{{ID: product, Devices: map[string]string{device: key}}}}
			sim, other := onenetsim.New(platform), onenetsim.New(platform)
			addr, err := sim.ListenTLS("127.0.0.1:0", mode)
			if err != nil {
				t.Fatal(err)
			}
			ca := sim.CAPEM()
			if stranger {
				ca = other.CAPEM()
			}
			cfg := config()
			cfg.TLS, cfg.Address, cfg.CAFile = true, addr.String(), filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(cfg.CAFile, ca, 0o600); err != nil {
				t.Fatal(err)
			}
			want := "ready: "
			if stranger {
				want = "does not chain to onenet.ca_file"
			}
			if got := firstNews(t, cfg, sim); !strings.Contains(got, want) {
				t.Errorf("mode %v, stranger %t: %s, want %q", mode, stranger, got, want)
			}
		}
	}
}

// firstNews runs a client until it is ready or has failed once.
func firstNews(t *testing.T, cfg cloud.Config, sim *onenetsim.Server) string {
	t.Helper()
	clock := func() reading.Stamp {
		now := time.Now()
		return reading.Stamp{Wall: now.UnixNano(), Boot: now.UnixNano(), Synced: true}
	}
	news := make(chan string, 16)
	c, err := cloud.New(cfg, clock, cloud.Options{OnEvent: func(e cloud.Event) {
		if e.Kind != cloud.EventConnecting {
			news <- string(e.Kind) + ": " + e.Text
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() { _ = sim.Serve(ctx) })
	wg.Go(func() { _ = c.Run(ctx) })
	select {
	case text := <-news:
		return text
	case <-t.Context().Done():
		return "the test ended"
	case <-time.After(20 * time.Second):
		return "nothing happened"
	}
}
