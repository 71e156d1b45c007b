package infer

import (
	"os"
	"testing"
)

func BenchmarkInfer(b *testing.B) {
	if os.Getenv("GOGC") == "off" {
		b.Skip("an operation makes 140 MB of garbage, which the gate of allocations leaves uncollected")
	}
	one := boards()["a length, several messages"]
	s := one.stream(2000, 7)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		Infer(s)
	}
}
