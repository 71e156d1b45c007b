package onenetsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestControl_Calls: the device answers, answers wrongly, or not at all.
func TestControl_Calls(t *testing.T) {
	type result struct {
		answer Answer
		err    error
	}
	rows := []struct {
		name   string
		call   func(*Server, context.Context) (Answer, error)
		topic  string
		params string
		answer string // %s is the id; empty: none
		want   Answer
		err    error
	}{
		{"set", func(s *Server, ctx context.Context) (Answer, error) {
			return s.SetProperty(ctx, pid, dev, map[string]any{"run": true})
		}, "thing/property/set", `{"run":true}`, `{"id":"%s","code":400,"msg":"not enabled"}`,
			Answer{ID: "1", Code: 400, Msg: "not enabled"}, nil},
		{"get", func(s *Server, ctx context.Context) (Answer, error) {
			return s.GetProperty(ctx, pid, dev, "volt", "run")
		}, "thing/property/get", `["volt","run"]`, `{"id":"%s","code":200,"msg":"success","data":{"volt":3.3}}`,
			Answer{ID: "1", Code: 200, Msg: "success", Data: json.RawMessage(`{"volt":3.3}`)}, nil},
		{"invoke", func(s *Server, ctx context.Context) (Answer, error) {
			return s.InvokeService(ctx, pid, dev, "reboot", map[string]any{"delay": 3})
		}, "thing/service/reboot/invoke", `{"delay":3}`, `{"id":"%s","code":200,"data":{}}`,
			Answer{ID: "1", Code: 200, Data: json.RawMessage(`{}`)}, nil},
		{"silence", func(s *Server, ctx context.Context) (Answer, error) {
			return s.GetProperty(ctx, pid, dev, "volt")
		}, "thing/property/get", `["volt"]`, "", Answer{}, ErrNoAnswer},
		{"wrong id", func(s *Server, ctx context.Context) (Answer, error) {
			return s.GetProperty(ctx, pid, dev, "volt")
		}, "thing/property/get", `["volt"]`, `{"id":"9%s","code":200}`, Answer{}, ErrNoAnswer},
		{"not JSON", func(s *Server, ctx context.Context) (Answer, error) {
			return s.GetProperty(ctx, pid, dev, "volt")
		}, "thing/property/get", `["volt"]`, `ok %s`, Answer{}, ErrNoAnswer},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(nil)
				c := login(t, s)
				done := make(chan result, 1)
				go func() { a, err := r.call(s, t.Context()); done <- result{a, err} }()
				var request struct {
					ID     string          `json:"id"`
					Params json.RawMessage `json:"params"`
				}
				if err := json.Unmarshal([]byte(c.reply(r.topic)), &request); err != nil || string(request.Params) != r.params {
					t.Errorf("request %s, %v; want params %s", request.Params, err, r.params)
				}
				began := time.Now()
				if r.answer != "" {
					c.publish(r.topic+"_reply", fmt.Sprintf(r.answer, request.ID))
				}
				got := <-done
				if !errors.Is(got.err, r.err) || fmt.Sprint(got.answer) != fmt.Sprint(r.want) {
					t.Errorf("got %+v, want %+v, %v", got, r.want, r.err)
				}
				if took := time.Since(began); r.err != nil && took != answerWait {
					t.Errorf("gave up after %v, want %v", took, answerWait)
				}
				if len(s.calls) != 0 {
					t.Errorf("%d calls are still waiting", len(s.calls))
				}
			})
		})
	}
}

func TestControl_NobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		if _, err := s.SetProperty(t.Context(), pid, "none", nil); !errors.Is(err, ErrOffline) {
			t.Errorf("unknown device: %v", err)
		}
		if _, err := s.SetProperty(t.Context(), pid, dev, nil); !errors.Is(err, ErrOffline) {
			t.Errorf("before the login: %v", err)
		}
		c := attach(t, s)
		c.connect(goodConnect())
		c.subscribe(prefix + "thing/property/post/reply")
		if _, err := s.SetProperty(t.Context(), pid, dev, nil); !errors.Is(err, ErrNotSubscribed) {
			t.Errorf("without subscription: %v", err)
		}
		c.subscribe(prefix + "thing/property/set")
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if _, err := s.SetProperty(ctx, pid, dev, nil); !errors.Is(err, cause) {
			t.Errorf("cancelled: %v", err)
		}
		if _, err := s.SetProperty(t.Context(), pid, dev, map[string]any{"x": func() {}}); err == nil {
			t.Error("a function was sent")
		}
	})
}
