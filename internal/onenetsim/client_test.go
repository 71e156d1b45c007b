package onenetsim

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	pid       = "Abcdef1234"
	dev       = "board-01"
	other     = "board-02"
	devKey    = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	accessKey = "KuF3NT/jUBJ62LNBB/A8XZA9CqS3Cu79B/ABmfA1UCw="
	year2100  = 4102444800
	resDev    = "products/" + pid + "/devices/" + dev
	prefix    = "$sys/" + pid + "/" + dev + "/"
)

var testStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newServer is a simulator with two devices, no pace and no login limit,
// whose wall clock starts on 2026-01-01.
func newServer(change func(*Config)) *Server {
	began := time.Now()
	cfg := Config{
		Products: []Product{{ID: pid, AccessKey: accessKey, Devices: map[string]string{dev: devKey, other: devKey}}},
		Now:      func() time.Time { return testStart.Add(time.Since(began)) },
	}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

// sign makes a token; a second implementation of the documents' rule.
func sign(key, res, method, version string, et int64) string {
	raw, _ := base64.StdEncoding.DecodeString(key)
	sum := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New}[method]
	if sum == nil {
		sum = sha256.New
	}
	mac := hmac.New(sum, raw)
	_, _ = fmt.Fprintf(mac, "%d\n%s\n%s\n%s", et, method, res, version)
	return fmt.Sprintf("version=%s&res=%s&et=%d&method=%s&sign=%s", version, url.QueryEscape(res), et, method,
		url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil))))
}

func goodToken() string { return sign(devKey, resDev, "sha256", "2018-10-31", year2100) }

func goodConnect() *packets.ConnectPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion, p.CleanSession, p.Keepalive = "MQTT", 4, true, 60
	p.UsernameFlag, p.PasswordFlag = true, true
	p.ClientIdentifier, p.Username, p.Password = dev, pid, []byte(goodToken())
	return p
}

// client speaks raw packets.
type client struct {
	t  testing.TB
	nc net.Conn
	in chan packets.ControlPacket // closed when the connection ends
	id uint16
}

// attach connects a client to a server through a pipe.
func attach(t testing.TB, s *Server) *client {
	t.Helper()
	near, far := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { defer close(served); s.ServeConn(ctx, far) }()
	t.Cleanup(func() { cancel(); <-served })
	return newClient(t, near)
}

func newClient(t testing.TB, nc net.Conn) *client {
	c := &client{t: t, nc: nc, in: make(chan packets.ControlPacket, 4096)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(c.in)
		for {
			p, err := packets.ReadPacket(nc)
			if err != nil {
				return
			}
			c.in <- p
		}
	}()
	t.Cleanup(func() { _ = nc.Close(); <-ended })
	return c
}

// login attaches a client that is logged in and hears everything.
func login(t testing.TB, s *Server) *client {
	t.Helper()
	c := attach(t, s)
	c.login()
	return c
}

func (c *client) login() {
	c.t.Helper()
	if code := c.connect(goodConnect()); code != 0 {
		c.t.Fatalf("CONNACK %d, want 0", code)
	}
	if codes := c.subscribe(prefix + "#"); codes[0] != 0 {
		c.t.Fatalf("SUBACK %v, want 0", codes)
	}
}

func (c *client) send(p packets.ControlPacket) {
	c.t.Helper()
	if err := p.Write(c.nc); err != nil {
		c.t.Logf("client cannot write: %v", err)
	}
}

// recv returns the next packet, nil when the connection has ended.
func (c *client) recv() packets.ControlPacket {
	c.t.Helper()
	select {
	case p := <-c.in:
		return p
	case <-time.After(20 * time.Second):
		c.t.Fatal("nothing received")
		return nil
	}
}

// quiet fails when anything comes within d.
func (c *client) quiet(d time.Duration) {
	c.t.Helper()
	select {
	case p, ok := <-c.in:
		c.t.Fatalf("got %v (open: %v), want silence", p, ok)
	case <-time.After(d):
	}
}

func (c *client) wantClosed() {
	c.t.Helper()
	if p := c.recv(); p != nil {
		c.t.Fatalf("got %v, want the connection closed", p)
	}
}

// connect returns the CONNACK code, -1 when the connection was closed.
func (c *client) connect(p *packets.ConnectPacket) int {
	c.t.Helper()
	c.send(p)
	switch p := c.recv().(type) {
	case *packets.ConnackPacket:
		return int(p.ReturnCode)
	case nil:
		return -1
	default:
		c.t.Fatalf("got %v, want CONNACK", p)
		return 0
	}
}

func (c *client) subscribe(filters ...string) []byte {
	c.t.Helper()
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	c.id++
	p.MessageID, p.Topics, p.Qoss = c.id, filters, make([]byte, len(filters))
	c.send(p)
	ack, ok := c.recv().(*packets.SubackPacket)
	if !ok || ack.MessageID != c.id {
		c.t.Fatalf("got %v, want SUBACK %d", ack, c.id)
	}
	return ack.ReturnCodes
}

func (c *client) publish(topic, payload string) {
	c.t.Helper()
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload = prefix+topic, []byte(payload)
	c.send(p)
}

// reply returns the payload of the next PUBLISH and checks its topic.
func (c *client) reply(topic string) string {
	c.t.Helper()
	p, ok := c.recv().(*packets.PublishPacket)
	if !ok {
		c.t.Fatalf("got %v, want a message", p)
	}
	if p.TopicName != prefix+topic || p.Qos != 0 || p.Retain {
		c.t.Fatalf("got %v, want QoS 0 on %s", p, prefix+topic)
	}
	return string(p.Payload)
}

// ask publishes a request and returns the reply.
func (c *client) ask(topic, payload string) string {
	c.t.Helper()
	c.publish(topic, payload)
	return c.reply(topic + "/reply")
}

func volt(id int, value string) string {
	return fmt.Sprintf(`{"id":"%d","version":"1.0","params":{"volt":{"value":%s}}}`, id, value)
}

func ok(id int64) string { return fmt.Sprintf(`{"id":"%d","code":200,"msg":"success"}`, id) }

// pass lets time go by, inside a testing/synctest bubble.
func pass(d time.Duration) { <-time.After(d) }
