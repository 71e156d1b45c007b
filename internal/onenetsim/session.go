package onenetsim

import (
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// refusedFilter is the SUBACK code for a filter that is not granted.
const refusedFilter = 0x80

// connect judges a CONNECT and answers it. A reason means that the connection
// ends.
func (c *conn) connect(p *packets.ConnectPacket) (reason string) {
	if p.ProtocolName != "MQTT" || p.ProtocolVersion != 4 {
		return c.refuseLogin(packets.ErrRefusedBadProtocolVersion, "protocol is not MQTT 3.1.1")
	}
	if !plainFlags(p) {
		return "connect flags are not user, password, clean session"
	}
	if p.Keepalive < minKeepAlive || p.Keepalive > maxKeepAlive {
		return "keepalive is not 10 to 1800 s"
	}
	name, _, _ := strings.Cut(p.ClientIdentifier, "?")
	if reason := c.srv.admit(c.srv.device(p.Username, name)); reason != "" {
		return reason
	}
	if code, forced := c.srv.forcedConnack(); forced {
		return c.refuseLogin(code, "scripted")
	}
	dev, t, d := c.srv.checkLogin(p.Username, p.ClientIdentifier, string(p.Password), c.srv.now())
	if d.code != 0 {
		c.srv.log(p.Username, name, d.code, d.text)
		return c.refuseLogin(packets.ErrRefusedBadUsernameOrPassword, d.text)
	}
	c.expires = t.et
	c.keepAlive = time.Duration(p.Keepalive) * time.Second
	c.srv.loggedIn(c, dev) // nothing overtakes the CONNACK: nothing is subscribed yet
	c.send(packets.NewControlPacket(packets.Connack))
	return ""
}

// plainFlags reports the connect flags 0xC2 and nothing else.
func plainFlags(p *packets.ConnectPacket) bool {
	return p.UsernameFlag && p.PasswordFlag && p.CleanSession &&
		!p.WillFlag && p.WillQos == 0 && !p.WillRetain && p.ReservedBit == 0
}

func (c *conn) refuseLogin(code byte, why string) (reason string) {
	ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
	ack.ReturnCode = code
	c.send(ack)
	c.srv.count(func(s *Stats) { s.Rejected++ })
	return "login refused: " + why
}

// handle serves one packet of a session. A reason means that it ends.
func (c *conn) handle(p packets.ControlPacket) (reason string) {
	if c.srv.cfg.CutAtExpiry && c.srv.now().Unix() >= c.expires {
		return "token expired"
	}
	switch p := p.(type) {
	case *packets.PublishPacket:
		return c.publish(p)
	case *packets.SubscribePacket:
		return c.subscribe(p)
	case *packets.UnsubscribePacket:
		return c.unsubscribe(p)
	case *packets.PingreqPacket:
		c.srv.count(func(s *Stats) { s.Pings++ })
		c.send(packets.NewControlPacket(packets.Pingresp))
		return ""
	case *packets.PubackPacket:
		return "" // harmless: nothing is sent with QoS 1
	case *packets.DisconnectPacket:
		c.peerLeft = true
		return "disconnected"
	case *packets.ConnectPacket:
		return "second CONNECT"
	}
	return "packet type not allowed"
}

// subscribe grants QoS 0 or refuses, filter by filter.
func (c *conn) subscribe(p *packets.SubscribePacket) (reason string) {
	if len(p.Topics) == 0 || p.MessageID == 0 || p.Qos != 1 || p.Dup || p.Retain {
		return "malformed SUBSCRIBE"
	}
	ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	ack.MessageID = p.MessageID
	for i, filter := range p.Topics {
		if c.srv.cfg.Profile == Strict && (i >= maxFilters || badCharacters(filter)) {
			return "SUBSCRIBE with too many filters or bad characters"
		}
		code := byte(refusedFilter)
		if p.Qoss[i] <= 2 && c.dev.maySubscribe(filter) && c.srv.subscribed(c, filter) {
			code = 0
		} else {
			c.srv.count(func(s *Stats) { s.NotGranted++ })
		}
		ack.ReturnCodes = append(ack.ReturnCodes, code)
	}
	c.send(ack)
	return ""
}

func (c *conn) unsubscribe(p *packets.UnsubscribePacket) (reason string) {
	if len(p.Topics) == 0 || p.MessageID == 0 {
		return "malformed UNSUBSCRIBE"
	}
	c.srv.unsubscribed(c, p.Topics)
	ack := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
	ack.MessageID = p.MessageID
	c.send(ack)
	return ""
}

// publish acknowledges a PUBLISH and queues it. The acknowledgement says
// nothing about the content: that is judged later.
func (c *conn) publish(p *packets.PublishPacket) (reason string) {
	if reason := c.forbidden(p); reason != "" {
		c.wait(c.srv.cfg.CloseDelay)
		return reason
	}
	if p.Qos == 1 && !c.srv.swallowPuback() {
		ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		ack.MessageID = p.MessageID
		c.send(ack)
	}
	select {
	case c.work <- p:
	case <-c.done:
	}
	return ""
}

// forbidden returns why the platform closes the connection over a PUBLISH.
func (c *conn) forbidden(p *packets.PublishPacket) (reason string) {
	switch {
	case p.Qos > 1:
		return "PUBLISH with QoS 2"
	case p.Retain:
		return "PUBLISH with RETAIN"
	case p.Dup && p.Qos == 0:
		return "PUBLISH with DUP and QoS 0"
	case p.Qos == 1 && p.MessageID == 0:
		return "PUBLISH without packet id"
	case len(p.Payload) > maxPayload:
		return "payload larger than 256 KB"
	}
	if _, ok := c.dev.mayPublish(p.TopicName); !ok {
		return "topic not allowed: " + p.TopicName
	}
	return ""
}
