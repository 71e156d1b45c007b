//go:build system

package frame_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
)

// Programs that others wrote do the same work on the same bytes. The gate has
// them installed and says -peers, so that a missing one fails; elsewhere it
// skips its test.
var peers = flag.Bool("peers", false, "fail, do not skip, where another implementation is missing")

// peerCases is how many random frames, and as many damaged ones, each peer is
// given.
const peerCases = 20_000

func missingPeer(t *testing.T, what, cure string) {
	t.Helper()
	if *peers {
		t.Fatalf("%s is missing: %s", what, cure)
	}
	t.Skipf("%s is missing, so nothing was compared: %s", what, cure)
}

// ask runs a peer over lines of questions and returns its lines.
func ask(t *testing.T, questions []string, name string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(strings.Join(questions, "\n") + "\n")
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, failed.String())
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(questions) {
		t.Fatalf("%s: %d answers to %d questions", name, len(answers), len(questions))
	}
	return answers
}

// specialRun returns 1 to most random bytes, many of which need an escape, in
// runs long enough for COBS' full blocks.
func specialRun(rng *rand.Rand, most int) []byte {
	b := make([]byte, 1+rng.IntN(most))
	escapes := rng.IntN(4) * 10 // percent
	for i := range b {
		if b[i] = byte(1 + rng.IntN(255)); rng.IntN(100) < escapes {
			b[i] = []byte{0, 0x7E, 0x7D, 0xC0, 0xDB, 0xDC, 0xDD, 0x5E}[rng.IntN(8)]
		}
	}
	return b
}

func spoilt(rng *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range 1 + rng.IntN(3) {
		switch i := rng.IntN(len(b)); rng.IntN(3) {
		case 0:
			b[i] = byte(rng.Uint32())
		case 1:
			b = slices.Insert(b, i, byte(rng.Uint32()))
		default:
			if len(b) > 1 {
				b = slices.Delete(b, i, i+1)
			}
		}
	}
	return b
}

func barePlan(t *testing.T, kind string) *frame.Plan {
	t.Helper()
	return mustCompile(t, kind, frame.Description{Stuff: &frame.Stuff{Kind: kind}, Max: 600,
		Fields: []frame.Field{{Name: "v", Type: "B", Repeat: "rest", Max: 600, Range: []float64{0, 255}}}})
}

// TestPeers_COBSAndSLIP: the npm packages cobs and slip read what we write, we
// read what they write, and what damage leaves we refuse or read as they do.
func TestPeers_COBSAndSLIP(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		missingPeer(t, "node", "apt install nodejs npm")
	}
	modules := filepath.Join("..", "..", "bin", "peers", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "cobs")); err != nil {
		missingPeer(t, "the npm package cobs", "npm install --prefix bin/peers cobs@0.2.1 slip@1.0.2")
	}
	if modules, err = filepath.Abs(modules); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NODE_PATH", modules)
	for _, codec := range []string{"cobs", "slip"} {
		t.Run(codec, func(t *testing.T) {
			p, rng := barePlan(t, codec), rand.New(rand.NewPCG(11, 12))
			questions, frames := make([]string, 0, 3*peerCases), make([][]byte, 0, peerCases)
			hurt := make([][]byte, 0, peerCases)
			for range peerCases {
				b := specialRun(rng, 600)
				wire := p.Wire(nil, b)
				bad := spoilt(rng, wire)
				frames, hurt = append(frames, b), append(hurt, bad)
				if codec == "cobs" { // the package leaves the delimiter to others
					wire, bad = wire[:len(wire)-1], bytes.Trim(bad, "\x00")
				} else { // the package waits for it
					bad = append(bad, 0xC0)
				}
				questions = append(questions, fmt.Sprintf("%s encode %x", codec, b), fmt.Sprintf("%s decode %x", codec, wire),
					fmt.Sprintf("%s decode %x", codec, bad))
			}
			answers := ask(t, questions, node, filepath.Join("testdata", "peers", "stuff.js"))
			taken := 0
			for i, b := range frames {
				theirs := fromHex(t, strings.TrimPrefix(answers[3*i], "="))
				if got, err := p.Unstuff(nil, theirs); err != nil || !bytes.Equal(got, b) {
					t.Fatalf("% X: they write % X, which we read as % X, %v", b, theirs, got, err)
				}
				if want := "=" + hex.EncodeToString(b); answers[3*i+1] != want {
					t.Fatalf("% X: we write %s, which they read as %s", b, questions[3*i+1], answers[3*i+1])
				}
				if got, err := p.Unstuff(nil, hurt[i]); err == nil && len(got) > 0 {
					taken++
					if want := "=" + hex.EncodeToString(got); answers[3*i+2] != want {
						t.Fatalf("damaged % X: we read % X, they %s", hurt[i], got, answers[3*i+2])
					}
				}
			}
			if taken < peerCases/10 || taken == peerCases {
				t.Errorf("%d of %d damaged frames were read: the damage proves nothing", taken, peerCases)
			}
		})
	}
}

// TestPeers_HDLC: pppdump, from Debian's ppp, finds the same frames as we in a
// recording of what we write, of what is escaped at random, and of both damaged;
// it checks the frames' CRC as well.
func TestPeers_HDLC(t *testing.T) {
	path, err := exec.LookPath("pppdump")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/pppdump"); err != nil {
			missingPeer(t, "pppdump", "apt install ppp")
		}
	}
	p := mustCompile(t, "ppp", frame.Description{Stuff: &frame.Stuff{Kind: "hdlc"}, Max: 200, Sync: "FF 03 00 21", Data: 4,
		Check: []frame.Check{{Kind: "crc-16/ibm-sdlc", Endian: "little"}}, Fields: []frame.Field{{Name: "v", Type: "B", Repeat: "rest", Max: 190}}})
	rng := rand.New(rand.NewPCG(13, 14))
	var stream []byte
	intact := 0
	for i := range 2 * peerCases {
		b := append([]byte{0, 0, 0, 0}, specialRun(rng, 150)...)
		b = append(b, 0, 0)
		if err := p.Seal(b, p.Messages()[0], 0); err != nil {
			t.Fatal(err)
		}
		wire := p.Wire(nil, b)
		if i%2 == 1 {
			wire = escapedAnyhow(rng, b)
		}
		if i%4 < 2 {
			wire = spoilt(rng, wire)
		} else {
			intact++
		}
		stream = append(stream, 0x7E)
		stream = append(stream, wire...)
	}
	stream = append(stream, 0x7E)
	theirs := pppdumped(t, path, stream)
	ours, _ := scanBytes(t, p, slices.Collect(slices.Chunk(stream, 4096))...)
	if len(ours) < intact {
		t.Errorf("we found %d frames, %d were whole", len(ours), intact)
	}
	for i := range min(len(ours), len(theirs)) {
		if got := ours[i][:len(ours[i])-2]; !bytes.Equal(got, theirs[i]) {
			t.Fatalf("frame %d: we found % X, pppdump % X", i, got, theirs[i])
		}
	}
	if len(ours) != len(theirs) {
		t.Errorf("we found %d frames, pppdump %d", len(ours), len(theirs))
	}
}

// escapedAnyhow escapes what must be, and other bytes too, as a sender may.
func escapedAnyhow(rng *rand.Rand, b []byte) []byte {
	out := []byte{0x7E}
	for _, x := range b {
		if x == 0x7E || x == 0x7D || rng.IntN(8) == 0 && x != 0x5E {
			out = append(out, 0x7D, x^0x20)
		} else {
			out = append(out, x)
		}
	}
	return append(out, 0x7E)
}

// pppdumped returns the packets that pppdump finds in what a line received and
// whose CRC holds, without it.
//
//	rcvd  ff 03 00 21 12 34 56 7e                         ...!.4V~
//	     BAD FCS: (residue = 7db9)
func pppdumped(t *testing.T, pppdump string, stream []byte) (packets [][]byte) {
	t.Helper()
	record := []byte{7, 0, 0, 0, 1} // the time of the start
	for part := range slices.Chunk(stream, 4096) {
		record = append(binary.BigEndian.AppendUint16(append(record, 2), uint16(len(part))), part...)
	}
	file := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(file, record, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), pppdump, "-p", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	open := false
	for line := range strings.Lines(string(out)) {
		head, digits := line[:min(6, len(line))], line[min(6, len(line)):min(54, len(line))]
		b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		switch {
		case strings.Contains(line, "BAD FCS"): // of what stands above, which may be an aborted packet
			packets = packets[:len(packets)-b2i(open)]
			open = false
		case head == "rcvd  " && err == nil && len(b) > 0:
			packets, open = append(packets, b), true
		case head == "      " && err == nil && open:
			packets[len(packets)-1] = append(packets[len(packets)-1], b...)
		default:
			open = false
		}
	}
	// Only ours have this beginning; what damage makes of another one we refuse.
	return slices.DeleteFunc(packets, func(b []byte) bool { return !bytes.HasPrefix(b, []byte{0xFF, 3, 0, 0x21}) || len(b) < 4 })
}

// TestPeers_CRCCatalogue: Debian's python3-crccheck computes the same CRC of
// random bytes for every name that both know.
func TestPeers_CRCCatalogue(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's own, which sees Debian's packages
	if err := exec.CommandContext(t.Context(), python, "-c", "import crccheck").Run(); err != nil {
		missingPeer(t, "python3-crccheck", "apt install python3-crccheck")
	}
	const each = 200
	rng := rand.New(rand.NewPCG(15, 16))
	var questions, ours, names []string
	for _, crc := range frame.CRCs() {
		sum, err := frame.NewChecksum(frame.Check{Kind: crc.Name})
		if err != nil {
			t.Fatal(err)
		}
		for range each {
			b := make([]byte, rng.IntN(80))
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			questions = append(questions, fmt.Sprintf("%s %x", strings.NewReplacer("-", "", "/", "").Replace(crc.Name), b))
			ours, names = append(ours, fmt.Sprintf("%x", sum.Sum(b))), append(names, crc.Name)
		}
	}
	compared := map[string]bool{}
	for i, theirs := range ask(t, questions, python, filepath.Join("testdata", "peers", "crc.py")) {
		if theirs == "-" {
			continue
		}
		compared[names[i]] = true
		if theirs != ours[i] {
			t.Fatalf("%s: we compute %s, they %s", questions[i], ours[i], theirs)
		}
	}
	if len(compared) < 100 {
		t.Errorf("only %d names were compared", len(compared))
	}
	t.Logf("%d of %d names, %d sums each", len(compared), len(frame.CRCs()), each)
}
