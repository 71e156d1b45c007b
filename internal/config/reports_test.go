package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"serialgw/internal/reading"
	"serialgw/internal/report"
)

const ruled = smallest + `
prefix = "a_"
health = "60s"
rename = { speed = "rate", link_ok = "alive" }
[[board.rule]]
property     = ["temp", "humidity"]
deadband     = 0.50
min_interval = "1s"
max_silence  = "1m"
round        = 0
range        = [0, 50.5]
[[board.rule]]
property  = "voltage"
window    = "10s"
aggregate = ["mean", "max"]
[[board.rule]]
property = "current"
deadband = "2.5 %"
[[board.rule]]
message   = "status"
on_change = true
`

func TestParse_Rules(t *testing.T) {
	c, issues := Parse([]byte(ruled), "gateway.toml", noEnv)
	noIssues(t, issues)
	want := []report.Rule{
		{Property: []string{"temp", "humidity"}, Deadband: &report.Deadband{Mantissa: 5, Digits: 1}, MinInterval: time.Second,
			MaxSilence: time.Minute, Round: new(0), Range: []float64{0, 50.5}},
		{Property: []string{"voltage"}, Window: 10 * time.Second, Aggregate: []report.Aggregate{report.Mean, report.Max}},
		{Property: []string{"current"}, Deadband: &report.Deadband{Mantissa: 25, Digits: 1, Percent: true}},
		{Message: "status", OnChange: true},
	}
	if diff := cmp.Diff(want, c.Boards[0].Rules); diff != "" {
		t.Errorf("rules differ (-want +got):\n%s", diff)
	}
}

// What the thing model must have: after the rules, under the cloud's names.
func TestBoard_Publishes(t *testing.T) {
	c, issues := Parse([]byte(ruled), "gateway.toml", noEnv)
	noIssues(t, issues)
	type row struct {
		identifier, of string
		kind           reading.Kind
		digits         int
		unit           string
		labels         int
	}
	var got []row
	for _, p := range c.Boards[0].Publishes(c.Plans()["demo"]) {
		got = append(got, row{p.Name, p.Of, p.Kind, p.Digits, p.Unit, len(p.Labels)})
	}
	want := []row{
		{"a_temp", "temp", reading.Int, 0, "degC", 0},
		{"a_humidity", "humidity", reading.Int, 0, "%", 0},
		{"a_voltage_mean", "voltage", reading.Decimal, 4, "V", 0},
		{"a_voltage_max", "voltage", reading.Decimal, 3, "V", 0},
		{"a_current", "current", reading.Decimal, 3, "A", 0},
		{"a_rate", "speed", reading.Decimal, 1, "r/min", 0},
		{"a_state", "state", reading.Int, 0, "", 3},
		{"a_running", "running", reading.Bool, 0, "", 0},
		{"a_alive", "link_ok", reading.Bool, 0, "", 0},
		{"a_link_explained", "link_explained", reading.Decimal, 3, "", 0},
		{"a_link_frames", "link_frames", reading.Int, 0, "", 0},
		{"a_link_check_failed", "link_check_failed", reading.Int, 0, "", 0},
		{"a_link_noise", "link_noise", reading.Int, 0, "", 0},
		{"a_link_lost", "link_lost", reading.Int, 0, "", 0},
		{"a_link_repeated", "link_repeated", reading.Int, 0, "", 0},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("published differs (-want +got):\n%s", diff)
	}
}
