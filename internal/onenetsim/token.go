package onenetsim

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"
)

// token is a login password taken apart:
//
//	version=2018-10-31&res=products%2F123123&et=1537255523&method=sha1&sign=lsaP...%3D
type token struct {
	version, res, etText, method, sign string
	et                                 int64 // Unix seconds
}

// denial is why a login fails. Zero code means that it does not.
type denial struct {
	code int // of the console log
	text string
}

func deny(code int, text string) denial { return denial{code, text} }

// parseToken splits a password into its five parameters, no more, no fewer.
func parseToken(text string, p Profile) (token, bool) {
	var t token
	parts := map[string]*string{
		"version": &t.version, "res": &t.res, "et": &t.etText, "method": &t.method, "sign": &t.sign,
	}
	var order []string
	for pair := range strings.SplitSeq(text, "&") {
		key, value, found := strings.Cut(pair, "=")
		part := parts[key]
		if !found || part == nil || slices.Contains(order, key) {
			return token{}, false
		}
		plain, ok := unescape(value, p == Lenient)
		if !ok || plain == "" {
			return token{}, false
		}
		*part = plain
		order = append(order, key)
	}
	if len(order) != len(parts) {
		return token{}, false
	}
	if p == Strict && !slices.Equal(order, []string{"version", "res", "et", "method", "sign"}) {
		return token{}, false
	}
	et, err := strconv.ParseUint(t.etText, 10, 63)
	t.et = int64(et)
	return t, err == nil
}

// unescape undoes the documents' encoding of eight characters. One of them
// left raw is the commonest reason for CONNACK 4, so it is not forgiven.
func unescape(s string, lenient bool) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) {
				return "", false
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			b.WriteByte(byte(n))
			i += 2
		case !lenient && strings.IndexByte("+ /?#&=", c) >= 0:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// hasher returns the hash that a method names.
func hasher(method string, p Profile) func() hash.Hash {
	if p == Lenient {
		method = strings.ToLower(method)
	}
	switch method {
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha256":
		return sha256.New
	}
	return nil
}

// checkLogin judges user, client id and password in the platform's order and
// returns the device. now is the platform's wall clock.
func (s *Server) checkLogin(user, clientID, password string, now time.Time) (*device, token, denial) {
	name, _, _ := strings.Cut(clientID, "?") // card management appends a query
	if user == "" || name == "" || password == "" {
		return nil, token{}, deny(consoleEmpty, "client id, user or password is empty")
	}
	t, ok := parseToken(password, s.cfg.Profile)
	if !ok {
		return nil, t, deny(consoleToken, "invalid token: only et, version, method, res, sign")
	}
	sum := hasher(t.method, s.cfg.Profile)
	switch {
	case t.version != "2018-10-31":
		return nil, t, deny(consoleVersion, "bad version "+t.version)
	case sum == nil:
		return nil, t, deny(consoleMethod, "method unsupported: "+t.method)
	case t.et <= now.Unix():
		return nil, t, deny(consoleExpired, "token expired")
	}
	deviceLevel, d := checkResource(t.res, user, name)
	if d.code != 0 {
		return nil, t, d
	}
	dev := s.device(user, name)
	if dev == nil {
		return nil, t, deny(consoleNoDevice, "device not found")
	}
	return dev, t, dev.checkSign(t, sum, deviceLevel)
}

// checkResource compares what the token is for with who logs in.
func checkResource(res, user, name string) (deviceLevel bool, d denial) {
	p := strings.Split(res, "/")
	switch {
	case p[0] == "userid":
		return false, deny(consoleResource, "user level resource")
	case p[0] != "products" || (len(p) != 2 && (len(p) != 4 || p[2] != "devices")):
		return false, deny(consoleToken, "invalid res")
	case p[1] != user || (len(p) == 4 && p[3] != name):
		return false, deny(consoleResource, "client id or user does not match res")
	}
	return len(p) == 4, denial{}
}

// checkSign compares the signature with the one each fitting key would give.
func (d *device) checkSign(t token, sum func() hash.Hash, deviceLevel bool) denial {
	keys := []string{d.product.AccessKey}
	if deviceLevel {
		keys = append(keys, d.key)
	}
	keys = slices.DeleteFunc(keys, func(k string) bool { return k == "" })
	if len(keys) == 0 {
		return deny(consoleNoKey, "key not found")
	}
	got, err := base64.StdEncoding.DecodeString(t.sign)
	if err != nil {
		return deny(consoleSignature, "sign is not base64")
	}
	for _, key := range keys {
		raw, ok := decodeKey(key)
		if !ok {
			continue
		}
		mac := hmac.New(sum, raw)
		mac.Write([]byte(t.etText + "\n" + t.method + "\n" + t.res + "\n" + t.version))
		if hmac.Equal(mac.Sum(nil), got) {
			return denial{}
		}
	}
	return deny(consoleSignature, "signature mismatch")
}

// decodeKey reads a key as the console shows it. Old keys carry stray low
// bits in the last character, which strict base64 would refuse.
func decodeKey(key string) ([]byte, bool) {
	text := strings.TrimRight(strings.TrimSpace(key), "=")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	return raw, err == nil && len(raw) > 0
}
