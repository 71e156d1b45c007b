package cloud

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"serialgw/internal/reading"
)

const (
	latestMost     = 1024 // properties remembered for property/get
	downlinkIDMost = 64   // bytes; OneNET's have at most 13

	codeDeclined = 400
	wordDeclined = "writing to the board is not enabled on this gateway"
)

// onMessage sorts what the broker sends. It must not block.
func (s *session) onMessage(_ mqtt.Client, m mqtt.Message) {
	switch topic := m.Topic(); topic {
	case s.c.topics.PostReply, s.c.topics.HistoryReply:
		if s.c.cfg.Confirm == confirmReply {
			s.onReply(m.Payload(), topic == s.c.topics.HistoryReply)
		}
	default:
		if rest, ok := strings.CutPrefix(topic, s.c.topics.Thing); ok && s.c.topics.Thing != "" {
			s.onDownlink(rest, m.Payload())
		}
	}
}

// onReply gives the verdict that the platform sent.
func (s *session) onReply(payload []byte, history bool) {
	r, err := ParseReply(payload)
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.status.BadMessages++
		return
	}
	c.status.LastReplyCode = r.Code
	s.historyHeard = s.historyHeard || history
	o := reading.Outcome{Code: r.Code, Text: r.Msg}
	o.Verdict, o.Identifier = r.Verdict()
	if o.Verdict == reading.Confirmed {
		c.confirm(r.ID, o)
		return
	}
	f := c.ledger.open[r.ID]
	if r.ID == 0 && len(c.ledger.open) == 1 {
		f = c.ledger.only() // it can be about nothing else [ONENET-17]
	}
	if f == nil {
		if _, late := c.ledger.late(r.ID); !late {
			c.status.UnknownReplies++
		}
		return
	}
	c.settle(f, o)
}

// confirm settles the post with this id, even one that was given up; a success
// counts only for the id that it names [ONENET-15]. The mutex is held.
func (c *Client) confirm(id uint64, o reading.Outcome) {
	if f := c.ledger.open[id]; f != nil {
		c.settle(f, o)
		return
	}
	f, ok := c.ledger.late(id)
	if !ok {
		c.status.UnknownReplies++
		return
	}
	o.Post, o.Seqs, o.History, o.Late = f.id, f.seqs, f.history, true
	c.count(o)
	c.times.forget(f.seqs)
	c.ledger.tell(o)
}

// sample is a value with the wall time it was taken at.
type sample struct {
	value reading.Value
	wall  int64
}

// note remembers the newest value of each property. The mutex is held.
func (c *Client) note(entries []reading.Entry) {
	for i := range entries {
		r := &entries[i].Reading
		c.latest.start()
		for k := range r.Props {
			p := &r.Props[k]
			old := c.latest.get(p.Name)
			switch {
			case !p.Value.Finite():
			case old == nil && len(c.latest.all) < latestMost:
				c.latest.add(p.Name, &sample{p.Value, r.Stamp.Wall})
			case old != nil && old.wall <= r.Stamp.Wall:
				*old = sample{p.Value, r.Stamp.Wall}
			}
		}
	}
}

// request is the cloud's envelope.
type request struct {
	ID     string          `json:"id"`
	Params json.RawMessage `json:"params"`
}

// onDownlink answers the cloud's requests; it waits five seconds for the same
// id on the same topic with _reply. [ONENET-22]
//
//	.../property/set    {"id":"57","version":"1.0","params":{"run":false,"target":1200}}
//	.../property/get    {"id":"58","version":"1.0","params":["volt","run"]}
//	.../service/reboot/invoke  {"id":"59","version":"1.0","params":{"delay":3}}
func (s *session) onDownlink(rest string, payload []byte) {
	get := rest == "property/get"
	call := strings.HasPrefix(rest, "service/") && strings.HasSuffix(rest, "/invoke")
	if !get && !call && rest != "property/set" {
		return // an echo, or a family that we do not use
	}
	req, names, err := parseRequest(payload, get)
	s.c.mu.Lock()
	s.c.status.Downlinks++
	var body []byte
	if err != nil {
		s.c.status.BadMessages++
	} else if get {
		body = s.c.answerGet(req.ID, names)
	} else {
		body = appendAnswer(nil, req.ID, codeDeclined, wordDeclined)
		body = append(body, '}')
	}
	s.c.mu.Unlock()
	if err != nil {
		return
	}
	select {
	case s.answers <- outgoing{s.c.topics.Thing + rest + "_reply", body}:
	default: // more requests than we can answer; they time out over there
	}
}

func parseRequest(payload []byte, get bool) (req request, names []string, err error) {
	if err = json.Unmarshal(payload, &req); err != nil {
		return req, nil, err
	}
	if req.ID == "" || len(req.ID) > downlinkIDMost {
		return req, nil, errors.New("request without a usable id")
	}
	if get {
		err = json.Unmarshal(req.Params, &names)
	}
	return req, names, err
}

// answerGet lists the newest values, raw; properties never posted are absent.
// The mutex is held.
func (c *Client) answerGet(id string, names []string) []byte {
	b := append(appendAnswer(nil, id, codeSuccess, "success"), `,"data":{`...)
	first := true
	clear(c.seen)
	for _, name := range names {
		v, known := c.latest.all[name]
		if _, again := c.seen[name]; !known || again {
			continue
		}
		c.seen[name] = struct{}{}
		b = appendComma(b, &first)
		b = reading.AppendQuoted(b, name)
		b = append(b, ':')
		b = v.value.AppendJSON(b)
	}
	return append(b, "}}"...)
}

// appendAnswer appends an answer without its last brace.
func appendAnswer(b []byte, id string, code int64, msg string) []byte {
	b = append(b, `{"id":`...)
	b = reading.AppendQuoted(b, id)
	b = append(b, `,"code":`...)
	b = strconv.AppendInt(b, code, 10)
	b = append(b, `,"msg":`...)
	return reading.AppendQuoted(b, msg)
}
