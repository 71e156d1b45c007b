package cloud

import (
	"context"
	"errors"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const subackTimeout = 10 * time.Second

// errTopics says that the broker grants none of the subscriptions.
var errTopics = errors.New("the broker refuses the subscription: check that product and device belong together and that the product uses the thing model")

// errNoSuback says that the broker does not answer a SUBSCRIBE.
var errNoSuback = errors.New("no answer to the subscription")

// subscribe asks for the replies and waits until they are granted: a reply to a
// post before that would be missed. [ONENET-9]
func (s *session) subscribe(ctx context.Context) error {
	t := s.c.topics
	if t.Filter != "" {
		granted, err := s.filter(ctx, t.Filter)
		if err != nil || granted {
			return err
		}
	}
	some := false
	for _, topic := range t.Fallback {
		granted, err := s.filter(ctx, topic)
		if err != nil {
			return err
		}
		some = some || granted
		if topic == t.HistoryReply {
			s.historyGranted = granted
		}
		if topic == t.PostReply && !granted && s.c.cfg.Confirm == confirmReply {
			return errTopics
		}
	}
	if !some && s.c.cfg.Confirm == confirmReply {
		return errTopics
	}
	return nil
}

// filter subscribes one filter. Each goes in a packet of its own, so that each
// SUBACK carries exactly one answer. [ONENET-25]
func (s *session) filter(ctx context.Context, topic string) (granted bool, err error) {
	var qos byte = 1
	if s.c.topics.Thing != "" {
		qos = 0 // all that OneNET grants
	}
	token := s.client.Subscribe(topic, qos, nil).(*mqtt.SubscribeToken)
	timer := time.NewTimer(subackTimeout)
	defer timer.Stop()
	select {
	case <-token.Done():
	case err := <-s.lost:
		return false, err
	case <-ctx.Done():
		return false, ctx.Err()
	case <-timer.C:
		return false, errNoSuback
	}
	if err := token.Error(); err != nil {
		return false, err
	}
	code, answered := token.Result()[topic]
	return answered && code < 0x80, nil // a refusal is no error to paho
}
