//go:build system

package systemtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// fault is one kind of trouble.
type fault string

const (
	faultKill       fault = "kill -9"
	faultStop       fault = "SIGTERM"
	faultPower      fault = "power cut"
	faultRefused    fault = "cloud refuses"
	faultReset      fault = "reset"
	faultTorn       fault = "reset in a post"
	faultHalfOpen   fault = "half-open"
	faultSilence    fault = "half-open until noticed"
	faultStall      fault = "stall"
	faultSlow       fault = "slow"
	faultBlackHole  fault = "packets dropped"
	faultThin       fault = "tbf"
	faultLost       fault = "replies lost"
	faultDoubled    fault = "replies doubled"
	faultLate       fault = "replies late"
	faultForeign    fault = "replies with a foreign id"
	faultNoID       fault = "replies without id"
	faultNoPuback   fault = "PUBACKs lost"
	faultUnplug     fault = "unplug"
	faultRename     fault = "unplug, other name"
	faultNoise      fault = "garbage on the line"
	faultDamage     fault = "damaged frames"
	faultFull       fault = "disk full"
	faultEIO        fault = "I/O errors"
	faultSlowDisk   fault = "slow disk"
	faultStep       fault = "clock step"
	faultBadReload  fault = "bad reload"
	faultGoodReload fault = "good reload"
)

// A class of faults is counted together.
var classes = map[string][]fault{
	"kills":       {faultKill},
	"power cuts":  {faultPower},
	"outages":     {faultRefused, faultReset, faultTorn, faultHalfOpen, faultSilence, faultStall, faultBlackHole},
	"unplugs":     {faultUnplug, faultRename},
	"full disks":  {faultFull},
	"clock steps": {faultStep},
	"I/O errors":  {faultEIO},
}

// atLeast is what 1,000 schedules must have had of each class.
var atLeast = map[string]int{
	"kills": 200, "power cuts": 200, "outages": 200, "unplugs": 100, "full disks": 50, "clock steps": 50,
}

// theme says what a schedule is built around: its disk, its cloud, its network.
type theme string

const (
	themePlain     theme = "plain"
	themePower     theme = "power"     // state directory on a disk whose power can be cut
	themeFull      theme = "full"      // on a small file system
	themeClock     theme = "clock"     // a binary with a kernel clock of its own
	themeNetwork   theme = "network"   // two network namespaces and a veth pair
	themeMosquitto theme = "mosquitto" // an independent broker
)

// themes are dealt out by the seed, so that any 20 in a row hold the same mix.
var themes = [20]theme{
	0: themePower, 4: themePower, 8: themePower, 12: themePower, 16: themePower,
	1: themeFull, 11: themeFull,
	2: themeClock, 13: themeClock,
	3: themeNetwork, 14: themeNetwork,
	5: themeMosquitto, 15: themeMosquitto,
}

// silenceEvery so many schedules wait for keepalive to find a half-open
// connection, which takes longer than all the rest of them.
const silenceEvery = 40

// act is one fault at its time.
type act struct {
	fault fault
	after time.Duration // since the act before
	lasts time.Duration
	n     int // how much of it
}

func (a act) String() string { return fmt.Sprintf("+%v %s (%v, %d)", a.after, a.fault, a.lasts, a.n) }

// plan is a schedule: a function of its seed alone.
type plan struct {
	seed    uint64
	theme   theme
	rate    int // frames/s
	base    uint32
	sync    time.Duration
	timeout time.Duration // of a reply
	oldest  bool          // oldest-first
	acts    []act
}

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %s, %d frames/s from %d, sync_interval %v, reply_timeout %v, oldest-first %v\n",
		p.seed, p.theme, p.rate, p.base, p.sync, p.timeout, p.oldest)
	for _, a := range p.acts {
		fmt.Fprintf(&b, "  %v\n", a)
	}
	return b.String()
}

// planOf returns the schedule of a seed.
func planOf(seed uint64) *plan {
	random := rand.New(rand.NewPCG(seed, 0x746f72747572))
	p := &plan{
		seed: seed, theme: themes[seed%uint64(len(themes))],
		rate: 50 + random.IntN(351), base: random.Uint32N(1 << 31),
		sync:    time.Duration(100+random.IntN(901)) * time.Millisecond,
		timeout: time.Duration(1000+random.IntN(1001)) * time.Millisecond,
		oldest:  random.IntN(3) == 0,
	}
	if p.theme == "" {
		p.theme = themePlain
	}
	if p.theme == themeFull {
		p.rate += 500 // enough for it to overflow
	}
	broken := 0 // connections that die while the process lives: each costs its wait
	for len(p.acts) < 4+random.IntN(3) {
		a := p.draw(random)
		switch {
		case a.fault == faultFull && p.count(faultFull) > 0:
			continue
		case breaks(a.fault):
			if broken++; broken > 2 {
				continue
			}
		case a.fault == faultKill, a.fault == faultStop, a.fault == faultPower:
			broken = 0
		}
		p.acts = append(p.acts, a)
	}
	p.insist(random)
	return p
}

// insist puts in what the theme is there for.
func (p *plan) insist(random *rand.Rand) {
	if p.seed%silenceEvery == 7 {
		p.acts = append(p.acts, p.make(random, faultSilence))
	}
	want := map[theme]fault{themePower: faultPower, themeFull: faultFull, themeClock: faultStep, themeNetwork: faultBlackHole}[p.theme]
	if want == "" {
		return
	}
	n := 1
	if want == faultPower || want == faultStep {
		n = 2
	}
	for p.count(want) < n {
		i := random.IntN(len(p.acts) + 1)
		p.acts = append(p.acts[:i], append([]act{p.make(random, want)}, p.acts[i:]...)...)
	}
}

func (p *plan) count(f fault) (n int) {
	for _, a := range p.acts {
		if a.fault == f {
			n++
		}
	}
	return n
}

// breaks reports whether the gateway needs a new connection afterwards.
func breaks(f fault) bool {
	switch f {
	case faultRefused, faultReset, faultTorn, faultHalfOpen:
		return true
	}
	return false
}

func (p *plan) draw(random *rand.Rand) act {
	bag := []fault{
		faultKill, faultKill, faultKill, faultStop,
		faultRefused, faultRefused, faultReset, faultTorn, faultHalfOpen, faultStall, faultSlow,
		faultLost, faultLost, faultDoubled, faultLate,
		faultUnplug, faultRename, faultNoise, faultDamage, faultDamage, faultBadReload, faultGoodReload,
	}
	if p.theme != themeMosquitto {
		bag = append(bag, faultForeign, faultNoID, faultNoPuback)
	}
	switch p.theme {
	case themePower:
		bag = append(bag, faultPower, faultPower, faultPower, faultPower, faultEIO, faultEIO, faultSlowDisk)
	case themeNetwork:
		bag = append(bag, faultBlackHole, faultBlackHole, faultThin, faultThin)
	case themeClock:
		bag = append(bag, faultStep, faultStep, faultStep)
	}
	return p.make(random, bag[random.IntN(len(bag))])
}

func (p *plan) make(random *rand.Rand, f fault) act {
	a := act{fault: f, after: time.Duration(50+random.IntN(450)) * time.Millisecond, n: random.IntN(1 << 16)}
	switch f {
	case faultKill, faultStop, faultPower:
		a.lasts = time.Duration(random.IntN(200)) * time.Millisecond
	case faultUnplug, faultRename:
		a.lasts = time.Duration(20+random.IntN(400)) * time.Millisecond
	case faultFull:
		a.lasts = time.Duration(2000+random.IntN(1500)) * time.Millisecond
	default:
		a.lasts = time.Duration(100+random.IntN(1200)) * time.Millisecond
	}
	return a
}
