package onenetsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Why a call to a device brought no answer.
var (
	ErrOffline       = errors.New("device is not online")
	ErrNotSubscribed = errors.New("device has not subscribed the topic")
	ErrNoAnswer      = errors.New("device did not answer within 5 s")
)

// Answer is what a device said to a set, get or invoke.
type Answer struct {
	ID   string          `json:"id"`
	Code int             `json:"code"`
	Msg  string          `json:"msg"`
	Data json.RawMessage `json:"data"`
}

// SetProperty sends property/set with raw values and waits for the answer.
func (s *Server) SetProperty(ctx context.Context, pid, device string, values map[string]any) (Answer, error) {
	return s.call(ctx, pid, device, topicPropertySet, values)
}

// GetProperty sends property/get and waits for the answer.
func (s *Server) GetProperty(ctx context.Context, pid, device string, identifiers ...string) (Answer, error) {
	return s.call(ctx, pid, device, topicPropertyGet, identifiers)
}

// InvokeService calls a service synchronously and waits for the answer.
func (s *Server) InvokeService(ctx context.Context, pid, device, service string, input map[string]any) (Answer, error) {
	return s.call(ctx, pid, device, "thing/service/"+service+"/invoke", input)
}

// call publishes a request of the platform's and waits for the answer with
// the same id, on the same topic with _reply behind it.
func (s *Server) call(ctx context.Context, pid, device, topic string, params any) (Answer, error) {
	c, id, answer, err := s.begin(pid, device, topic)
	if err != nil {
		return Answer{}, err
	}
	defer s.forget(callKey(c.dev, topic, id))
	payload, err := json.Marshal(map[string]any{"id": id, "version": "1.0", "params": params})
	if err != nil {
		return Answer{}, fmt.Errorf("cannot encode the parameters: %w", err)
	}
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload = c.dev.prefix()+topic, payload
	c.send(p)
	timer := time.NewTimer(answerWait)
	defer timer.Stop()
	select {
	case a := <-answer:
		return a, nil
	case <-timer.C:
		s.log(pid, device, consoleAnswerLate, "no answer to "+topic)
		return Answer{}, ErrNoAnswer
	case <-ctx.Done():
		return Answer{}, context.Cause(ctx)
	}
}

func callKey(d *device, topic, id string) string { return d.prefix() + topic + " " + id }

// begin finds the session and registers who waits for the answer.
func (s *Server) begin(pid, device, topic string) (c *conn, id string, answer chan Answer, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dev := s.device(pid, device)
	if dev == nil || dev.session == nil {
		return nil, "", nil, ErrOffline
	}
	if !dev.session.hearsLocked(topic) {
		s.logLocked(pid, device, consoleNotSubscribed, "not subscribed: "+topic)
		return nil, "", nil, ErrNotSubscribed
	}
	s.nextCall++
	id = strconv.Itoa(s.nextCall)
	answer = make(chan Answer, 1)
	s.calls[callKey(dev, topic, id)] = answer
	return dev.session, id, answer, nil
}

func (s *Server) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, key)
}

// answered matches what a device published on an answer topic.
func (s *Server) answered(c *conn, topic string, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.countLocked(func(st *Stats) { st.Answers++ })
	var a Answer
	if json.Unmarshal(payload, &a) != nil || a.ID == "" {
		s.logLocked(c.dev.product.ID, c.dev.name, consoleAnswerForm, "bad answer on "+topic)
		return
	}
	key := callKey(c.dev, strings.TrimSuffix(topic, "_reply"), a.ID)
	waiting, ok := s.calls[key]
	if !ok {
		s.logLocked(c.dev.product.ID, c.dev.name, consoleAnswerUnknown, "answer to nothing on "+topic)
		return
	}
	delete(s.calls, key)
	waiting <- a // never blocks: it holds one, and the key is gone
}
