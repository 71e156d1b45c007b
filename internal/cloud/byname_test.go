package cloud

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// Whatever the order in which properties are asked for, each gets its own.
func TestByName_AnswersAsAMapDoes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	b, model := newByName[int](), map[string]int{}
	for range 5000 {
		b.start()
		for range rng.IntN(6) {
			name := strconv.Itoa(rng.IntN(8))
			want, known := model[name]
			got := b.get(name)
			switch {
			case !known && got == nil:
				model[name] = rng.Int()
				value := model[name]
				b.add(name, &value)
			case !known || got == nil || *got != want:
				t.Fatalf("%s: got %v, want %d, %v", name, got, want, known)
			}
		}
	}
	if len(b.order) > 8 {
		t.Errorf("an order of %d properties", len(b.order))
	}
}
