package config

import (
	"crypto/x509"
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"serialgw/internal/cloud"
)

// checkOneNET checks what no single key can say for itself.
func (d *doc) checkOneNET(c *cloud.Config) {
	if c.Topic == "" {
		d.require("onenet.product", c.Product, "cloud.Config.product", "the OneNET console shows it on the product's page (产品ID)")
	}
	d.require("onenet.device", c.Device, "cloud.Config.device", "the OneNET console lists it under devices (设备名称)")
	d.checkAddress(c)
	d.checkTLS(c)
	if err := c.Validate(); err != nil && !d.brokenBelow("onenet") { // what only the cloud room knows
		d.fail("onenet", strings.ReplaceAll(err.Error(), "\n", "; "), "", "")
	}
}

// require refuses an empty text. The shipped file comes with a few.
func (d *doc) require(path, value, ruleName, cure string) {
	if value == "" {
		d.fail(path, d.emptyOrMissing(path), d.rules[ruleName].expected(reflect.TypeFor[string]()), cure)
	}
}

func (d *doc) emptyOrMissing(path string) string {
	if d.lines.has(path) {
		return `"" (to be filled in)`
	}
	return "nothing"
}

func (d *doc) checkAddress(c *cloud.Config) {
	const path = "onenet.address"
	want := d.rules["cloud.Config.address"].expected(reflect.TypeFor[string]())
	if c.Address == "" {
		if c.Topic != "" {
			d.fail(path, d.emptyOrMissing(path), want, "OneNET takes no topics of one's own: name the broker, or leave topic out")
		}
		return
	}
	if scheme, rest, ok := strings.Cut(c.Address, "://"); ok {
		d.fail(path, shown(c.Address), want, "leave "+scheme+":// out: "+strconv.Quote(rest)+"; tls = true chooses TLS")
		return
	}
	host, port := c.Endpoint()
	if port == 0 || net.ParseIP(host) == nil && !within(host, 1, 253, ".-_") {
		d.fail(path, shown(c.Address), want, "")
		return
	}
	odd := c.HostWarning()
	switch {
	case odd != "":
		d.warn(path, strings.TrimPrefix(odd, path+": "), "", "")
	case !isOneNETHost(host) && strings.Contains(host, ".") && net.ParseIP(host) == nil && !otherBroker(c):
		d.warn(path, shown(c.Address), "a host below cmcconenet.cn or heclouds.com",
			`for a broker that is not OneNET give user and password, a topic, or confirm = "puback"`)
	case isOneNETHost(host) && (port == 8883 && !c.TLS || port == 1883 && c.TLS):
		d.warn(path, fmt.Sprintf("port %d", port), "8883 with tls = true, 1883 with tls = false", "leave the port out")
	}
}

// otherBroker reports whether the settings speak of a broker of the site's own.
func otherBroker(c *cloud.Config) bool {
	return c.User != "" || c.Password != "" || c.Topic != "" || c.Confirm == "puback"
}

// isOneNETHost reports whether host is OneNET's by name. [ONENET-6]
func isOneNETHost(host string) bool {
	host = strings.ToLower(host)
	return strings.HasSuffix(host, ".cmcconenet.cn") || strings.HasSuffix(host, ".heclouds.com")
}

func (d *doc) checkTLS(c *cloud.Config) {
	const path, want = "onenet.ca_file", "the path of the broker's CA certificate in PEM"
	const cure = "OneNET's is MQTTS-certificate.pem, a download of its documentation"
	c.CAFile = d.resolve(c.CAFile)
	switch host, _ := c.Endpoint(); {
	case c.CAFile == "" && c.TLS && isOneNETHost(host):
		d.fail(path, d.emptyOrMissing(path), want, "no system knows OneNET's own CA; "+cure)
	case c.CAFile != "" && !c.TLS:
		d.warn(path, "a CA certificate without TLS", "", "write tls = true to use it")
	case c.CAFile != "":
		pem, err := readSmall(c.CAFile)
		if err != nil {
			d.fail(path, "a file that cannot be read ("+reason(err)+")", want, cure)
		} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			d.fail(path, "a file without a certificate", want, cure)
		}
	}
}

// minSegments is how many segments the queue needs at least, so that dropping
// the oldest one never drops much.
const minSegments = 8

// maxSocketPath is what the kernel takes as the path of a unix socket, bytes.
const maxSocketPath = 107

func (d *doc) checkQueue(c *Config) {
	q := &c.Queue
	if least := minSegments * q.SegmentBytes; q.MaxBytes < least && !d.isBroken("queue.segment_bytes") {
		d.fail("queue.max_bytes", formatSize(q.MaxBytes), "at least 8 segments of "+formatSize(q.SegmentBytes),
			"write "+strconv.Quote(formatSize(least))+" or more, or make segment_bytes smaller")
	}
	if q.Dir != "" && !filepath.IsAbs(q.Dir) {
		d.fail("queue.dir", shown(q.Dir), `an absolute path, for example "/var/lib/serialgw"`, "")
	}
	if s := c.Status.Socket; s != "" && s != "off" && (!filepath.IsAbs(s) || len(s) > maxSocketPath) {
		d.fail("status.socket", shown(s), `"off" or an absolute path of at most 107 bytes`, "")
	}
}
