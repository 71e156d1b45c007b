//go:build system

package systemtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// mosquitto starts the independent broker on a port that the kernel chose and
// returns its address.
func mosquitto(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			t.Skip("mosquitto is not installed: apt install mosquitto mosquitto-clients")
		}
	}
	// Between the kernel's choice and the broker's bind another program may
	// take the port; then another one is chosen.
	for range 5 {
		addr := freeAddress(t)
		if startMosquitto(t, path, addr) {
			return addr
		}
	}
	t.Fatal("mosquitto does not start")
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func startMosquitto(t *testing.T, path, addr string) bool {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	must(t, err)
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := "listener " + port + " 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n" +
		"persistence false\nmax_queued_messages 0\nlog_dest stderr\nlog_type all\n"
	if os.Geteuid() == 0 {
		text += "user root\n" // the test's own user, who owns the files
	}
	must(t, os.WriteFile(conf, []byte(text), 0o600))
	cmd := exec.Command(path, "-c", conf)
	stderr, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	log := &journal{}
	ended := make(chan struct{})
	go func() { // awaited through ended
		defer close(ended)
		log.fill(stderr)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	_, err = log.await(within(t, 10*time.Second), saying("running"))
	return err == nil
}

// responder is the cloud's side of a broker: it answers posts as OneNET does,
// and counts.
//
//	.../thing/property/post ──▶ responder ──▶ .../thing/property/post/reply {"id","code":200,"msg":"success"}
type responder struct {
	conn   net.Conn
	answer bool
	read   func(payload []byte) (id string, err error) // takes note of a post
	tally  *tally
	err    error // why it stopped; after done
	done   chan struct{}
}

// respond logs in at a broker, subscribes filters, and counts what arrives. It
// answers when it is to play OneNET.
func respond(t *testing.T, addr string, answer bool, filters ...string) *responder {
	t.Helper()
	y := newTally()
	r := respondTo(t, addr, answer, y.read, filters...)
	r.tally = y
	return r
}

// respondTo is respond for posts that somebody else reads.
func respondTo(t *testing.T, addr string, answer bool, read func([]byte) (string, error), filters ...string) *responder {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	must(t, err)
	r := &responder{conn: conn, answer: answer, read: read, done: make(chan struct{})}
	hello := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	hello.ProtocolName, hello.ProtocolVersion, hello.CleanSession = "MQTT", 4, true
	hello.ClientIdentifier, hello.Keepalive = "responder", 0
	must(t, hello.Write(conn))
	must(t, r.expect(packets.Connack))
	sub := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	sub.MessageID = 1
	for _, f := range filters {
		sub.Topics, sub.Qoss = append(sub.Topics, f), append(sub.Qoss, 1)
	}
	must(t, sub.Write(conn))
	must(t, r.expect(packets.Suback))
	go func() { // awaited by the clean-up
		defer close(r.done)
		r.err = r.serve()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-r.done
		if r.err != nil && !errors.Is(r.err, net.ErrClosed) {
			t.Errorf("the responder stopped: %v", r.err)
		}
	})
	return r
}

func (r *responder) expect(kind byte) error {
	p, err := packets.ReadPacket(r.conn)
	if err != nil {
		return fmt.Errorf("no answer from the broker: %w", err)
	}
	if ack, ok := p.(*packets.ConnackPacket); ok && ack.ReturnCode != 0 {
		return fmt.Errorf("the broker refuses the responder with code %d", ack.ReturnCode)
	}
	if got := packets.PacketNames[kind]; !strings.HasPrefix(p.String(), got) {
		return fmt.Errorf("the broker answers %v, want %s", p, got)
	}
	return nil
}

func (r *responder) serve() error {
	for {
		p, err := packets.ReadPacket(r.conn)
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the broker hung up: %w", err)
		}
		if err != nil {
			return err
		}
		post, ok := p.(*packets.PublishPacket)
		if !ok {
			continue
		}
		if err := r.take(post); err != nil {
			return fmt.Errorf("%s: %w", post.TopicName, err)
		}
	}
}

// take acknowledges a post, counts what is in it, and answers it.
func (r *responder) take(post *packets.PublishPacket) error {
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = post.MessageID
	if err := ack.Write(r.conn); err != nil {
		return err
	}
	id, err := r.read(post.Payload)
	if err != nil || !r.answer {
		return err
	}
	reply := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	reply.TopicName = post.TopicName + "/reply"
	reply.Payload = fmt.Appendf(nil, `{"id":%q,"code":200,"msg":"success"}`, id)
	return reply.Write(r.conn)
}

// read counts the numbers in a post.
func (y *tally) read(payload []byte) (id string, err error) {
	id, seqs, err := parsePost(payload)
	for _, seq := range seqs {
		y.add(seq)
	}
	return id, err
}

// parsePost returns a post's id and the frame numbers in it. params is an
// object in a property post and an array of entries in a history post.
func parsePost(payload []byte) (id string, seqs []uint64, err error) {
	type sample struct {
		Value json.RawMessage `json:"value"`
	}
	var post struct {
		ID     string          `json:"id"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(payload, &post); err != nil {
		return "", nil, fmt.Errorf("not JSON: %w", err)
	}
	var samples []sample
	if strings.HasPrefix(string(post.Params), "[") {
		var entries []struct {
			Properties map[string][]sample `json:"properties"`
		}
		err = json.Unmarshal(post.Params, &entries)
		for _, e := range entries {
			samples = append(samples, e.Properties[counter]...)
		}
	} else {
		var values map[string]sample
		err = json.Unmarshal(post.Params, &values)
		samples = append(samples, values[counter])
	}
	for _, s := range samples {
		seq, serr := frameNumber(s.Value)
		seqs, err = append(seqs, seq), errors.Join(err, serr)
	}
	return post.ID, seqs, err
}
