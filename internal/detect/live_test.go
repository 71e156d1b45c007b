package detect_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"serialgw/internal/detect"
	"serialgw/internal/frame"
	"serialgw/internal/infer"
	"serialgw/internal/uart"
)

// fakePort is a port whose board speaks at one rate: at any other, noise comes,
// and its driver may count the damage.
type fakePort struct {
	speaks  int
	says    []byte
	counts  bool
	refuses []int // rates that the driver has not
	pty     bool

	baud    int
	at      int
	rng     *rand.Rand
	damaged uint32
	tried   []int
}

func (p *fakePort) HasRate() bool { return !p.pty }

func (p *fakePort) SetBaud(cfg uart.Config) error {
	if slices.Contains(p.refuses, cfg.Baud) {
		return fmt.Errorf("cannot run at %d baud", cfg.Baud)
	}
	p.baud = cfg.Baud
	p.tried = append(p.tried, cfg.Baud)
	return nil
}

func (p *fakePort) Counters() (uart.Counters, bool) {
	return uart.Counters{Framing: p.damaged}, p.counts
}

// Read gives what comes in a tenth of a second at most.
func (p *fakePort) Read(buf []byte, wait time.Duration) (int, error) {
	if len(p.says) == 0 {
		time.Sleep(wait)
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(min(wait, 50*time.Millisecond))
	n := min(len(buf), p.speaks/10/20, len(p.says)-p.at)
	if p.pty || p.baud == p.speaks {
		n = copy(buf[:n], p.says[p.at:])
		p.at = (p.at + n) % len(p.says)
		return n, nil
	}
	for i := range n {
		buf[i] = byte(p.rng.IntN(256))
		if p.rng.IntN(4) == 0 {
			p.damaged++
		}
	}
	return n, nil
}

// demoFrames are those of the demo board.
func demoFrames(t *testing.T) []byte {
	t.Helper()
	for _, c := range candidates(t) {
		if c.Name == "demo" {
			return synthetic(t, c.Plan, nil, rand.New(rand.NewPCG(1, 1)))
		}
	}
	t.Fatal("no preset demo")
	return nil
}

func TestLive(t *testing.T) {
	all, err := detect.Presets()
	if err != nil {
		t.Fatal(err)
	}
	known := demoFrames(t)
	for name, row := range map[string]struct {
		port  fakePort
		known bool
		baud  int
		first string // preset; "" = none
		least int    // rates that were tried
	}{
		"the present rate is right":      {fakePort{speaks: 115200, says: known, counts: true}, true, 115200, "demo", 1},
		"another rate, counted":          {fakePort{speaks: 19200, says: known, counts: true}, true, 19200, "demo", 2},
		"another rate, nothing counted":  {fakePort{speaks: 38400, says: known}, true, 38400, "demo", 2},
		"a rate that the driver has not": {fakePort{speaks: 57600, says: known, refuses: []int{9600}}, true, 57600, "demo", 2},
		"no preset, but a check":         {fakePort{speaks: 9600, says: unknownFrames(t)}, true, 9600, "", 12},
		"noise, clean at one rate":       {fakePort{speaks: 9600, says: noise(4, 20000), counts: true}, true, 9600, "", 12},
		"noise at every rate":            {fakePort{speaks: 9600, says: noise(4, 20000)}, false, 115200, "", 12},
		"a pty":                          {fakePort{speaks: 115200, says: known, pty: true}, false, 115200, "demo", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				port := row.port
				port.rng = rand.New(rand.NewPCG(5, 5))
				cfg := uart.Defaults()
				told := 0
				began := time.Now()
				each := 2 * time.Second
				heard, err := detect.Live(t.Context(), &port, cfg, each, all, func(detect.Trial) { told++ })
				if err != nil {
					t.Fatal(err)
				}
				if heard.Known != row.known || heard.Baud != row.baud {
					t.Errorf("rate %d, known %v (%s), want %d, %v", heard.Baud, heard.Known, heard.Why, row.baud, row.known)
				}
				if got := heard.Ranks[0]; got.Convincing != (row.first != "") || row.first != "" && got.Name != row.first {
					t.Errorf("first is %s, convincing %v, want %q", got.Name, got.Convincing, row.first)
				}
				if !port.pty && port.baud != cfg.Baud {
					t.Errorf("the port is left at %d baud, want %d", port.baud, cfg.Baud)
				}
				if len(port.tried) < row.least || told < max(1, row.least) {
					t.Errorf("tried %v, told %d, want %d at least", port.tried, told, row.least)
				}
				if took, most := time.Since(began), detect.Limit(len(detect.Rates()), each); took > most {
					t.Errorf("took %v, want %v at most", took, most)
				}
			})
		})
	}
}

// unknownFrames are those of a board that nobody has described.
func unknownFrames(t *testing.T) []byte {
	t.Helper()
	sum, err := frame.NewChecksum(frame.Check{Kind: "crc-16/xmodem", Endian: "big"})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(9, 9))
	var out []byte
	for i := range 2000 {
		f := []byte{0xC3, 0x3C, byte(i), byte(rng.IntN(256)), byte(rng.IntN(9)), byte(rng.IntN(256)), 0, byte(rng.IntN(256))}
		crc := sum.Sum(f)
		out = append(append(out, f...), byte(crc>>8), byte(crc))
	}
	if r := infer.Infer(out); r.Check.Grade != infer.Certain {
		t.Fatalf("the check is %v", r.Check.Grade)
	}
	return out
}

func TestLive_Silent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := detect.Live(t.Context(), &fakePort{speaks: 9600}, uart.Defaults(), time.Second, nil, func(detect.Trial) {})
		if !errors.Is(err, detect.ErrSilent) {
			t.Errorf("error %v, want that nothing came in", err)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("took %v: silence at one rate is silence at all", took)
		}
	})
}

func TestLive_Stopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		port := &fakePort{speaks: 9600, says: noise(1, 5000), rng: rand.New(rand.NewPCG(5, 5))}
		if _, err := detect.Live(ctx, port, uart.Defaults(), 2*time.Second, nil, func(detect.Trial) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
		if want := uart.Defaults().Baud; port.baud != want {
			t.Errorf("the port is left at %d baud, want %d", port.baud, want)
		}
	})
}
