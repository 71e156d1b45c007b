package onenetsim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// TestFault_Replies: what each switch does to the replies of four posts, of
// which it touches the first two. All four are stored.
func TestFault_Replies(t *testing.T) {
	bare := `{"code":200,"msg":"success"}`
	null := `{"id":null,"code":200,"msg":"success"}`
	rows := []struct {
		name string
		set  func(*Server)
		want []string
	}{
		{"none", func(*Server) {}, []string{ok(1), ok(2), ok(3), ok(4)}},
		{"SwallowReplies", func(s *Server) { s.SwallowReplies(2) }, []string{ok(3), ok(4)}},
		{"DuplicateReply", func(s *Server) { s.DuplicateReply(2) }, []string{ok(1), ok(1), ok(2), ok(2), ok(3), ok(4)}},
		{"WrongID", func(s *Server) { s.WrongID(2) }, []string{ok(0), ok(0), ok(3), ok(4)}},
		{"NoID", func(s *Server) { s.NoID(2) }, []string{bare, bare, ok(3), ok(4)}},
		{"NullID", func(s *Server) { s.NullID(2) }, []string{null, null, ok(3), ok(4)}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(nil)
				c := login(t, s)
				r.set(s)
				for i := range 4 {
					c.publish(topicPropertyPost, volt(i+1, "1"))
				}
				for _, want := range r.want {
					if got := c.reply(topicPropertyPost + "/reply"); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
				}
				c.quiet(time.Second)
				if st := s.Stats(); st.Confirmed != 4 || st.Replies != len(r.want) {
					t.Errorf("stats %+v, want 4 confirmed, %d replies", st, len(r.want))
				}
			})
		})
	}
}

func TestFault_DelayReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.DelayReplies(3 * time.Second)
		began := time.Now()
		for i := range 5 {
			c.publish(topicPropertyPost, volt(i, "1"))
		}
		c.send(packets.NewControlPacket(packets.Pingreq))
		if _, ok := c.recv().(*packets.PingrespPacket); !ok || time.Since(began) != 0 {
			t.Errorf("PINGRESP waited %v for delayed replies", time.Since(began))
		}
		for i := range 5 {
			if got := c.reply(topicPropertyPost + "/reply"); got != ok(int64(i)) {
				t.Errorf("reply %d is %s", i, got)
			}
			if took := time.Since(began); took != 3*time.Second {
				t.Errorf("reply %d after %v, want 3s: delays must not add up", i, took)
			}
		}
	})
}

func TestFault_ReplyCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.ReplyCode("volt", 2306, "")
		s.ReplyCode("busy", 500, "internal")
		rows := []struct{ params, want string }{
			{`{"amp":{"value":1}}`, ok(1)},
			{`{"amp":{"value":1},"volt":{"value":1}}`, `{"id":"1","code":2306,"msg":"identifier not exist:identifier:volt"}`},
			{`{"busy":{"value":1}}`, `{"id":"1","code":500,"msg":"internal"}`},
		}
		for _, r := range rows {
			if got := c.ask(topicPropertyPost, `{"id":"1","params":`+r.params+`}`); got != r.want {
				t.Errorf("%s: got %s, want %s", r.params, got, r.want)
			}
		}
		s.ReplyCode("volt", 200, "")
		s.ReplyCode("busy", 0, "")
		for _, r := range rows {
			if got := c.ask(topicPropertyPost, `{"id":"1","params":`+r.params+`}`); got != ok(1) {
				t.Errorf("%s: got %s after the end", r.params, got)
			}
		}
		s.ReplyCode("", 2405, "")
		if got := c.ask(topicPropertyPost, volt(1, "1")); !strings.Contains(got, `"code":2405,"msg":"msg id invalid"`) {
			t.Errorf("every post: got %s", got)
		}
		if st := s.Stats(); st.Values != 5 || st.Refused != 3 {
			t.Errorf("stats %+v, want 5 values, 3 refused", st)
		}
	})
}

func TestFault_SwallowPubacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := attach(t, s) // not subscribed: only acknowledgements come back
		c.connect(goodConnect())
		s.SwallowPubacks(2)
		for id := range uint16(3) {
			p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
			p.TopicName, p.Qos, p.MessageID, p.Payload = prefix+topicPropertyPost, 1, id+1, []byte(volt(1, "1"))
			c.send(p)
		}
		if ack, ok := c.recv().(*packets.PubackPacket); !ok || ack.MessageID != 3 {
			t.Errorf("got %v, want PUBACK 3", ack)
		}
		synctest.Wait()
		if st := s.Stats(); st.Confirmed != 3 || st.Pubacks != 3 {
			t.Errorf("stats %+v, want 3 confirmed", st)
		}
	})
}

func TestFault_Drop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.Drop(other)
		if got := c.ask(topicPropertyPost, volt(1, "1")); got != ok(1) {
			t.Fatalf("the wrong connection was dropped: %s", got)
		}
		s.Drop(dev)
		c.wantClosed()
		c = login(t, s)
		idle := attach(t, s)
		synctest.Wait()
		s.DropAll()
		c.wantClosed()
		idle.wantClosed()
		synctest.Wait()
		if st := s.Stats(); st.Connections != 0 || st.Sessions != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestFault_DropLosesWhatIsHeld: acknowledged, never stored. A client that
// trusts a PUBACK loses data here.
func TestFault_DropLosesWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(c *Config) { c.PostPace = time.Second })
		c := login(t, s)
		for i := range 5 {
			c.publish(topicPropertyPost, volt(i, "1"))
		}
		synctest.Wait()
		s.DropAll()
		pass(time.Minute)
		if st := s.Stats(); st.Values != 1 {
			t.Errorf("%d values stored, want 1", st.Values)
		}
	})
}

func TestFault_RefuseFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.RefuseFor(10 * time.Second)
		attach(t, s).wantClosed()
		if got := c.ask(topicPropertyPost, volt(1, "1")); got != ok(1) {
			t.Errorf("an open session got %s", got)
		}
		pass(10 * time.Second)
		login(t, s)
		if st := s.Stats(); st.Accepted != 2 {
			t.Errorf("%d connections accepted, want 2", st.Accepted)
		}
	})
}

func TestFault_Silent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.Silent(true)
		s.Silent(true)
		late := attach(t, s)
		go late.send(goodConnect()) // blocks: nobody reads
		c.publish(topicPropertyPost, volt(1, "1"))
		late.quiet(5 * time.Minute)
		c.quiet(5 * time.Minute) // far beyond its keepalive: nobody is there to close it
		if st := s.Stats(); st.Posts != 0 || st.Logins != 1 {
			t.Errorf("stats %+v, want nothing judged in silence", st)
		}
		s.Silent(false)
		s.Silent(false)
		if _, ok := late.recv().(*packets.ConnackPacket); !ok {
			t.Error("what waited was not served")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.Silent(true)
		synctest.Wait()
		s.DropAll() // silence must not keep a connection from ending
		c.wantClosed()
	})
}

func TestFault_HalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.HalfClose()
		c.publish(topicPropertyPost, volt(1, "1"))
		c.quiet(time.Second) // a pipe has no halves: silence is all one sees
		if st := s.Stats(); st.Confirmed != 1 || st.Connections != 1 {
			t.Errorf("stats %+v, want the post judged", st)
		}
	})
}

func TestFault_Ban(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		s.Ban(pid, "none", time.Hour)
		s.Ban(pid, dev, time.Minute)
		c.wantClosed()
		if got := attach(t, s).connect(goodConnect()); got != -1 {
			t.Errorf("banned: CONNACK %d, want a close", got)
		}
		pass(time.Minute)
		login(t, s)
		s.Ban(pid, dev, time.Minute)
		s.Ban(pid, dev, 0)
		login(t, s)
	})
}

func TestFault_ConnackCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		s.ConnackCode(3, 2)
		for _, want := range []int{3, 3, 0} {
			if got := attach(t, s).connect(goodConnect()); got != want {
				t.Errorf("CONNACK %d, want %d", got, want)
			}
		}
		if st := s.Stats(); st.Rejected != 2 || st.Logins != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestFault_ClockOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		post := fmt.Sprintf(`{"id":"1","params":{"volt":{"value":1,"time":%d}}}`, testStart.UnixMilli())
		s.ClockOffset(-48 * time.Hour)
		if got := c.ask(topicPropertyPost, post); !strings.Contains(got, "2415") {
			t.Errorf("two days ahead of the platform: got %s, want 2415", got)
		}
		s.ClockOffset(0)
		if got := c.ask(topicPropertyPost, post); got != ok(1) {
			t.Errorf("got %s", got)
		}
	})
}

// TestOnPost_SeesEverything: stored and refused, in order.
func TestOnPost_SeesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		s := newServer(func(c *Config) {
			c.OnPost = func(p Post) {
				seen = append(seen, fmt.Sprint(p.Device, " ", p.ID, " ", p.Code, " ", len(p.Values), " ", string(p.Payload)))
			}
		})
		c := login(t, s)
		c.ask(topicPropertyPost, volt(1, "1"))
		c.ask(topicPropertyPost, volt(2, "null"))
		c.ask(topicPropertyPost, "?")
		if want := []string{dev + " 1 200 1 " + volt(1, "1"), dev + " 2 2409 0 " + volt(2, "null"), dev + "  2402 0 ?"}; !slices.Equal(seen, want) {
			t.Errorf("saw %q, want %q", seen, want)
		}
	})
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		done := make(chan error, 1)
		go func() { done <- s.Await(t.Context(), func(st Stats) bool { return st.Values >= 2 }) }()
		c.ask(topicPropertyPost, volt(1, "1"))
		select {
		case err := <-done:
			t.Fatalf("returned %v after one value", err)
		case <-time.After(time.Minute):
		}
		c.ask(topicPropertyPost, volt(2, "1"))
		if err := <-done; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := s.Await(ctx, func(st Stats) bool { return false })
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Values:2") {
			t.Errorf("got %v, want the deadline and the counters", err)
		}
	})
}

func TestAssumptions_NameEveryInventedCode(t *testing.T) {
	text := strings.Join(Assumptions(), "\n")
	for code := codeInt32Type; code <= codePoints; code++ {
		if !strings.Contains(text, fmt.Sprintf("code %d ", code)) || codeText(code) == "error" {
			t.Errorf("invented code %d is not listed", code)
		}
	}
}
