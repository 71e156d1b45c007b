package cloud

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

const (
	plainPort = 1883
	tlsPort   = 8883

	// Each product has its own name in these domains. [ONENET-6]
	plainSuffix = ".mqtts.acc.cmcconenet.cn"
	tlsSuffix   = ".mqttstls.acc.cmcconenet.cn"
)

// Endpoint returns where to connect. An empty address is OneNET's own host for
// the product; {pid} stands for the product id; a missing port is 1883, or
// 8883 with TLS. A port that cannot be read is 0; Validate says so.
func (c Config) Endpoint() (host string, port int) {
	host, port, _ = c.endpoint()
	return host, port
}

func (c Config) endpoint() (host string, port int, err error) {
	port = plainPort
	if c.TLS {
		port = tlsPort
	}
	addr := strings.ReplaceAll(strings.TrimSpace(c.Address), "{pid}", c.Product)
	switch {
	case addr == "" && c.TLS:
		return c.Product + tlsSuffix, port, nil
	case addr == "":
		return c.Product + plainSuffix, port, nil
	case strings.ContainsAny(addr, "/ "):
		return addr, 0, fmt.Errorf("onenet.address is %q, want host or host:port and nothing else", addr)
	case strings.HasPrefix(addr, "[") && strings.HasSuffix(addr, "]"):
		return addr[1 : len(addr)-1], port, nil
	case strings.Count(addr, ":") == 1 || strings.HasPrefix(addr, "["):
		return splitAddress(addr)
	}
	if _, ipErr := netip.ParseAddr(addr); ipErr != nil && strings.Contains(addr, ":") {
		return addr, 0, fmt.Errorf("onenet.address is %q, want host, host:port or [IPv6]:port", addr)
	}
	return addr, port, nil // a name, or an IPv6 address without a port
}

func splitAddress(addr string) (string, int, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, 0, fmt.Errorf("cannot read onenet.address: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		return host, 0, fmt.Errorf("onenet.address is %q, want host:port with a port from 1 to 65535", addr)
	}
	return host, int(port), nil
}

// isOneNET reports whether host is one of the platform's, by name or by one of
// the addresses that its documents have given.
func isOneNET(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	switch host {
	case "218.201.45.7", "183.230.102.116", "183.230.40.96", "183.230.40.16":
		return true
	}
	return strings.HasSuffix(host, ".cmcconenet.cn") || strings.HasSuffix(host, ".heclouds.com")
}

// HostWarning returns what is odd about the host, or "". A host that is far
// from OneNET's names is the site's own broker and draws no warning.
func (c Config) HostWarning() string {
	host, _ := c.Endpoint()
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	meant := c.Product + plainSuffix
	if c.TLS {
		meant = c.Product + tlsSuffix
	}
	switch {
	case host == "mqtt.heclouds.com":
		return "onenet.address: mqtt.heclouds.com speaks an older protocol that knows no tokens; leave the address empty or use " + meant
	case strings.HasSuffix(host, ".cmcconenet.cn"):
		if !strings.EqualFold(host, meant) {
			return fmt.Sprintf("onenet.address: for this product, and tls = %t, OneNET's host is %s, not %s", c.TLS, meant, host)
		}
	case !isOneNET(host) && (near(lastLabels(host), "cmcconenet.cn") || near(lastLabels(host), "heclouds.com")):
		return fmt.Sprintf("onenet.address: %s looks like one of OneNET's hosts but is none; is %s meant?", host, meant)
	}
	return ""
}

// lastLabels returns the last two labels of a host name.
func lastLabels(host string) string {
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// near reports whether at most three edits make a into b.
func near(a, b string) bool {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j+1]+1, row[j]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)] <= 3
}

// Topics are the names that a client uses. Those of the other family are empty.
type Topics struct {
	Thing string // prefix of OneNET's thing model, with the last slash; "" with a topic of one's own

	Post, PostReply       string
	History, HistoryReply string

	Filter   string   // covers all of Fallback; "" when it is not to be asked for
	Fallback []string // subscribed one by one where Filter is refused or empty
}

// Topics returns the topics for this configuration. A device's request is
// answered on .../reply, a platform's on ..._reply. [ONENET-8]
func (c Config) Topics() Topics {
	if c.Topic != "" {
		post := strings.NewReplacer("{pid}", c.Product, "{device}", c.Device).Replace(c.Topic)
		t := Topics{Post: post}
		if c.Confirm == confirmReply {
			t.PostReply = post + "/reply"
			t.Fallback = []string{t.PostReply}
		}
		return t
	}
	thing := "$sys/" + c.Product + "/" + c.Device + "/thing/"
	t := Topics{
		Thing: thing,
		Post:  thing + "property/post", PostReply: thing + "property/post/reply",
		History: thing + "history/post", HistoryReply: thing + "history/post/reply",
	}
	// Any other broker than OneNET sends our own posts back on the wildcard.
	if c.Confirm == confirmReply {
		t.Filter = thing + "#"
	}
	t.Fallback = []string{t.PostReply, t.HistoryReply, thing + "property/set", thing + "property/get"}
	return t
}

// ClientID returns the MQTT client id: the device name. [ONENET-2]
func (c Config) ClientID() string { return c.Device }

// UserName returns the MQTT user name: the product id, unless another is set.
func (c Config) UserName() string {
	if c.User != "" {
		return c.User
	}
	return c.Product
}
