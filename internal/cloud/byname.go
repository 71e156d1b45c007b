package cloud

// byName keeps one T for each property. Most records name the same properties
// in the same order as the one before, so that its order is tried before the
// map is. It is not safe for concurrent use.
type byName[T any] struct {
	all   map[string]*T
	order []named[T] // of the record before
	next  int        // which of them is expected next
}

type named[T any] struct {
	name string
	it   *T
}

func newByName[T any]() byName[T] { return byName[T]{all: make(map[string]*T)} }

// start says that the first property of a record is asked for next.
func (b *byName[T]) start() { b.next = 0 }

// get returns what is kept for a property, or nil.
func (b *byName[T]) get(name string) *T {
	at := b.next
	b.next++
	if at < len(b.order) && b.order[at].name == name {
		return b.order[at].it
	}
	it := b.all[name]
	switch {
	case it == nil:
		b.next = at
	case at < len(b.order):
		b.order[at] = named[T]{name, it}
	default:
		b.order = append(b.order[:at], named[T]{name, it})
	}
	return it
}

// add keeps it for a property that has nothing yet.
func (b *byName[T]) add(name string, it *T) { b.all[name] = it }
