package frame

// turns remembers whose turn it is on a sniffed two-way bus.
type turns struct {
	open bool  // the frame before was a request
	id   int64 // its id
}

// side is the message's place among fits: 0 request or none, 1 reply.
func (m *MessagePlan) side() int {
	if m.Turn == "reply" {
		return 1
	}
	return 0
}

// awaits reports whether a reply with that id comes next.
func (t turns) awaits(id int64) bool { return t.open && t.id == id }

// choose picks between a request and a reply that fit the same bytes: the
// reply right after a request with the same id, otherwise the request. One
// that does not fit has no message. [WIRE-11]
func (t turns) choose(request, reply verdict, id int64) verdict {
	if request.message == nil || (reply.message != nil && t.awaits(id)) {
		return reply
	}
	return request
}

// after returns the state behind an accepted message.
func (t turns) after(m *MessagePlan, id int64) turns {
	switch {
	case m == nil:
		return turns{}
	case m.Turn == "request":
		return turns{open: true, id: id}
	case m.Turn == "reply":
		return turns{}
	}
	return t
}
