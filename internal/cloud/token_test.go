package cloud

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

// Published vectors (V1 to V10, facts ONENET-3) and some made with another
// implementation (S).
func TestToken_Sign_ONENET_3(t *testing.T) {
	const (
		k1   = "KuF3NT/jUBJ62LNBB/A8XZA9CqS3Cu79B/ABmfA1UCw="
		k2   = "EnW4T71eIE55xOIQMN6pFMKuqel5T5HTzsGJRPiDhlM="
		k3   = "l3Vdt0EVyzPFR3kZs2XpQzn5v3Ht2VlvATmXxV0zdak="
		k10  = "adfasdfadsfadsf="
		lu   = "products/Ck2AF9QD2K/devices/test"
		old  = "products/12342334/devices/test"
		self = "products/Abcdef1234"
		dev  = self + "/devices/board-01"
	)
	for _, tt := range []struct {
		name    string
		key     Secret
		expiry  int64
		method  string
		res     string
		version string
		sign    string
	}{
		{"V1", k1, 1537255523, "sha1", "products/123123", "2018-10-31", "lsaPSiiGvEFFjXu5WU7a6IkScqE="},
		{"V2", k2, 7557387130, "sha1", "products/238322/devices/mqtts-test-device", "2018-10-31", "Rs0u/KnyoK5/MuKo5xKa0tW+WqY="},
		{"V3", k3, 1596067735, "md5", "products/EJyXIoGn8p/devices/test", "2018-10-31", "KjQ3tFpNOHv6Cm2rLjDV/A=="},
		{"V5", k1, 32472115200, "md5", lu, "2018-10-31", "htDD26UhXtXayMFAWRmNiA=="},
		{"V6", k1, 32472115200, "sha1", lu, "2018-10-31", "onzQlILHFFNqIY+dOXYM3lthLT8="},
		{"V7", k1, 32472115200, "sha256", lu, "2018-10-31", "6Y4zbk3Sa89tRf9lMxCCE0jG74uEcEuu/nly1pU9ADM="},
		{"V8", k1, 32472115200, "sha256", lu, "2022-05-01", "N41Pmx3YpLyOoc9jtyCFPJX1etO8MxfcCr7xHYw40ws="},
		{"V9", k1, 32472115200, "MD5", lu, "2018-10-31", "y215sMm9evP3NThz5QRsiA=="},
		{"V10 md5", k10, 32472115200, "md5", old, "2018-10-31", "wZWDnoyHugla0wMlcl75xg=="},
		{"V10 sha1", k10, 32472115200, "sha1", old, "2018-10-31", "FHt8BqSNGv0VEJKbHN4zod6a69Q="},
		{"V10 without padding", "adfasdfadsfadsf", 32472115200, "sha1", old, "2018-10-31", "FHt8BqSNGv0VEJKbHN4zod6a69Q="},
		{"V1 white space", " \t" + k1 + "\r\n", 1537255523, "sha1", "products/123123", "2018-10-31", "lsaPSiiGvEFFjXu5WU7a6IkScqE="},
		{"S product md5", testKey, 1893456000, "md5", self, "2018-10-31", "eI390w0ynCofo/Zs69qUBg=="},
		{"S product sha1", testKey, 1893456000, "sha1", self, "2018-10-31", "DDhIeRXTEx7ef9CaFc5fCQPZFzw="},
		{"S product sha256", testKey, 1893456000, "sha256", self, "2018-10-31", "0dihVJHmJWb9QGwp+YWZrZxZWyHIxspjUtVYOnYmefY="},
		{"S device md5", testKey, 1893456000, "md5", dev, "2018-10-31", "KCcYaTHIJ9ekig3QS1OaUg=="},
		{"S device sha1", testKey, 1893456000, "sha1", dev, "2018-10-31", "6u6V0Iq6EUVdVVHTP3hUakaY+O8="},
		{"S device sha256", testKey, 1893456000, "sha256", dev, "2018-10-31", "r+P1sHShYFSeOvcvPcRM4dN7Vx1VQCL6XqMaPqT6buI="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Token{tt.version, tt.res, tt.expiry, tt.method}.Sign(tt.key)
			if err != nil {
				t.Fatal(err)
			}
			q, err := url.ParseQuery(got)
			if err != nil || q.Get("sign") != tt.sign || q.Get("res") != tt.res || q.Get("method") != tt.method {
				t.Errorf("token %s, want the sign %s (%v)", got, tt.sign, err)
			}
		})
	}
}

func TestToken_WholeString_ONENET_3(t *testing.T) {
	for _, tt := range []struct {
		token Token
		key   Secret
		want  string
	}{
		{Token{"2018-10-31", "products/123123", 1537255523, "sha1"}, "KuF3NT/jUBJ62LNBB/A8XZA9CqS3Cu79B/ABmfA1UCw=",
			"version=2018-10-31&res=products%2F123123&et=1537255523&method=sha1&sign=lsaPSiiGvEFFjXu5WU7a6IkScqE%3D"},
		{Token{"2018-10-31", "products/238322/devices/mqtts-test-device", 7557387130, "sha1"}, "EnW4T71eIE55xOIQMN6pFMKuqel5T5HTzsGJRPiDhlM=",
			"version=2018-10-31&res=products%2F238322%2Fdevices%2Fmqtts-test-device&et=7557387130&method=sha1&sign=Rs0u%2FKnyoK5%2FMuKo5xKa0tW%2BWqY%3D"},
	} {
		if got, err := tt.token.Sign(tt.key); err != nil || got != tt.want {
			t.Errorf("got %s (%v)\nwant %s", got, err, tt.want)
		}
	}
}

func TestToken_Refuses_ONENET_4(t *testing.T) {
	good := Token{"2018-10-31", "products/123123", 1537255523, "sha1"}
	for _, tt := range []struct {
		name, method string
		key          Secret
		want         string
	}{
		{"EmptyKey", "sha1", "", "onenet.key is empty"},
		{"BlankKey", "sha1", " \n", "onenet.key is empty"},
		{"NotBase64", "sha1", "not*base64*at*all*secret", "cannot decode onenet.key as base64"},
		{"SM2", "sm2", testKey, `onenet.method is "sm2"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			good.Method = tt.method
			_, err := good.Sign(tt.key)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q and never the key", err, tt.want)
			}
		})
	}
}

func TestConfig_TokenExpiry_ONENET_5(t *testing.T) {
	const year = 365 * 24 * 3600
	cfg := testConfig()
	for _, tt := range []struct{ wall, want int64 }{
		{0, released + year}, // a Pi before it knows the time
		{released + 10, released + 10 + year},
		{2_000_000_000, 2_000_000_000 + year},
	} {
		if got := cfg.Token(reading.Stamp{Wall: tt.wall * int64(time.Second)}).Expiry; got != tt.want {
			t.Errorf("wall %d: expiry %d, want %d", tt.wall, got, tt.want)
		}
	}
	cfg.Level = "product"
	if got := cfg.Resource(); got != "products/Abcdef1234" {
		t.Errorf("product level: %s", got)
	}
}

func TestConfig_Password(t *testing.T) {
	cfg := testConfig()
	cfg.Password = "plain"
	if got, err := cfg.password(stampAt(0), true); got != "plain" || err != nil {
		t.Errorf("with a password: %q, %v", got, err)
	}
	cfg.Password, cfg.Key = "", ""
	if got, err := cfg.password(stampAt(0), true); got != "" || err != nil {
		t.Errorf("with neither: %q, %v", got, err)
	}
}
