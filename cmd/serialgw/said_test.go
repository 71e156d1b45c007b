package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/cloud"
	"serialgw/internal/config"
	"serialgw/internal/gateway"
	"serialgw/internal/uart"
)

func TestWriteStatus_OneIsSingular(t *testing.T) {
	var s nodeStatus
	s.Queue.Records = 1
	s.Queue.DamagedRecords, s.SetAside = 1, []string{"0000000000000001.seg.bad"}
	s.DeadLetters = 1
	s.Gateway.Uplink = gateway.UplinkStatus{
		Confirmed: 1, Records: 1, DeadLetters: 124, LastVerdict: "confirmed", LastText: "acknowledged by the broker",
		LastSettled: time.Now().Add(-97100 * time.Millisecond),
	}
	s.Link = cloud.Status{LastError: "connection refused", NextTryIn: 6600 * time.Millisecond}
	var out bytes.Buffer
	if err := writeStatus(&out, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 reading waiting, 0 dropped\n", "1 post confirmed (1 reading)", "; 124 values refused, 1 dead letter kept\n",
		"damaged       1 record\n", "set aside     0000000000000001.seg.bad could not be read: keep it for a report, or delete it\n",
		"  cause       connection refused; next try in 7s\n",
		"last verdict  confirmed: acknowledged by the broker, 1m37s ago\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}

func TestWriteStatus_Clock(t *testing.T) {
	until := time.Now().Add(24*time.Hour - 20*time.Second)
	for _, tt := range []struct {
		clock  clockStatus
		uplink gateway.UplinkStatus
		want   string
	}{
		{clockStatus{Synchronised: true, By: "systemd-timesyncd"}, gateway.UplinkStatus{}, "synchronised, says systemd-timesyncd\n"},
		{clockStatus{Synchronised: true, By: "x", Anchored: true}, gateway.UplinkStatus{Corrected: 1, Untimed: 2}, "synchronised, says x, 2 readings went without a time, 1 reading corrected\n"},
		{clockStatus{Waited: true}, gateway.UplinkStatus{Unclocked: 5, ClockUntil: until}, "not synchronised, 5 readings wait for it, 24h more at most\n"},
		{clockStatus{Waited: true}, gateway.UplinkStatus{Unclocked: 1, ClockUntil: until.Add(-time.Minute)}, "not synchronised, 1 reading waits for it, 23h59m more at most\n"},
		{clockStatus{Waited: true}, gateway.UplinkStatus{Unclocked: 1}, "not synchronised, 1 reading waits for it, 0s more at most\n"},
		{clockStatus{Believed: true}, gateway.UplinkStatus{}, "no time service has set it, and none is needed here: the broker is on this machine and has the same clock\n"},
		{clockStatus{}, gateway.UplinkStatus{}, "not synchronised; readings go without a time\n"},
		{clockStatus{Anchored: true}, gateway.UplinkStatus{}, "not synchronised any more; times are reckoned from when it was\n"},
	} {
		s := nodeStatus{Clock: tt.clock}
		s.Gateway.Uplink = tt.uplink
		var out bytes.Buffer
		if err := writeStatus(&out, s); err != nil {
			t.Fatal(err)
		}
		if want := "\nclock         " + tt.want; !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}

// A recording without a frame ends with what to try.
func TestRecordView_NoFrameAndItsCure(t *testing.T) {
	plan, err := namedPlan(&config.Config{}, "demo")
	if err != nil {
		t.Fatal(err)
	}
	const cure = `no frame of "demo" was found in 3 bytes; another preset or baud rate?`
	v := newRecordView(plan, 9600)
	v.packet(capture.Packet{Bytes: []byte("abc")})
	if text := v.summary(); !strings.Contains(text, cure) {
		t.Errorf("summary %q", text)
	}
	v = newRecordView(plan, 9600)
	v.packet(capture.Packet{Bytes: demoStream(t)})
	if text := v.summary(); strings.Contains(text, "no frame") {
		t.Errorf("with frames: summary %q", text)
	}
}

func TestRateAt_APortThatIsLostGivesNone(t *testing.T) {
	for state, want := range map[uart.Kind]float64{0: 10, uart.Opened: 10, uart.Lost: 0, uart.Missing: 0, uart.Silent: 0} {
		if got := rateAt(uart.Status{State: state}, 10); got != want {
			t.Errorf("%v: %v frames/s, want %v", state, got, want)
		}
	}
}
