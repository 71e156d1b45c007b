package onenetsim

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// process judges publishes one by one, no faster than the pace.
func (c *conn) process() {
	for p := range c.work {
		if !c.pace() || !c.srv.awaitVoice(c) {
			return
		}
		topic, _ := c.dev.splitTopic(p.TopicName)
		if isRequest(topic) {
			c.judge(topic, p.Payload)
		} else {
			c.srv.answered(c, topic, p.Payload)
		}
	}
}

// pace holds a publish until its turn: the platform delays, it does not drop.
func (c *conn) pace() (alive bool) {
	select {
	case <-c.done:
		return false
	default:
	}
	step := c.srv.cfg.PostPace
	if step <= 0 {
		return true
	}
	if wait := time.Until(c.slot); wait > 0 {
		c.srv.count(func(s *Stats) { s.Held++ })
		if !c.wait(wait) {
			return false
		}
	}
	c.slot = time.Now().Add(step)
	return true
}

// verdict is what the platform thinks of one message.
type verdict struct {
	id     *string // nil: the reply carries null
	refuse *refusal
	values []Value
	data   json.RawMessage
}

// judge validates a request, stores all of it or nothing, and replies.
func (c *conn) judge(topic string, payload []byte) {
	j := judge{model: c.dev.product.Model, dev: c.dev, profile: c.srv.cfg.Profile, now: c.srv.now()}
	v := j.message(topic, payload)
	post, r := c.srv.decide(c, topic, v)
	if c.srv.cfg.OnPost != nil {
		post.Payload = payload
		c.srv.cfg.OnPost(post)
	}
	c.reply(topic+"/reply", r)
}

// reply publishes the platform's verdict, as far as the faults let it.
func (c *conn) reply(topic string, r response) {
	if r.copies == 0 {
		return
	}
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload = c.dev.prefix()+topic, r.payload
	for range r.copies {
		c.sendAfter(p, r.delay)
	}
}

// response is a reply ready to be sent, copies times.
type response struct {
	payload []byte
	copies  int
	delay   time.Duration
}

// encodeReply writes {"id":..,"code":..,"msg":..} in the order seen live.
func encodeReply(id *string, withID bool, code int, msg string, data json.RawMessage) []byte {
	var b strings.Builder
	b.WriteByte('{')
	if withID {
		b.WriteString(`"id":` + encodeJSON(id) + `,`)
	}
	b.WriteString(`"code":` + encodeJSON(code) + `,"msg":` + encodeJSON(msg))
	if data != nil {
		b.WriteString(`,"data":` + string(data))
	}
	b.WriteByte('}')
	return []byte(b.String())
}

// encodeJSON encodes what cannot fail: strings and integers.
func encodeJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
