//go:build system

package systemtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"serialgw/internal/onenetsim"
)

// sendOne starts a gateway, sends frames, and waits until they are confirmed.
func sendOne(t *testing.T, p *platform, change func(*configuration)) {
	t.Helper()
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, change))
	g.opened()
	g.ready(10 * time.Second)
	b.mustSend(20, fullPace)
	must(t, p.tally.await(within(t, 20*time.Second), 20))
	g.wantEmpty()
}

// caFile writes an authority's certificate and returns its path.
func caFile(t *testing.T, s *onenetsim.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(path, s.CAPEM(), 0o600))
	return path
}

// TestTLS_ChecksTheCertificate accepts both shapes of certificate that OneNET
// may show, and no certificate of a stranger's.
func TestTLS_ChecksTheCertificate(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]onenetsim.TLSMode{
		"LeafSigned": onenetsim.LeafSigned, "SelfSignedCA": onenetsim.SelfSignedCA,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, unpaced())
			p.serveTLS(t, mode)
			sendOne(t, p, func(c *configuration) {
				c.onenet["tls"], c.onenet["ca_file"] = "true", quoted(caFile(t, p.Server))
			})
		})
		t.Run(name+"/Stranger", func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, unpaced())
			p.serveTLS(t, mode)
			stranger := onenetsim.New(unpaced())
			b := pluggedBoard(t)
			g := start(t, configure(t, b, p.addr, func(c *configuration) {
				c.onenet["tls"], c.onenet["ca_file"] = "true", quoted(caFile(t, stranger))
			}))
			g.expect(10*time.Second, "certificate refused", func(l line) bool {
				return l.field("state") == "failed" && strings.Contains(l.text, "certificate")
			})
			if s := p.Stats(); s.Logins+s.Rejected > 0 {
				t.Errorf("a login was tried at a stranger's: %+v", s)
			}
		})
	}
}

// TestLogin_RefusedSaysWhy breaks the login in three ways. Each is refused and
// said with what to check, and the platform's console holds the true cause.
func TestLogin_RefusedSaysWhy(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		change  func(*configuration)
		offset  time.Duration
		console string
	}{
		"WrongKey":      {change: func(c *configuration) { c.onenet["key"] = quoted(wrongKey) }, console: "signature"},
		"ExpiredToken":  {offset: 20 * 365 * 24 * time.Hour, console: "expired"},
		"WrongClientID": {change: func(c *configuration) { c.onenet["device"] = `"board-02"` }, console: "device not found"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := servePlatform(t, unpaced())
			p.ClockOffset(row.offset)
			b := pluggedBoard(t)
			g := start(t, configure(t, b, p.addr, row.change))
			said := g.expect(10*time.Second, "login refused", state("refused"))
			for _, word := range []string{"code 4", "onenet.product", "onenet.device", "onenet.key", "clock"} {
				if !strings.Contains(said.text, word) {
					t.Errorf("the log does not name %q: %s", word, said.text)
				}
			}
			console := p.ConsoleLog()
			if len(console) == 0 || !strings.Contains(console[0].Text, row.console) {
				t.Errorf("the platform's console says %+v, want %q", console, row.console)
			}
			if s := p.Stats(); s.Logins != 0 {
				t.Errorf("%d logins succeeded, want 0", s.Logins)
			}
		})
	}
}

// TestToken_LogsInAStockClient gives what `serialgw token` prints to
// mosquitto_pub.
func TestToken_LogsInAStockClient(t *testing.T) {
	t.Parallel()
	client, err := exec.LookPath("mosquitto_pub")
	if err != nil {
		t.Skip("mosquitto_pub is not installed: apt install mosquitto-clients")
	}
	p := servePlatform(t, unpaced())
	conf := configure(t, newBoard(t), p.addr, nil)
	out, complaints, code := verb(t, 10*time.Second, "token", "--config", conf.path)
	if code != 0 {
		t.Fatalf("exit status %d\n%s", code, complaints)
	}
	row := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` {2,}(\S+)$`).FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("no %s in\n%s", name, out)
		}
		return found[1]
	}
	host, port, _ := strings.Cut(row("address"), ":")
	cmd := exec.CommandContext(within(t, 10*time.Second), client, "-h", host, "-p", port, "-V", "mqttv311", "-q", "1",
		"-i", row("client id"), "-u", row("user name"), "-P", row("password"),
		"-t", "$sys/"+testProduct+"/"+testDevice+"/thing/property/post",
		"-m", `{"id":"1","version":"1.0","params":{"speed":{"value":4.2}}}`)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v: %s\nthe console says %+v", err, said, p.ConsoleLog())
	}
	must(t, p.tally.await(within(t, 10*time.Second), 1))
	if !p.tally.has(42) {
		t.Errorf("the value did not arrive: %+v", p.Current(testProduct, testDevice))
	}
}
