package onenetsim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// FuzzPacket feeds arbitrary bytes to a connection, before and after a login:
// no panic, and the connection always ends.
func FuzzPacket(f *testing.F) {
	seed := func(list ...packets.ControlPacket) {
		var b bytes.Buffer
		for _, p := range list {
			_ = p.Write(&b)
		}
		f.Add(b.Bytes())
	}
	sub := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	sub.MessageID, sub.Topics, sub.Qoss = 1, []string{prefix + "thing/#"}, []byte{0}
	pub := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	pub.TopicName, pub.Qos, pub.MessageID, pub.Payload = prefix+topicPropertyPost, 1, 2, []byte(volt(1, "1"))
	unsub := packets.NewControlPacket(packets.Unsubscribe).(*packets.UnsubscribePacket)
	unsub.MessageID, unsub.Topics = 3, sub.Topics
	seed(sub, pub, unsub, packets.NewControlPacket(packets.Pingreq), packets.NewControlPacket(packets.Disconnect))
	seed(goodConnect())
	f.Add([]byte("\x30\xff\xff\xff\x7f"))
	f.Add([]byte("\x82\x03\x00\x01\x00"))

	var hello bytes.Buffer
	if err := goodConnect().Write(&hello); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newServer(nil)
		feed(s, data)
		feed(s, append(hello.Bytes()[:hello.Len():hello.Len()], data...))
		if st := s.Stats(); st.Connections != 0 || st.Sessions != 0 || st.Logins == 0 {
			t.Errorf("after the end: %+v", st)
		}
	})
}

// feed writes bytes to a connection, closes it, and waits for its end.
func feed(s *Server, data []byte) {
	near, far := net.Pipe()
	read := make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(io.Discard, near) }()
	go func() { _, _ = near.Write(data); _ = near.Close() }()
	s.ServeConn(context.Background(), far)
	<-read
}

// FuzzPayload: no panic; a reply is always JSON; a refusal stores nothing;
// what is stored is JSON with a plausible time.
func FuzzPayload(f *testing.F) {
	for _, topic := range []string{topicPropertyPost, topicEventPost, topicPackPost, topicHistoryPost, topicDesiredGet} {
		f.Add(topic, []byte(volt(1, "1")), true)
	}
	f.Add(topicHistoryPost, []byte(`{"id":"7","params":[{"identity":{},"properties":{"a":[{"value":[1],"time":1767225600000}]},"events":{}}]}`), true)
	f.Add(topicPropertyPost, []byte(`{"id":"7","params":{"st":{"value":{"x":1}},"e":{"value":60001},"s":{"value":"\ud800"}}}`), true)
	f.Add(topicEventPost, []byte(`{"id":"7","params":{"hot":{"value":{"temp":1,"value":2}}}}`), false)
	m, err := ParseModel([]byte(testModel))
	if err != nil {
		f.Fatal(err)
	}
	d := newServer(nil).device(pid, dev)
	f.Fuzz(func(t *testing.T, topic string, payload []byte, strict bool) {
		j := judge{dev: d, profile: Studio, now: testStart}
		if strict {
			j.model, j.profile = &m, Strict
		}
		v := j.message(topic, payload)
		if v.refuse != nil && (len(v.values) > 0 || v.data != nil || v.refuse.code == codeOK) {
			t.Errorf("refused with %+v and yet %v", v.refuse, v.values)
		}
		for _, value := range v.values {
			if !json.Valid(value.Raw) || !j.plausible(value.Time) || value.Identifier == "" {
				t.Errorf("stored %+v", value)
			}
		}
		code, msg := codeOK, codeText(codeOK)
		if v.refuse != nil {
			code, msg = v.refuse.code, v.refuse.msg
		}
		if r := encodeReply(v.id, true, code, msg, v.data); !json.Valid(r) {
			t.Errorf("reply %s is not JSON", r)
		}
	})
}

// FuzzModel: no panic on any file.
func FuzzModel(f *testing.F) {
	f.Add([]byte(testModel))
	f.Add([]byte(`{"properties":[{"identifier":"a","dataType":{"type":"array","specs":{"items":{"type":"struct","specs":{"x":{"type":"enum"}}}}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := ParseModel(data); err == nil && m.Properties == nil {
			t.Error("no error and no properties")
		}
	})
}
