//go:build system

package systemtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serialgw/internal/clocktest"
)

// TestClock_SaidAtTheStart: what the clock is, and what follows, in one line.
func TestClock_SaidAtTheStart(t *testing.T) {
	for name, tt := range map[string]struct {
		state clocktest.State
		wait  string
		want  string
	}{
		"Synced":   {clocktest.State{Synced: true}, "10m", `"by":"the kernel (adjtimex)"`},
		"Waits":    {clocktest.State{}, "7m", "readings wait for it, at most 7m after the first connection, then go without their time"},
		"NoWait":   {clocktest.State{}, "0s", "readings go without their time until it is"},
		"Believed": {clocktest.State{}, "auto", "the broker is on this machine and has the same clock, so it is believed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClocked(t, tt.state, "", tt.wait)
			c.serve()
			c.start()
			c.g.expect(5*time.Second, tt.want, saying(tt.want))
			c.connected()
			if n := c.g.log.count(saying("the clock is ")); n != 1 {
				t.Errorf("it is said %d times", n)
			}
			if tt.wait == "auto" { // nothing waits
				c.board.mustSend(20, clockPace)
				c.g.mustDeliver(c.cloud.tally, 20)
				c.wantTimes(0, 20, true)
			}
		})
	}
}

// TestClock_FileOfTimesyncd: the kernel says nothing, as where adjtimex is
// refused or the hardware clock runs in local time; timesyncd's file does.
func TestClock_FileOfTimesyncd(t *testing.T) {
	t.Parallel()
	c := newClocked(t, clocktest.State{Off: -time.Hour}, "", "10m")
	c.serve()
	c.start()
	c.connected()
	c.board.mustSend(20, clockPace)
	must(t, c.g.ledger.await(within(t, 10*time.Second), 20))
	c.set(clocktest.State{Timesync: time.Now().UnixNano()})
	c.g.expect(10*time.Second, "the clock was set", saying("systemd-timesyncd"))
	c.g.mustDeliver(c.cloud.tally, 20)
	c.wantTimes(0, 20, true)
}

// TestClock_FileThatCannotBeUsed damages what was kept of the clock, and puts
// something in the way of what is to be kept. Each is said once, and the gateway
// goes on.
func TestClock_FileThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	c := newClocked(t, clocktest.State{Off: -time.Hour}, "", "10m")
	c.serve()
	must(t, os.MkdirAll(filepath.Join(c.conf.dir, "clock.json.new"), 0o700))
	must(t, os.WriteFile(filepath.Join(c.conf.dir, "clock.json"), []byte(`{"boots":[]`), 0o600))
	c.start()
	c.connected()
	c.board.mustSend(20, clockPace)
	for i, s := range []clocktest.State{{Synced: true}, {Off: time.Minute, Synced: true}, {Synced: true}} {
		c.set(s)
		if i > 0 {
			c.board.mustSend(1, clockPace) // nothing asks for the time otherwise
		}
		c.g.expect(10*time.Second, "the clock was set", saying(`"by":"the kernel`))
		c.g.mustDeliver(c.cloud.tally, 20+i)
	}
	c.board.mustSend(20, clockPace)
	c.g.mustDeliver(c.cloud.tally, 42)
	c.wantTimes(0, 20, true)
	c.wantTimes(22, 42, true)
	for _, text := range []string{"cannot read what was known of the clock", "cannot keep what is known of the clock"} {
		if n := c.g.log.count(saying(text)); n != 1 {
			t.Errorf("%q is said %d times, want once", text, n)
		}
	}
}

// TestClock_ReplayDoesNotWait: a recording ends now, by the clock of this
// machine. Where that is not right the readings go without their time, at once.
func TestClock_ReplayDoesNotWait(t *testing.T) {
	recording, err := filepath.Abs("../../testdata/captures/demo-noise.pcapng")
	must(t, err)
	const warning = "the clock of this machine is not synchronised: the readings go without their time"
	for name, tt := range map[string]struct {
		state  clocktest.State
		wait   string
		stamps bool
	}{
		"Synced":    {clocktest.State{Synced: true}, "10m", true},
		"NotSynced": {clocktest.State{Off: -time.Hour}, "10m", false},
		"Believed":  {clocktest.State{}, "auto", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClocked(t, tt.state, "", tt.wait)
			c.serve()
			cmd := exec.CommandContext(within(t, 60*time.Second), c.conf.program, "replay", "--speed", "max", "--config", c.conf.path, recording)
			cmd.Env = append(os.Environ(), c.conf.env...)
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v:\n%s", err, &said)
			}
			all := c.arrived()
			if len(all) == 0 {
				t.Fatalf("nothing has arrived:\n%s", &said)
			}
			for _, v := range all {
				if v.Stamped != tt.stamps || v.Stamped && time.Since(time.UnixMilli(v.Time)) < 0 {
					t.Errorf("a value of %v with a time of its own %v, want %v", time.UnixMilli(v.Time), v.Stamped, tt.stamps)
				}
			}
			if warned := strings.Contains(said.String(), warning); warned == tt.stamps {
				t.Errorf("warned %v:\n%s", warned, &said)
			}
		})
	}
}
