package cloud

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

const (
	confirmReply  = "reply"
	confirmPuback = "puback"

	inFlightMost      = 1024
	historyValuesMost = 100 // [ONENET-14]
)

// Validate returns every mistake in the settings, each naming its key, or nil.
// It opens nothing.
func (c Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	own := c.Topic != "" // a broker of the site's own

	if c.Product == "" && !own {
		fail("onenet.product is missing")
	} else if c.Product != "" && !regexp.MustCompile(`^[0-9A-Za-z]{6,32}$`).MatchString(c.Product) {
		fail("onenet.product is %q, want 6 to 32 letters and digits", c.Product)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(c.Device) {
		fail("onenet.device is %q, want 1 to 64 letters, digits, _ and -", c.Device)
	}
	if c.Key != "" {
		if _, err := decodeKey(c.Key); err != nil {
			errs = append(errs, err)
		}
	} else if c.Password == "" && c.User == "" && !own {
		fail("onenet.key is missing")
	}
	if c.Level != "device" && c.Level != "product" {
		fail("onenet.level is %q, want device or product", c.Level)
	}
	if c.Method != "sha256" && c.Method != "sha1" && c.Method != "md5" {
		fail("onenet.method is %q, want sha256, sha1 or md5", c.Method)
	}
	if _, _, err := c.endpoint(); err != nil {
		errs = append(errs, err)
	}
	if own && strings.ContainsAny(c.Topic, "#+\x00") {
		fail("onenet.topic is %q, want no wildcard: posts go there", c.Topic)
	}
	if own && c.Address == "" {
		fail("onenet.topic is set but onenet.address is empty: OneNET takes no topics of one's own")
	}
	return errors.Join(append(errs, c.validateFigures()...)...)
}

func (c Config) validateFigures() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Confirm != confirmReply && c.Confirm != confirmPuback {
		fail("onenet.confirm is %q, want reply or puback", c.Confirm)
	}
	if c.KeepAlive < 10*time.Second || c.KeepAlive > 300*time.Second { // [ONENET-23]
		fail("onenet.keepalive is %v, want 10s to 300s", c.KeepAlive)
	}
	if c.ReplyTimeout < time.Second || c.ReplyTimeout > 10*time.Minute {
		fail("onenet.reply_timeout is %v, want 1s to 10m", c.ReplyTimeout)
	}
	if c.PostInterval < 0 {
		fail("onenet.post_interval is %v, want 0s or more", c.PostInterval)
	}
	if c.InFlight < 0 || c.InFlight > inFlightMost {
		fail("onenet.in_flight is %d, want 0 to %d", c.InFlight, inFlightMost)
	}
	if c.HistoryValues < 1 || c.HistoryValues > historyValuesMost {
		fail("onenet.history_values is %d, want 1 to %d", c.HistoryValues, historyValuesMost)
	}
	if c.Order != "live-first" && c.Order != "oldest-first" {
		fail("onenet.order is %q, want live-first or oldest-first", c.Order)
	}
	return errs
}
