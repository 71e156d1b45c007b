package infer

import "testing"

func BenchmarkInfer(b *testing.B) {
	one := boards()["a length, several messages"]
	s := one.stream(2000, 7)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		Infer(s)
	}
}
