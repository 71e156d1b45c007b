//go:build system

package systemtest

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// fate is what becomes of one reply.
type fate struct {
	lost, twice bool
	late        time.Duration // others overtake it
}

// befall decides about the next replies.
func (c *cable) befall(f fate, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		c.replies = append(c.replies, f)
	}
}

// upward passes what the gateway says.
func (p *pair) upward(i cargo, packet packets.ControlPacket) bool {
	if p.vanishes(loseUp) {
		return true
	}
	if post, ok := packet.(*packets.PublishPacket); ok {
		p.c.traffic.posted(p.number, postID(post.Payload), i.read)
		if p.torn() {
			_, _ = p.out.Write(i.bytes[:len(i.bytes)/2])
			p.reset()
			return false
		}
	}
	_, err := p.out.Write(i.bytes)
	return err == nil
}

func (p *pair) torn() bool {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	tear := p.c.tear
	p.c.tear = false
	return tear
}

// downward passes what the cloud says, replies by their fate.
func (p *pair) downward(i cargo, packet packets.ControlPacket) bool {
	reply, ok := packet.(*packets.PublishPacket)
	if !ok || !strings.HasSuffix(reply.TopicName, "/reply") {
		return p.tell(i) == nil
	}
	i.id = postID(reply.Payload)
	f := p.c.nextFate()
	switch {
	case f.lost:
		return true
	case f.late > 0:
		p.c.all.Go(func() {
			if p.until(time.Now().Add(f.late)) {
				_ = p.tell(i)
			}
		})
		return true
	case f.twice:
		if p.tell(i) != nil {
			return false
		}
	}
	return p.tell(i) == nil
}

func (c *cable) nextFate() fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.replies) == 0 {
		return fate{}
	}
	f := c.replies[0]
	c.replies = c.replies[1:]
	return f
}

// tell hands a packet to the gateway.
func (p *pair) tell(i cargo) error {
	if p.vanishes(loseDown) {
		return nil
	}
	p.down.Lock()
	defer p.down.Unlock()
	if i.id != "" {
		p.c.traffic.answered(i.id)
	}
	_, err := p.in.Write(i.bytes)
	return err
}

// postID returns the id in a post or a reply, "" where there is none.
func postID(payload []byte) string {
	var m struct{ ID json.RawMessage }
	if json.Unmarshal(payload, &m) != nil {
		return ""
	}
	return strings.Trim(string(m.ID), `"`)
}

// traffic is everything that was posted, in the order of posting.
type traffic struct {
	mu    sync.Mutex
	posts map[string]*posting
	order []*posting
	conns []passage
}

// passage is one connection through the cable.
type passage struct {
	at    time.Time // when it ended; zero while it lives
	posts int
}

// posting is one post, as seen between gateway and cloud.
type posting struct {
	id       string
	conn     int
	index    int // among the posts of its connection
	sent     time.Time
	answered time.Time // the first reply was handed to the gateway; zero: never
	stored   bool      // the cloud has taken it
	readings []uint64
}

func newTraffic() *traffic { return &traffic{posts: map[string]*posting{}} }

func (f *traffic) connected() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = append(f.conns, passage{})
	return len(f.conns) - 1
}

func (f *traffic) disconnected(conn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[conn].at = time.Now()
}

func (f *traffic) posted(conn int, id string, sent time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := &posting{id: id, conn: conn, index: f.conns[conn].posts, sent: sent}
	f.conns[conn].posts++
	f.posts[id] = p
	f.order = append(f.order, p)
}

func (f *traffic) answered(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.posts[id]; p != nil && p.answered.IsZero() {
		p.answered = time.Now()
	}
}

// took notes what the cloud has stored. false: nobody posted that.
func (f *traffic) took(id string, readings []uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.posts[id]
	if p == nil || p.stored {
		return false
	}
	p.stored, p.readings = true, readings
	return true
}
