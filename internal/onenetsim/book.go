package onenetsim

import (
	"slices"
	"time"
)

// Post is one judged message.
type Post struct {
	Time    time.Time // platform's wall clock
	Product string
	Device  string
	Topic   string // after "$sys/{pid}/{device}/", such as thing/property/post
	ID      string // empty when it could not be read
	Code    int
	Msg     string
	Values  []Value // what was stored; none unless Code is 200
	Payload []byte  // the message as it came
}

// The book-keeping of connections, sessions and posts. Everything here holds
// Server.mu, briefly, and never while something is sent.

func (s *Server) opened(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextConn++
	c.info.ID, c.info.Remote, c.info.Opened = s.nextConn, c.nc.RemoteAddr().String(), s.nowLocked()
	s.conns[c] = struct{}{}
	s.archive = bounded(s.archive, s.cfg.Keep, c.info)
	s.countLocked(func(st *Stats) { st.Connections++; st.Accepted++ })
}

// ended takes a connection's session away; the first reason counts.
func (s *Server) ended(c *conn, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.info.Reason == "" {
		c.info.Reason = reason
	}
	if c.dev != nil && c.dev.session == c {
		c.dev.session = nil
		s.countLocked(func(st *Stats) { st.Sessions-- })
	}
}

func (s *Server) closed(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.info.Closed = s.nowLocked()
	delete(s.conns, c)
	s.countLocked(func(st *Stats) { st.Connections-- })
}

// admit applies bans and the login rate; a reason means that the connection
// is closed without a CONNACK.
func (s *Server) admit(d *device) (reason string) {
	if d == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Before(d.banned) {
		return "device is banned"
	}
	if s.cfg.LoginLimit <= 0 {
		return ""
	}
	d.logins = slices.DeleteFunc(d.logins, func(t time.Time) bool { return now.Sub(t) >= loginWindow })
	if len(d.logins) >= s.cfg.LoginLimit {
		if s.cfg.Profile == Strict {
			d.banned = now.Add(loginBan)
		}
		return "too many logins"
	}
	d.logins = append(d.logins, now)
	return ""
}

// loggedIn makes a connection the session of its device. An older session is
// closed without a packet.
func (s *Server) loggedIn(c *conn, dev *device) {
	s.mu.Lock()
	c.dev = dev
	older := dev.session
	dev.session = c
	c.info.Product, c.info.Device = dev.product.ID, dev.name
	c.noteLocked("login, keepalive %v", c.keepAlive)
	s.countLocked(func(st *Stats) {
		st.Logins++
		st.Sessions++
		if older != nil {
			st.Sessions--
			st.Kicked++
		}
	})
	if older != nil {
		s.logLocked(dev.product.ID, dev.name, consoleElsewhere, "logged in elsewhere")
	}
	s.mu.Unlock()
	if older != nil {
		older.kill("logged in elsewhere")
	}
}

// subscribed grants one filter, unless the session has too many.
func (s *Server) subscribed(c *conn, filter string) (granted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(c.info.Subscriptions, filter) {
		if len(c.info.Subscriptions) >= maxSessionSubs && s.cfg.Profile != Lenient {
			return false
		}
		c.info.Subscriptions = append(c.info.Subscriptions, filter)
	}
	c.noteLocked("subscribed %s", filter)
	s.countLocked(func(st *Stats) { st.Subscriptions++ })
	return true
}

func (s *Server) unsubscribed(c *conn, filters []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := func(f string) bool { return slices.Contains(filters, f) }
	c.info.Subscriptions = slices.DeleteFunc(c.info.Subscriptions, gone)
}

// hearsLocked reports whether a session subscribed a topic.
func (c *conn) hearsLocked(topic string) bool {
	for _, filter := range c.info.Subscriptions {
		if overlap(filter, c.dev.prefix()+topic) {
			return true
		}
	}
	return false
}

// decide books a judged request: faults, store, counters, log. It returns
// what the observer and the client are told.
func (s *Server) decide(c *conn, topic string, v verdict) (Post, response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.refuse == nil {
		v.refuse = s.faults.refusal(v.values)
	}
	post := Post{
		Time: s.nowLocked(), Product: c.dev.product.ID, Device: c.dev.name, Topic: topic,
		Code: codeOK, Msg: codeText(codeOK),
	}
	if v.id != nil {
		post.ID = *v.id
	}
	if v.refuse != nil {
		post.Code, post.Msg, v.data = v.refuse.code, v.refuse.msg, nil
	} else {
		post.Values = v.values
	}
	s.bookLocked(c.dev, post)
	c.noteLocked("%s id %s code %d %s", topic, post.ID, post.Code, post.Msg)
	if !c.hearsLocked(topic + "/reply") {
		s.logLocked(post.Product, post.Device, consoleNotSubscribed, "not subscribed: "+topic+"/reply")
		s.countLocked(func(st *Stats) { st.Unheard++ })
		return post, response{}
	}
	r := s.faults.response(v.id, post.Code, post.Msg, v.data)
	s.countLocked(func(st *Stats) { st.Replies += r.copies })
	return post, r
}

// bookLocked stores and counts a post.
func (s *Server) bookLocked(d *device, p Post) {
	for i := range p.Values {
		p.Values[i].PostID = p.ID
	}
	duplicates := d.store.add(p.Values)
	if p.Topic == topicDesiredGet || p.Topic == topicDesiredDelete {
		return
	}
	s.countLocked(func(st *Stats) {
		st.Posts++
		st.Values += len(p.Values)
		st.Duplicates += duplicates
		switch {
		case p.Code != codeOK:
			st.Refused++
		default:
			st.Confirmed++
			if p.Topic == topicEventPost {
				st.Events++
			}
		}
	})
}
