package infer

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

func TestOne(t *testing.T) {
	for _, text := range os.Args {
		if n, err := strconv.Atoi(text); err == nil {
			rng := rand.New(rand.NewPCG(uint64(n), 99))
			d := drawProtocol(rng)
			s := d.stream(2000, rng)
			t.Log(d.text)
			t.Logf("% X", s[:120])
			for i, r := range rules(s[:min(len(s), window)]) {
				if i < 5 {
					t.Logf("%d: gram % X fixed %d length %v mul %d add %d id %v table %v open %v: %d frames, score %.3f", i, r.anchor.gram, r.fixed, r.length, r.mul, r.add, r.id, r.table, r.open, len(r.frames), r.score(len(s)))
				}
			}
			r := Infer(s)
			t.Logf("%+v", r)
		}
	}
}
