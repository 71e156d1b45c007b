package cloud

import (
	"errors"
	"fmt"
	"net"
)

// outgoing is a message that waits for the sender.
type outgoing struct {
	topic   string
	payload []byte
}

// post hands a post to the sender; its outbox has room. The client's mutex is
// held.
func (s *session) post(f *flight, payload []byte) {
	topic := s.c.topics.Post
	if f.history {
		topic = s.c.topics.History
	}
	s.conn.expect()
	s.outbox <- outgoing{topic, payload}
}

// send is the sender of a session: it alone gives the codec messages and writes
// to the network, so that a stuck socket holds up nobody else. While it does,
// posts wait in the outbox, which has room for a window of them, and the codec
// writes at most what keeps the connection alive.
//
//	Post ─▶ outbox ─▶ send ─▶ paho ─▶ conn.Write: gathered ─▶ send ─▶ TCP or TLS
//
// It ends with the connection.
func (s *session) send() {
	outbox, answers, done := s.outbox, s.answers, s.done
	for {
		select {
		case <-s.conn.over:
			return
		case <-s.conn.ready:
			if err := s.conn.send(); err != nil && !errors.Is(err, net.ErrClosed) {
				s.fail(err)
			}
		case m := <-outbox:
			s.publish(m)
		case a := <-answers:
			s.client.Publish(a.topic, 0, false, a.payload)
		case <-done: // what is gathered still goes out
			outbox, answers, done = nil, nil, nil
		}
	}
}

// publish gives the codec a post. What goes wrong here ends the session, and so
// does a broker that does not acknowledge: paho keeps a little of each post
// until its PUBACK.
func (s *session) publish(m outgoing) {
	if s.conn.unackedPosts() >= unackedMost {
		s.conn.forgo()
		s.fail(fmt.Errorf("the broker owes the acknowledgement of %d messages", unackedMost))
		return
	}
	token := s.client.Publish(m.topic, 1, false, m.payload)
	select {
	case <-token.Done():
		if err := token.Error(); err != nil {
			s.conn.forgo()
			s.fail(s.conn.reason(err))
		}
	default:
	}
}
