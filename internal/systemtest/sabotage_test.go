//go:build system

package systemtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sabotage is a small fault put into the program, and the test whose name says
// that it finds it.
type sabotage struct {
	file     string // of this repository
	old, new string // old stands in the file exactly once
	pkg      string // of the test
	test     string
}

var sabotages = map[string]sabotage{
	"RescanRemoved": {
		file: "internal/frame/scanner.go",
		old:  "	n := int(v.drop)\n	held := s.buf[s.pos:]\n",
		new:  "	held := s.buf[s.pos:]\n	n := max(int(v.drop), min(s.plan.min, len(held)))\n",
		pkg:  "internal/frame", test: "TestScanner_RescansOneByteAfterFailedSync",
	},
	"FsyncRemoved": {
		file: "internal/queue/flush.go",
		old:  "		if err := f.Sync(); err != nil {\n",
		new:  "		if err := f == nil; err {\n			err := ErrClosed\n",
		pkg:  "internal/queue", test: "TestSync_PowerCutLosesNothingSynced",
	},
	"DirectorySyncRemoved": {
		file: "internal/queue/flush.go",
		old:  "	if !named {\n",
		new:  "	if !named && handles == nil {\n",
		pkg:  "internal/queue", test: "TestSync_PowerCutLosesNothingSynced",
	},
	"AckBeforePublish": {
		file: "internal/gateway/deliver.go",
		old:  "	d.posts[id], d.unsent = b, true\n",
		new:  "	d.posts[id], d.unsent = b, true\n	d.deps.Queue.Ack(b.seqs()...)\n",
		pkg:  "internal/gateway", test: "TestDeliver_AcksOnlyAfterVerdict",
	},
	"EndiannessSwapped": {
		file: "internal/frame/types.go",
		old:  "		return uint64(binary.LittleEndian.Uint16(b))\n",
		new:  "		return uint64(binary.BigEndian.Uint16(b))\n",
		pkg:  "internal/frame", test: "TestDecode_EndiannessOfEveryField",
	},
	"QueueLimitOffByOne": {
		file: "internal/queue/room.go",
		old:  "	if used+q.cfg.SegmentBytes > q.cfg.MaxBytes {",
		new:  "	if used+q.cfg.SegmentBytes >= q.cfg.MaxBytes {",
		pkg:  "internal/queue", test: "TestLimit_ExactlyMaxBytesIsKept",
	},
	"GatewayImportsPaho": {
		file: "internal/gateway/batch.go",
		old:  "import (\n	\"maps\"\n",
		new:  "import (\n	_ \"github.com/eclipse/paho.mqtt.golang/packets\"\n	\"maps\"\n",
		pkg:  "internal/archtest", test: "TestRooms_KeepTheirLibrariesToThemselves",
	},
}

// TestSabotage_IsFound puts each fault into the program, in a copy that only
// the compiler sees, and wants the named test to fail, which passes without it.
func TestSabotage_IsFound(t *testing.T) {
	for name, s := range sabotages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out, err := s.run(t, ""); err != nil || !strings.Contains(out, "--- PASS: "+s.test) {
				t.Fatalf("%s does not pass without the sabotage: %v\n%s", s.test, err, out)
			}
			out, err := s.run(t, s.overlay(t))
			if err == nil || !strings.Contains(out, "--- FAIL: "+s.test) {
				t.Errorf("%s does not find it: %v\n%s", s.test, err, out)
			}
		})
	}
}

// overlay writes the spoilt file beside the tree and returns the list that puts
// it into the compiler's way.
func (s sabotage) overlay(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../..", s.file))
	must(t, err)
	text, err := os.ReadFile(path)
	must(t, err)
	if n := strings.Count(string(text), s.old); n != 1 {
		t.Fatalf("%s has %d places for the sabotage, want 1: it has changed, change the sabotage too", s.file, n)
	}
	dir := t.TempDir()
	spoilt, list := filepath.Join(dir, "spoilt.go"), filepath.Join(dir, "overlay.json")
	must(t, os.WriteFile(spoilt, []byte(strings.Replace(string(text), s.old, s.new, 1)), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: spoilt}})
	must(t, err)
	must(t, os.WriteFile(list, overlay, 0o600))
	return list
}

// run runs the named test and returns what it printed.
func (s sabotage) run(t *testing.T, overlay string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count", "1", "-timeout", "120s", "-run", "^"+s.test+"$", "-v", "./"+s.pkg)
	cmd.Dir = "../.."
	cmd.Env = os.Environ()
	if overlay != "" {
		cmd.Env = append(cmd.Env, "GOFLAGS=-overlay="+overlay) // also for a go that the test runs
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
