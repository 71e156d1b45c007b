//go:build system

package systemtest

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReload_BadFileChangesNothing sends SIGHUP with a misspelt key,
// then with a good one.
func TestReload_BadFileChangesNothing(t *testing.T) {
	t.Parallel()
	p := servePlatform(t, unpaced())
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, nil))
	g.opened()
	g.ready(10 * time.Second)

	g.conf.board["bawd"] = "9600"
	g.conf.write()
	g.signal(syscall.SIGHUP)
	refused := g.expect(10*time.Second, "configuration refused", saying("refused"))
	if !strings.Contains(refused.text, "bawd") {
		t.Errorf("the log does not name the mistake: %s", refused.text)
	}
	b.mustSend(100, fullPace)
	must(t, p.tally.await(within(t, 10*time.Second), 100))

	delete(g.conf.board, "bawd")
	g.conf.board["prefix"] = `"left_"`
	g.conf.write()
	g.signal(syscall.SIGHUP)
	g.opened()
	g.expect(10*time.Second, "configuration applied", saying("configuration read again"))
	b.mustSend(100, fullPace)
	g.awaitStatus(10*time.Second, "all stored and sent", func(s status) bool {
		return s.Queue.Appended == 200 && s.Queue.Records == 0
	})
	if n := p.Totals(testProduct, testDevice)["left_"+counter]; n != 100 {
		t.Errorf("%d values under the new name, want 100", n)
	}
	if n := p.Stats().Logins; n != 1 {
		t.Errorf("%d logins, want 1: the uplink did not change", n)
	}
}

// TestStop_WaitsForVerdicts ends the gateway while replies are on their way:
// they are waited for, so nothing is sent twice after the next start.
func TestStop_WaitsForVerdicts(t *testing.T) {
	t.Parallel()
	p := servePlatform(t, unpaced())
	p.DelayReplies(500 * time.Millisecond)
	g := stoppable(t, p)
	code, took := g.stop(10 * time.Second)
	t.Logf("ended after %v", took)
	if code != 0 || took > 3*time.Second {
		t.Errorf("exit status %d after %v, want 0 within the drain limit", code, took)
	}
	p.DelayReplies(0)
	again := start(t, g.conf)
	again.ready(10 * time.Second)
	again.wantEmpty()
	p.tally.wantAll(t, inFlight, 0)
}

// TestStop_EndsWithoutVerdicts ends the gateway while the platform is mute:
// the drain limit is the reply time-out, here 2 s.
func TestStop_EndsWithoutVerdicts(t *testing.T) {
	t.Parallel()
	p := servePlatform(t, unpaced())
	p.SwallowReplies(1 << 20)
	g := stoppable(t, p)
	code, took := g.stop(10 * time.Second)
	t.Logf("ended after %v", took)
	if code != 0 || took > 3*time.Second {
		t.Errorf("exit status %d after %v, want 0 within the drain limit of 2s", code, took)
	}
}

// stoppable returns a gateway with a full window of unanswered posts.
func stoppable(t *testing.T, p *platform) *gateway {
	t.Helper()
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, func(c *configuration) { c.onenet["reply_timeout"] = `"2s"` }))
	g.opened()
	g.ready(10 * time.Second)
	b.mustSend(inFlight, fullPace)
	must(t, p.tally.await(within(t, 10*time.Second), inFlight))
	return g
}

// TestStatus_AnswersWhileRunning asks a running gateway, in words and in JSON.
func TestStatus_AnswersWhileRunning(t *testing.T) {
	t.Parallel()
	p := servePlatform(t, unpaced())
	b := pluggedBoard(t)
	g := start(t, configure(t, b, p.addr, func(c *configuration) { c.queue["dir"] = quoted(c.dir) }))
	g.opened()
	g.ready(10 * time.Second)
	b.mustSend(50, fullPace)
	must(t, p.tally.await(within(t, 10*time.Second), 50))
	g.wantEmpty()

	out, complaints, code := verb(t, 10*time.Second, "status", "--config", g.conf.path)
	for _, part := range []string{"board b", "50 good, 0 bad", "0 readings waiting", "connected", "confirmed"} {
		if !strings.Contains(out, part) {
			t.Errorf("status (exit %d %s) does not say %q:\n%s", code, complaints, part, out)
		}
	}
	out, complaints, code = verb(t, 10*time.Second, "status", "--json", "--config", g.conf.path)
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil || code != 0 || s.Gateway.Uplink.Records != 50 {
		t.Errorf("status --json: exit %d, %v, %+v %s", code, err, s, complaints)
	}
	g.stop(15 * time.Second)
	if _, complaints, code = verb(t, 10*time.Second, "status", "--config", g.conf.path); code != 1 || complaints == "" {
		t.Errorf("status of a gateway that is not running: exit %d %q, want 1 and a reason", code, complaints)
	}
}
