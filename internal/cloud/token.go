package cloud

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"

	"serialgw/internal/reading"
)

const (
	// tokenVersion is the only one that MQTT login takes; the application
	// interfaces use later ones.
	tokenVersion = "2018-10-31"
	// tokenLife, in seconds: only that the expiry lies in the server's future
	// is checked, and only at login. [ONENET-5]
	tokenLife = 365 * 24 * 3600
	// year2100 in Unix seconds is the expiry when our own clock is in doubt.
	year2100 = 4102444800
	// released is a date, in Unix seconds, before which no copy of this
	// program can run: 2026-11-01. An earlier wall clock is wrong.
	released = 1793491200
)

// Token is a OneNET login token before it is signed.
type Token struct {
	Version  string // "2018-10-31" for MQTT
	Resource string // products/{pid} or products/{pid}/devices/{device}
	Expiry   int64  // Unix seconds
	Method   string // "sha256", "sha1" or "md5"
}

// Sign returns the token as the MQTT password wants it:
//
//	version=2018-10-31&res=products%2F123123&et=1537255523&method=sha1&sign=lsaPSiiGvEFFjXu5WU7a6IkScqE%3D
//
// The signature covers the raw values, joined by line feeds in another order
// than the string's [ONENET-3]. The method is signed as written, so upper case
// gives another signature than lower case. The error never holds the key.
func (t Token) Sign(key Secret) (string, error) {
	secret, err := decodeKey(key)
	if err != nil {
		return "", err
	}
	newHash, err := hashOf(t.Method)
	if err != nil {
		return "", err
	}
	expiry := strconv.FormatInt(t.Expiry, 10)
	mac := hmac.New(newHash, secret)
	mac.Write([]byte(expiry + "\n" + t.Method + "\n" + t.Resource + "\n" + t.Version))
	sign := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return "version=" + escape(t.Version) + "&res=" + escape(t.Resource) + "&et=" + expiry +
		"&method=" + escape(t.Method) + "&sign=" + escape(sign), nil
}

// escape differs from url.QueryEscape in the space alone.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hashOf(method string) (func() hash.Hash, error) {
	switch strings.ToLower(method) {
	case "sha256":
		return sha256.New, nil
	case "sha1":
		return sha1.New, nil
	case "md5":
		return md5.New, nil
	}
	return nil, fmt.Errorf("onenet.method is %q, want sha256, sha1 or md5", method)
}

// decodeKey takes a key as the console shows it: with stray white space, with
// or without padding, and with trailing bits that a strict decoder would
// refuse. [ONENET-4]
func decodeKey(key Secret) ([]byte, error) {
	text := strings.TrimSpace(key.Reveal())
	if text == "" {
		return nil, errors.New("onenet.key is empty")
	}
	secret, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		secret, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot decode onenet.key as base64: %w", err)
	}
	return secret, nil
}

// Resource returns what the token is for.
func (c Config) Resource() string {
	if c.Level == "product" {
		return "products/" + c.Product
	}
	return "products/" + c.Product + "/devices/" + c.Device
}

// Token returns the token to sign at the instant now. It lives a year, counted
// from the release date of the program when the clock is behind even that.
func (c Config) Token(now reading.Stamp) Token {
	seconds := now.Wall / 1e9
	return Token{Version: tokenVersion, Resource: c.Resource(), Expiry: max(seconds, released) + tokenLife, Method: c.Method}
}

// password returns what the CONNECT carries; far signs until the year 2100.
func (c Config) password(now reading.Stamp, far bool) (string, error) {
	if c.Password != "" || c.Key == "" {
		return c.Password.Reveal(), nil
	}
	t := c.Token(now)
	if far {
		t.Expiry = year2100
	}
	return t.Sign(c.Key)
}
