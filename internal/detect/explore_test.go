package detect

import (
	"testing"
	"os"
	"path/filepath"
	"math/rand/v2"
	"strings"
	"serialgw/internal/config"
	"serialgw/internal/capture"
)

func TestExplore(t *testing.T) {
	cands, err := Presets()
	if err != nil { t.Fatal(err) }
	files, _ := filepath.Glob("../frame/testdata/descriptions/*.toml")
	have := map[string]bool{}
	for _, c := range cands { have[c.Name] = true }
	for _, f := range files {
		b, _ := os.ReadFile(f)
		ds, _ := config.ParseFrames(b, f)
		for name, d := range ds {
			if have[name] { continue }
			c, err := NewCandidate(name, name, d)
			if err != nil { t.Log(err); continue }
			cands = append(cands, c)
		}
	}
	t.Log(len(cands))
	show := func(name string, b []byte) {
		rs := All(b, cands)
		t.Logf("== %s %d", name, len(b))
		for _, r := range rs[:4] { t.Logf("   %-12s %5.1f %% frames %d unknown %d failed %d bits %.0f absent %.2f conv %v same %v against %s", r.Name, 100*r.Explained, r.Frames, r.Unknown, r.Failed, r.Evidence, r.Absent, r.Convincing, r.Same, r.Against()) }
	}
	filepath.Walk("../../../shared/captures", func(p string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() && (strings.HasSuffix(p,".log")||strings.HasSuffix(p,".hexdump")||strings.HasSuffix(p,".bin")||strings.HasSuffix(p,"log")||strings.HasSuffix(p, "mavlink")) {
			b, _ := os.ReadFile(p)
			if strings.HasSuffix(p,".hexdump") {
				var out []byte
				for _, l := range strings.Split(string(b), "\n") { if _, h, ok := strings.Cut(l, ":"); ok { h, _, _ = strings.Cut(h, "  "); x, err := capture.ParseHex(h); if err == nil { out = append(out, x...) } else { t.Log(err) } } }
				b = out
			}
			show(p, b)
		}
		return nil
	})
	rng := rand.New(rand.NewPCG(1,1))
	for range 3 { b := make([]byte, 65536); for i := range b { b[i] = byte(rng.IntN(256)) }; show("random", b) }
	own, _ := filepath.Glob("../../cmd/serialgw/testdata/replay/captures/*")
	for _, p := range own {
		f, err := capture.OpenAny(p); if err != nil { continue }
		var b []byte
		for pk, err := range capture.Packets(f) { if err != nil { break }; if pk.Direction != capture.Outbound { b = append(b, pk.Bytes...) } }
		show(p, b)
	}
}
