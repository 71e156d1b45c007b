package main

import (
	"bytes"
	"flag"
	"math"
	"os"
	"testing"
	"time"

	"serialgw/internal/capture"
	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

//go:generate go test -run TestDemoRecording -update .

var update = flag.Bool("update", false, "write the files that tests compare with anew")

const (
	demoFrames = 600
	demoEvery  = 100 * time.Millisecond
	demoStart  = 1767225600 // 2026-01-01T00:00:00Z; the player keeps the intervals alone
)

// demoFrame is what the demo board says in its n-th tenth of a second: a motor
// that speeds up, holds, stalls once and recovers.
func demoFrame(t *testing.T, plan *frame.Plan, n int) []byte {
	t.Helper()
	phase := 2 * math.Pi * float64(n) / demoFrames
	state, speed := int64(1), 1200+300*math.Sin(phase)
	if n >= 400 && n < 430 {
		state, speed = 2, 0
	}
	whole := func(v float64, digits uint8) reading.Value {
		return reading.DecimalValue(int64(math.Round(v*math.Pow10(int(digits)))), digits)
	}
	frame, err := plan.Encode(nil, "status", map[string]reading.Value{
		"temp":     whole(25+3*math.Sin(phase/2), 2),
		"humidity": whole(48.5-4*math.Cos(phase), 1),
		"voltage":  whole(11.8-0.2*math.Sin(phase), 3),
		"current":  whole(0.6+speed/2000, 3),
		"speed":    whole(speed, 1),
		"state":    reading.IntValue(state),
		"running":  reading.BoolValue(state == 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	plan.Renumber(frame, plan.Message("status"), uint64(n))
	return frame
}

// demoBytes is the recording: 600 frames, and the damage of a loose wire: a
// flipped bit, a frame cut short, and noise, each twice a minute.
func demoBytes(t *testing.T) []byte {
	t.Helper()
	plan, err := namedPlan(&config.Config{}, "demo")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := capture.NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddPort(capture.Port{Name: "/dev/ttyUSB0", Description: "115200 8N1"}); err != nil {
		t.Fatal(err)
	}
	for n := range demoFrames {
		b := demoFrame(t, plan, n)
		switch n % 300 {
		case 75:
			b[10] ^= 0x10
		case 150:
			b = b[:len(b)-5]
		case 225:
			b = append([]byte{0xAA, 0x55, 0x00, 0xFF, 0x3C}, b...)
		}
		p := capture.Packet{
			Port: "/dev/ttyUSB0", Direction: capture.Inbound, Bytes: b,
			Time: demoStart*int64(time.Second) + int64(n)*int64(demoEvery),
		}
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes()
}

// TestDemoRecording holds the embedded recording against the one computed
// here; -update writes it.
func TestDemoRecording(t *testing.T) {
	want := demoBytes(t)
	if *update {
		if err := os.WriteFile("demo.pcapng", want, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(demoRecording, want) {
		t.Fatal("demo.pcapng is not what the demo preset gives; run: make generate")
	}
}

// TestSequence_RunsOnAndLeavesDamageAlone plays the recording twice: intact
// frames are numbered on, and each damaged one shows as lost.
func TestSequence_RunsOnAndLeavesDamageAlone(t *testing.T) {
	s, err := newSequence()
	if err != nil {
		t.Fatal(err)
	}
	scanner := frame.NewScanner(s.plan, 0)
	for range 2 {
		for p, err := range capture.Packets(capture.NewReader(bytes.NewReader(demoRecording))) {
			if err != nil {
				t.Fatal(err)
			}
			scanner.Feed(reading.Chunk{Bytes: s.rewrite(p.Bytes)})
			for ok := true; ok; {
				ok = scanner.Scan()
			}
		}
	}
	m := scanner.Metrics()
	if want := uint64(2 * (demoFrames - 4)); m.Frames != want {
		t.Errorf("frames: got %d, want %d", m.Frames, want)
	}
	if m.CheckFailed == 0 || m.Noise == 0 {
		t.Errorf("damage: got %d failed checks and %d noise bytes, want some of each", m.CheckFailed, m.Noise)
	}
	if want := uint64(2 * 4); m.SeqLost != want {
		t.Errorf("lost by sequence: got %d, want the %d damaged frames", m.SeqLost, want)
	}
}
