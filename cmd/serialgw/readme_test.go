package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"serialgw/internal/config"
	"serialgw/internal/onenetsim"
)

const (
	sampleLogin = "product = \"Abcdef1234\"\ndevice = \"board-01\"\nkey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n"
	sampleBoard = "\n[[board]]\nport = \"/dev/ttyUSB0\"\n"
)

// whole completes a sample of the README to a configuration: what the sample
// leaves out is filled in, what it says stays.
func whole(sample, ca string) string {
	sample = strings.ReplaceAll(sample, "/etc/serialgw/MQTTS-certificate.pem", ca)
	switch {
	case !strings.Contains(sample, "[onenet]"):
		sample = "[onenet]\n" + sampleLogin + sample
	case !strings.Contains(sample, "product"):
		sample = strings.Replace(sample, "[onenet]\n", "[onenet]\n"+sampleLogin, 1)
	}
	if !strings.Contains(sample, "[[board]]") {
		sample += sampleBoard
	}
	return sample
}

// TestREADME_EverySampleLoads parses each configuration that the README shows.
func TestREADME_EverySampleLoads(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, onenetsim.New(onenetsim.Config{}).CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	samples := strings.Split(string(text), "```toml\n")[1:]
	if len(samples) < 4 {
		t.Fatalf("got %d samples, want at least the 4 known ones", len(samples))
	}
	for _, s := range samples {
		sample, _, _ := strings.Cut(s, "```")
		_, issues := config.Parse([]byte(whole(sample, ca)), "README.md", func(string) string { return "" })
		for _, i := range issues {
			if !i.Warning {
				t.Errorf("%v\nin\n%s", i, sample)
			}
		}
	}
}

// TestREADME_SmallestConfigurationIsSmall holds the first sample to 12 lines.
func TestREADME_SmallestConfigurationIsSmall(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	sample, _, _ := strings.Cut(strings.SplitN(string(text), "```toml\n", 2)[1], "```")
	if lines := strings.Count(sample, "\n"); lines > 12 {
		t.Errorf("the smallest configuration has %d lines, want at most 12", lines)
	}
	if _, issues := config.Parse([]byte(sample), "README.md", func(string) string { return "" }); config.Failed(issues) {
		t.Errorf("the smallest configuration does not load: %v", issues)
	}
}
