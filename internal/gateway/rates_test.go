package gateway

import (
	"math"
	"strings"
	"testing"
	"time"

	"serialgw/internal/report"
)

func TestCapacityOf(t *testing.T) {
	plan := testPlan(t) // three properties, two a frame; a frame of an unlisted id has 6 bytes
	thinned := Board{Plan: plan, Baud: 9600, Period: time.Second}
	all := Board{Plan: plan, Baud: 9600}
	const sure, atWorst = "the boards give more than the uplink carries: readings pile up", "the boards give more than the uplink carries only if frames come without a pause"
	tests := []struct {
		name   string
		boards []Board
		up     Uplink
		want   Rates
		fits   bool
		text   string
	}{
		{"ThinnedFits", []Board{thinned}, Uplink{PostInterval: time.Second}, Rates{Boards: 3, Uplink: 3}, true,
			"the boards give 3 values/s, the uplink carries 3 values/s"},
		{"ThinnedTooOften", []Board{{Plan: plan, Period: 100 * time.Millisecond}}, Uplink{PostInterval: time.Second}, Rates{Boards: 30, Uplink: 3}, false,
			"the boards give 30 values/s, the uplink carries 3 values/s"},
		{"TwoBoards", []Board{thinned, thinned}, Uplink{PostInterval: 2 * time.Second}, Rates{Boards: 6, Uplink: 3}, false,
			"the boards give 6 values/s, the uplink carries 3 values/s"},
		{"HistoryOldestFirst", []Board{thinned}, Uplink{PostInterval: time.Second, History: true, HistoryValues: 100, OldestFirst: true},
			Rates{Boards: 3, Uplink: 100}, true, "the boards give 3 values/s, the uplink carries 100 values/s"},
		// A post of the newest three values, then one full of backlog.
		{"HistoryLiveFirst", []Board{thinned}, Uplink{PostInterval: time.Second, History: true, HistoryValues: 100},
			Rates{Boards: 3, Uplink: 51.5}, true, "the boards give 3 values/s, the uplink carries 51.5 values/s"},
		// Readings are not split: two values each, so 98 of 99 in a post.
		{"HistoryOfWholeReadings", []Board{thinned}, Uplink{PostInterval: time.Second, History: true, HistoryValues: 99, OldestFirst: true},
			Rates{Boards: 3, Uplink: 98}, true, "the boards give 3 values/s, the uplink carries 98 values/s"},
		{"AllIsABound", []Board{all}, Uplink{PostInterval: time.Second}, Rates{Boards: 320, Uplink: 3, AtMost: true}, false,
			"the boards give at most 320 values/s, the uplink carries 3 values/s"},
		{"ManyDigits", []Board{{Plan: plan, Baud: 1_935_300}}, Uplink{}, Rates{Boards: 64510, Uplink: math.Inf(1), AtMost: true}, true,
			"the boards give at most 64510 values/s, the uplink carries as many as the network takes"},
		{"RulesPaceEachProperty", []Board{{Plan: plan, Baud: 9600, Period: time.Second, Rules: []report.Rule{
			{Property: []string{"temp"}, Window: 10 * time.Second, Aggregate: []report.Aggregate{report.Min, report.Max}},
			{Property: []string{"volt"}, MinInterval: 500 * time.Millisecond},
		}}}, Uplink{PostInterval: time.Second}, Rates{Boards: 0.2 + 2 + 1, Uplink: 4}, true,
			"the boards give 3.2 values/s, the uplink carries 4 values/s"},
		{"RuleForChangesIsABound", []Board{{Plan: plan, Baud: 9600, Rules: []report.Rule{{OnChange: true, MinInterval: time.Second}}}},
			Uplink{PostInterval: time.Second}, Rates{Boards: 3, Uplink: 3, AtMost: true}, true,
			"the boards give at most 3 values/s, the uplink carries 3 values/s"},
		// One value of a frame has no pace: 160 frames a second, and one value a second.
		{"RuleWithoutAPaceGoesAsFastAsTheLine", []Board{{Plan: plan, Baud: 9600, Period: time.Second, Rules: []report.Rule{{Message: "env"}}}},
			Uplink{PostInterval: time.Second}, Rates{Boards: 321, Sure: 1, Uplink: 3, AtMost: true}, false,
			"the boards give at most 321 values/s, the uplink carries 3 values/s"},
		// Ten a second come anyhow, whatever the rule for changes adds.
		{"SureAndABound", []Board{{Plan: plan, Baud: 9600, Period: 100 * time.Millisecond, Rules: []report.Rule{
			{Property: []string{"temp"}, OnChange: true, MinInterval: time.Second}}}},
			Uplink{PostInterval: 2 * time.Second}, Rates{Boards: 21, Sure: 20, Uplink: 1.5, AtMost: true}, false,
			"the boards give at most 21 values/s, the uplink carries 1.5 values/s"},
		{"LinkHealthCounts", []Board{{Plan: plan, Baud: 9600, Period: time.Second, Health: 10 * time.Second}},
			Uplink{PostInterval: time.Second, History: true, HistoryValues: 9, OldestFirst: true}, Rates{Boards: 3.5, Uplink: 8}, true,
			"the boards give 3.5 values/s, the uplink carries 8 values/s"},
		{"Unlimited", []Board{all}, Uplink{}, Rates{Boards: 320, Uplink: math.Inf(1), AtMost: true}, true,
			"the boards give at most 320 values/s, the uplink carries as many as the network takes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, warning := CapacityOf(tt.boards, tt.up), ""
			switch {
			case !tt.want.AtMost:
				tt.want.Sure = tt.want.Boards
				if !tt.fits {
					warning = sure
				}
			case tt.want.Sure > tt.want.Uplink:
				warning = sure
			case !tt.fits:
				warning = atWorst
			}
			if said := got.Warning(); !strings.HasPrefix(said, warning) || (said == "") != (warning == "") {
				t.Errorf("got the warning %q, want %q", said, warning)
			}
			if got != tt.want || got.Fits() != tt.fits || got.String() != tt.text {
				t.Errorf("got  %+v, fits %v: %s\nwant %+v, fits %v: %s", got, got.Fits(), got, tt.want, tt.fits, tt.text)
			}
		})
	}
}
