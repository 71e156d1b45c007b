package sidebyside

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// cost is what a program took, the median of its runs: seconds, and MiB.
type cost struct{ wall, cpu, rss float64 }

// program is one more beside the references, as a line for the shell.
type program struct{ name, line string }

// bench lets bench.py run references and our own program in turn.
func (s *session) bench(t *testing.T, work string, peers []string, more ...program) map[string]cost {
	t.Helper()
	out := filepath.Join(s.dir, work+"-runs.json")
	args := []string{"bench.py", work, "--runs", fmt.Sprint(*runs), "--json", out, "--only", strings.Join(peers, ",")}
	for _, p := range more {
		args = append(args, "--add", p.name+"="+p.line)
	}
	fmt.Print(s.mustRun(t, time.Duration(*runs*(len(peers)+len(more)))*30*time.Second, s.ref, python, args...))
	text, err := os.ReadFile(out)
	must(t, err)
	costs, err := parseCosts(text)
	must(t, err)
	for _, name := range peers {
		if _, ok := costs[name]; !ok {
			t.Fatalf("%s did not run", name)
		}
	}
	for _, p := range more {
		if _, ok := costs[p.name]; !ok {
			t.Fatalf("%s did not run", p.name)
		}
	}
	return costs
}

// parseCosts reads what bench.py writes: wall, CPU, RSS and the broker's CPU of
// each run of each program.
func parseCosts(text []byte) (map[string]cost, error) {
	var all struct{ Runs map[string][][4]float64 }
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("cannot read the runs: %w", err)
	}
	costs := make(map[string]cost)
	for name, list := range all.Runs {
		if len(list) == 0 {
			continue // each of them failed
		}
		column := func(i int) float64 {
			var values []float64
			for _, r := range list {
				values = append(values, r[i])
			}
			return median(values)
		}
		costs[name] = cost{column(0), column(1), column(2)}
	}
	return costs, nil
}

func median(values []float64) float64 { return quantile(values, 0.5) }

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	return values[int(q*float64(len(values)-1)+0.5)]
}

// worstNoise is 20 MB of what keeps a scanner busiest; the same in double size
// shows whether time grows with it alone.
var worstNoise = []struct {
	name string
	unit []byte // none: random bytes
}{
	{"AA", []byte{0xAA}}, {"AA55", []byte{0xAA, 0x55}}, {"AA550F01", []byte{0xAA, 0x55, 0x0F, 0x01}}, {"random", nil},
}

// measureDecode is from a recording to JSON lines.
func measureDecode(t *testing.T, s *session) {
	config := s.configure(t, brokerAddr, "/dev/null", 115200, "")
	decode := func(file string) string {
		return fmt.Sprintf("%s decode --flat -c %s -f bench -i %s", s.serialgw, config, file)
	}
	more := []program{{"serialgw", decode("{cap}")}, {"noisy", decode(filepath.Join(s.data, "w1n.bin"))}}
	for _, n := range worstNoise {
		for _, mb := range []int{20, 40} {
			name := fmt.Sprintf("%s-%d", n.name, mb)
			more = append(more, program{name, decode(s.repeated(t, name, mb*1_000_000, n.unit...))})
		}
	}
	peers := []string{"ref-hard", "ref-plan", "py-orig"}
	if s.node {
		peers = append(peers, "node-fast")
	}
	c := s.bench(t, "w1", peers, more...)
	ours := c["serialgw"].cpu
	if wanted(1) {
		s.table.atMost(1, "decode, CPU, beside ref-hard", " s/1M", ours, c["ref-hard"].cpu, 1.4)
		s.table.atMost(1, "decode, CPU, beside py-orig", " s/1M", ours, c["py-orig"].cpu, 1.0/60)
		if s.node {
			s.table.atMost(1, "decode, CPU, beside node-fast", " s/1M", ours, c["node-fast"].cpu, 1.0/5)
		} else {
			s.table.skip(1, "decode, CPU, beside node-fast", "NODE_PATH has no serialport and mqtt")
		}
		s.exact(t, 1, "decode, frames right of 1,000,000", decode("%s"), "w1", "lines=1000000 intact_frames=1000000 missing=0 wrong=0 extra=0 out_of_order=0")
	}
	if wanted(3) {
		s.exact(t, 3, "noisy line, frames right of 995,018", decode("%s"), "w1n", "lines=995018 intact_frames=995018 missing=0 wrong=0 extra=0 out_of_order=0")
		s.table.atMost(3, "noisy line, CPU, beside the clean one", " s/1M", c["noisy"].cpu, ours, 1.15)
		for _, n := range worstNoise {
			s.table.atMost(3, "20 MB of "+n.name+", CPU, beside frames", " s", c[n.name+"-20"].cpu, ours, 2)
			s.table.atMost(3, "40 MB of "+n.name+", CPU, beside 20 MB", " s", c[n.name+"-40"].cpu, c[n.name+"-20"].cpu, 2.1)
		}
	}
}

// exact lets the references judge every line that was decoded.
func (s *session) exact(t *testing.T, goal int, what, decode, recording, want string) {
	t.Helper()
	file := filepath.Join(s.data, recording+".bin")
	out, err := s.run(t, time.Minute, ".", "sh", "-c", fmt.Sprintf(decode, file)+" 2>/dev/null | "+s.benchref+" check "+file)
	out = strings.TrimSpace(out)
	s.table.add(goal, what, "all", strings.Fields(out + " -")[0], "", "", err == nil && out == want)
}

// measureAllocations lets the tests of internal/speed count.
func measureAllocations(t *testing.T, s *session) {
	out, err := s.run(t, 2*time.Minute, root, "go", "test", "./internal/speed", "-count", "1", "-v", "-timeout", "110s",
		"-run", "TestPayload_AllocatesNothing$|TestPayload_AMillion|TestStore_AllocatesNothing$|TestPublish_")
	s.table.add(2, "decode to payload, allocations a frame", "0", failures(out, "TestPayload_AllocatesNothing"), "", "", err == nil)
	few, many := 0.0, 0.0
	_, e := fmt.Sscanf(behind(out, "allocations for 1000 frames: "), "%f, for 1000000: %f", &few, &many)
	s.table.add(2, "allocations of 1M frames over those of 1k", "≤ 100", short(many-few), "", "", e == nil && many-few <= 100)
	ours, paho := 0.0, 0.0
	_, e = fmt.Sscanf(behind(out, "allocations a post: "), "%f, of paho alone %f", &ours, &paho)
	s.table.add(2, "publish, allocations a post", "≤ paho + 3", short(ours), short(paho), "", e == nil && ours <= paho+3)
}

func behind(text, mark string) string {
	_, rest, _ := strings.Cut(text, mark)
	return rest
}

func failures(out, test string) string {
	if strings.Contains(out, "--- PASS: "+test+" ") {
		return "0"
	}
	return "more"
}

// measureBroker is from a recording to the last PUBACK of mosquitto.
func measureBroker(t *testing.T, s *session) {
	replay := s.replay(t, brokerAddr)
	peers := []string{"ref-prebuilt", "ref-paho"}
	if s.node {
		peers = append(peers, "node-fast")
	}
	c := s.bench(t, "w2", peers, program{"serialgw", replay + " {cap}"}, program{"no-queue", replay + " --no-queue {cap}"})
	if wanted(4) {
		ours := c["serialgw"]
		s.table.atLeast(4, "mosquitto, posts, beside ref-prebuilt", "/s", rate(ours), rate(c["ref-prebuilt"]), 0.95)
		if s.node {
			s.table.atLeast(4, "mosquitto, posts, beside node-fast", "/s", rate(ours), rate(c["node-fast"]), 1)
		} else {
			s.table.skip(4, "mosquitto, posts, beside node-fast", "NODE_PATH has no serialport and mqtt")
		}
		s.table.atMost(4, "mosquitto, CPU, beside ref-paho", " s/1M", ours.cpu*5, c["ref-paho"].cpu*5, 0.95)
	}
	if wanted(6) {
		s.table.atLeast(6, "posts with the queue, beside without", "/s", rate(c["serialgw"]), rate(c["no-queue"]), 0.9)
	}
}

// measureSink is the same with a broker that only acknowledges.
func measureSink(t *testing.T, s *session) {
	peers := []string{"ref-paho"}
	if s.node {
		peers = append(peers, "node-fast")
	}
	c := s.bench(t, "w2s", peers, program{"serialgw", s.replay(t, sinkAddr) + " {cap}"})
	ours := c["serialgw"]
	s.table.atLeast(5, "sink, posts, beside ref-paho", "/s", rate(ours), rate(c["ref-paho"]), 2)
	if s.node {
		s.table.atLeast(5, "sink, posts, beside node-fast", "/s", rate(ours), rate(c["node-fast"]), 1.4)
	} else {
		s.table.skip(5, "sink, posts, beside node-fast", "NODE_PATH has no serialport and mqtt")
	}
	s.table.atMost(5, "sink, CPU, beside ref-paho", " s/1M", ours.cpu*5, c["ref-paho"].cpu*5, 0.6)
	s.table.below(5, "sink, RSS", " MiB", ours.rss, 32)
}

// posts is how many frames the recording for brokers has.
const posts = 200_000

func rate(c cost) float64 { return posts / c.wall }

func (s *session) replay(t *testing.T, broker string) string {
	t.Helper()
	return fmt.Sprintf("%s replay -q --speed max -c %s", s.serialgw, s.configure(t, broker, "/dev/null", 115200, ""))
}

func TestParseCosts(t *testing.T) {
	got, err := parseCosts([]byte(`{"work": "w1", "frames": 5, "runs": {"a": [[3, 30, 7, 0], [1, 10, 9, 0], [2, 20, 8, 0]], "b": []}}`))
	if want := (cost{2, 20, 8}); err != nil || len(got) != 1 || got["a"] != want {
		t.Errorf("got %v, %v, want only %v", got, err, want)
	}
	if _, err := parseCosts([]byte("{")); err == nil {
		t.Error("no error")
	}
}
