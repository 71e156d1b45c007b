package onenetsim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestSubscribe_Filters(t *testing.T) {
	rows := []struct {
		filter string
		want   byte
	}{
		{prefix + "#", 0},
		{prefix + "thing/#", 0},
		{prefix + "thing/property/post/reply", 0},
		{prefix + "thing/property/set", 0},
		{prefix + "thing/property/+", 0},
		{prefix + "thing/+/post/reply", 0},
		{prefix + "thing/history/post/reply", 0},
		{prefix + "thing/service/+/invoke", 0},
		{prefix + "thing/service/reboot/invoke", 0},
		{prefix + "ota/inform", 0},
		{prefix + "thing/property/post", 0x80}, // publish only
		{prefix + "thing/property/set_reply", 0x80},
		{prefix + "thing/property/post/reply/x", 0x80},
		{prefix + "cmd/#", 0x80}, // another family
		{prefix + "thing/#/reply", 0x80},
		{prefix + "thing/property/po+", 0x80},
		{prefix + "thing//reply", 0x80},
		{prefix, 0x80},
		{"#", 0x80},
		{"$sys/#", 0x80},
		{"$sys/" + pid + "/#", 0x80},
		{"$sys/" + pid + "/+/thing/#", 0x80},
		{"$sys/" + pid + "/" + other + "/thing/#", 0x80},
		{"$SYS/" + pid + "/" + dev + "/thing/#", 0x80},
		{"my/topic", 0x80},
	}
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(c *Config) { c.Profile = Lenient }) // without the limit of ten
		c := login(t, s)
		for _, r := range rows {
			if got := c.subscribe(r.filter); len(got) != 1 || got[0] != r.want {
				t.Errorf("%s: SUBACK %#x, want %#x", r.filter, got, r.want)
			}
		}
		if got := c.subscribe(prefix+"cmd/#", prefix+"thing/#"); !bytes.Equal(got, []byte{0x80, 0}) {
			t.Errorf("two filters: SUBACK %#x", got)
		}
	})
}

func TestSubscribe_TenASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := attach(t, newServer(nil))
		c.connect(goodConnect())
		for i := range 11 {
			want := byte(0)
			if i == 10 {
				want = 0x80
			}
			filter := fmt.Sprintf("%sthing/service/s%d/invoke", prefix, i)
			if got := c.subscribe(filter)[0]; got != want {
				t.Errorf("filter %d: SUBACK %#x, want %#x", i+1, got, want)
			}
		}
		if got := c.subscribe(prefix + "thing/service/s3/invoke")[0]; got != 0 {
			t.Errorf("the same filter again: SUBACK %#x", got)
		}
	})
}

// TestSubscribe_Closes: what ends the connection instead of a SUBACK.
func TestSubscribe_Closes(t *testing.T) {
	many := make([]string, 9)
	for i := range many {
		many[i] = prefix + "#"
	}
	rows := []struct {
		name    string
		profile Profile
		topics  []string
		change  func(*packets.SubscribePacket)
	}{
		{"no filter", Studio, nil, nil},
		{"no packet id", Studio, []string{prefix + "#"}, func(p *packets.SubscribePacket) { p.MessageID = 0 }},
		{"reserved flags", Studio, []string{prefix + "#"}, func(p *packets.SubscribePacket) { p.Qos = 0 }},
		{"nine filters", Strict, many, nil},
		{"bad characters", Strict, []string{prefix + "温度"}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := login(t, newServer(func(c *Config) { c.Profile = r.profile }))
				p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
				p.MessageID, p.Topics, p.Qoss = 9, r.topics, make([]byte, len(r.topics))
				if r.change != nil {
					r.change(p)
				}
				c.send(p)
				c.wantClosed()
			})
		})
	}
}

func TestUnsubscribe_EndsReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		p := packets.NewControlPacket(packets.Unsubscribe).(*packets.UnsubscribePacket)
		p.MessageID, p.Topics = 7, []string{prefix + "#"}
		c.send(p)
		if ack, ok := c.recv().(*packets.UnsubackPacket); !ok || ack.MessageID != 7 {
			t.Fatalf("got %v, want UNSUBACK 7", ack)
		}
		c.publish(topicPropertyPost, volt(1, "1"))
		c.quiet(time.Second)
		if st := s.Stats(); st.Confirmed != 1 || st.Values != 1 || st.Unheard != 1 || st.Replies != 0 {
			t.Errorf("stored without a listener: %+v", st)
		}
		if log := s.ConsoleLog(); len(log) != 1 || log[0].Code != 1022 {
			t.Errorf("console %v, want 1022", log)
		}
	})
}

// TestPublish_Closes: what the platform answers by closing the connection,
// after the delay seen live, and without an acknowledgement.
func TestPublish_Closes(t *testing.T) {
	const delay = 300 * time.Millisecond
	topic := func(name string) func(*packets.PublishPacket) {
		return func(p *packets.PublishPacket) { p.TopicName = name }
	}
	rows := []struct {
		name   string
		change func(*packets.PublishPacket)
		closes bool
	}{
		{"good", func(*packets.PublishPacket) {}, false},
		{"DUP with QoS 1", func(p *packets.PublishPacket) { p.Dup = true }, false},
		{"256 KB", func(p *packets.PublishPacket) { p.Payload = make([]byte, 256<<10) }, false},
		{"one byte more", func(p *packets.PublishPacket) { p.Payload = make([]byte, 256<<10+1) }, true},
		{"much more", func(p *packets.PublishPacket) { p.Payload = make([]byte, 300<<10) }, true},
		{"QoS 2", func(p *packets.PublishPacket) { p.Qos = 2 }, true},
		{"QoS 3", func(p *packets.PublishPacket) { p.Qos = 3 }, true},
		{"RETAIN", func(p *packets.PublishPacket) { p.Retain = true }, true},
		{"DUP with QoS 0", func(p *packets.PublishPacket) { p.Qos, p.Dup = 0, true }, true},
		{"no packet id", func(p *packets.PublishPacket) { p.MessageID = 0 }, true},
		{"platform's own topic", topic(prefix + "thing/property/set"), true},
		{"reply topic", topic(prefix + "thing/property/post/reply"), true},
		{"stream topic", topic(prefix + "dp/post/json"), true},
		{"event with its name", topic(prefix + "thing/event/alarm/post"), true},
		{"wildcard", topic(prefix + "thing/service/+/invoke_reply"), true},
		{"foreign device", topic("$sys/" + pid + "/" + other + "/thing/property/post"), true},
		{"free topic", topic("sensors/volt"), true},
		{"empty topic", topic(""), true},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(func(c *Config) { c.CloseDelay = delay })
				c := login(t, s)
				p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
				p.TopicName, p.Qos, p.MessageID, p.Payload = prefix+topicPropertyPost, 1, 5, []byte(volt(1, "1"))
				r.change(p)
				began := time.Now()
				c.send(p)
				if r.closes {
					c.wantClosed()
					if took := time.Since(began); took != delay && len(p.Payload) < 300<<10 {
						t.Errorf("closed after %v, want %v", took, delay)
					}
					return
				}
				if ack, ok := c.recv().(*packets.PubackPacket); !ok || ack.MessageID != 5 {
					t.Fatalf("got %v, want PUBACK 5", ack)
				}
				c.reply(topicPropertyPost + "/reply")
			})
		})
	}
}

// TestPublish_PubackComesBeforeTheVerdict: an acknowledgement is no promise.
func TestPublish_PubackComesBeforeTheVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := login(t, s)
		p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		p.TopicName, p.Qos, p.MessageID, p.Payload = prefix+topicPropertyPost, 1, 5, []byte("nonsense")
		c.send(p)
		if _, ok := c.recv().(*packets.PubackPacket); !ok {
			t.Fatal("no PUBACK for nonsense")
		}
		if got, want := c.reply(topicPropertyPost+"/reply"), `{"id":null,"code":2402,"msg":"request format error"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestPublish_Pace: a surplus is acknowledged at once, held, and kept in order.
func TestPublish_Pace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(c *Config) { c.PostPace = time.Second })
		c := login(t, s)
		began := time.Now()
		for i := range 4 {
			c.publish(topicPropertyPost, volt(i, fmt.Sprint(i)))
		}
		for i := range 4 {
			if got := c.reply(topicPropertyPost + "/reply"); got != ok(int64(i)) {
				t.Errorf("reply %d is %s", i, got)
			}
			if took, want := time.Since(began), time.Duration(i)*time.Second; took != want {
				t.Errorf("reply %d after %v, want %v", i, took, want)
			}
		}
		pass(time.Minute)
		began = time.Now()
		c.ask(topicPropertyPost, volt(9, "9"))
		if took := time.Since(began); took != 0 {
			t.Errorf("a lone post was held for %v", took)
		}
		if st := s.Stats(); st.Held != 3 || st.Confirmed != 5 {
			t.Errorf("stats %+v, want 3 held, 5 confirmed", st)
		}
	})
}

// TestPublish_BeforeDisconnect: what a client sent before it left is judged.
func TestPublish_BeforeDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(c *Config) { c.PostPace = time.Second })
		c := login(t, s)
		c.publish(topicPropertyPost, volt(1, "1"))
		c.publish(topicPropertyPost, volt(2, "2"))
		c.send(packets.NewControlPacket(packets.Disconnect))
		if got := c.reply(topicPropertyPost + "/reply"); got != ok(1) {
			t.Errorf("reply %s", got)
		}
		if err := s.Await(t.Context(), func(st Stats) bool { return st.Connections == 0 }); err != nil {
			t.Fatal(err)
		}
		if st := s.Stats(); st.Confirmed != 2 {
			t.Errorf("%d posts confirmed, want 2", st.Confirmed)
		}
	})
}

// TestPublish_ForbiddenLosesWhatIsHeld: the close does not wait for the pace.
func TestPublish_ForbiddenLosesWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(c *Config) { c.PostPace = time.Second })
		c := login(t, s)
		began := time.Now()
		for i := range 5 {
			c.publish(topicPropertyPost, volt(i, "1"))
		}
		if got := c.reply(topicPropertyPost + "/reply"); got != ok(0) {
			t.Errorf("reply %s", got)
		}
		c.publish("dp/post/json", "{}")
		c.wantClosed()
		if took := time.Since(began); took != 0 {
			t.Errorf("closed after %v", took)
		}
		pass(time.Minute)
		if st := s.Stats(); st.Values != 1 || st.Connections != 0 {
			t.Errorf("stats %+v, want one value", st)
		}
	})
}

func TestPackets_NotAllowed(t *testing.T) {
	for _, kind := range []byte{packets.Pubrec, packets.Pubrel, packets.Pubcomp, packets.Connack, packets.Suback, packets.Pingresp} {
		t.Run(packets.PacketNames[kind], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := login(t, newServer(nil))
				c.send(packets.NewControlPacket(kind))
				c.wantClosed()
			})
		})
	}
}

func TestPackets_Malformed(t *testing.T) {
	rows := []struct {
		name  string
		bytes string
	}{
		{"unknown type", "\x00\x00"},
		{"length without end", "\x30\xff\xff\xff\xff\x01"},
		{"256 MB announced", "\x30\xff\xff\xff\x7f"},
		{"topic longer than packet", "\x30\x03\x00\x40a"},
		{"PUBACK without id", "\x40\x00"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(nil)
				c := login(t, s)
				if _, err := c.nc.Write([]byte(r.bytes)); err != nil && !strings.Contains(err.Error(), "closed") {
					t.Fatal(err)
				}
				c.wantClosed()
				synctest.Wait()
				if why := s.Connections()[0].Reason; why == "" || why == "closed by peer" {
					t.Errorf("reason %q does not blame the packet", why)
				}
			})
		})
	}
}
