package report

import "serialgw/internal/reading"

// readings are values put together again, one reading for each frame that some
// of them came from, oldest first. The memory is used again.
type readings struct {
	board string
	list  []reading.Reading
}

func (o *readings) reset(board string) {
	o.board, o.list = board, o.list[:0]
}

func (o *readings) add(name string, s sample) {
	prop := reading.Property{Name: name, Value: s.value, Label: s.label}
	at := len(o.list)
	for i := range o.list {
		if o.list[i].Stamp == s.stamp && o.list[i].Message == s.message {
			o.list[i].Props = append(o.list[i].Props, prop)
			return
		}
		if at == len(o.list) && o.list[i].Stamp.Since(s.stamp) > 0 {
			at = i
		}
	}
	var spare []reading.Property
	if n := len(o.list); n < cap(o.list) {
		spare = o.list[:n+1][n].Props[:0]
	}
	o.list = append(o.list, reading.Reading{})
	copy(o.list[at+1:], o.list[at:])
	o.list[at] = reading.Reading{Board: o.board, Message: s.message, Stamp: s.stamp, Props: append(spare, prop)}
}
