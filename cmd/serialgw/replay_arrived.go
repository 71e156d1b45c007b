package main

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"serialgw/internal/onenetsim"
)

// arrivedMost is how many values are shown at most.
const arrivedMost = 16

// arrivals is what the simulator took: the newest value of each identifier.
type arrivals struct {
	mu     sync.Mutex
	posts  int
	values int
	order  []string // identifiers, as they came first
	newest map[string]onenetsim.Value
}

// take notes one message that the simulator has judged.
func (a *arrivals) take(p onenetsim.Post) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(p.Values) == 0 {
		return // refused, and counted elsewhere
	}
	a.posts++
	a.values += len(p.Values)
	for _, v := range p.Values {
		old, ok := a.newest[v.Identifier]
		if !ok {
			a.order = append(a.order, v.Identifier)
		}
		if !ok || v.Time >= old.Time {
			a.newest[v.Identifier] = v
		}
	}
}

// write shows what arrived; nothing when nothing did.
func (a *arrivals) write(w io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.posts == 0 {
		return
	}
	shown := make([]string, 0, arrivedMost)
	for _, name := range a.order[:min(len(a.order), arrivedMost)] {
		shown = append(shown, fmt.Sprintf("%s %s", name, a.newest[name].Raw))
	}
	if more := len(a.order) - arrivedMost; more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	_, _ = fmt.Fprintf(w, "the simulator took %s in %s with code 200; the newest there:\n  %s\n",
		count(a.values, "value"), count(a.posts, "post"), strings.Join(shown, ", "))
}
