package onenetsim

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// TestLogin_Vectors checks the token rule against signatures that unrelated
// publishers made.
func TestLogin_Vectors(t *testing.T) {
	const k1 = accessKey
	rows := []struct {
		name, key, res, method, version, sign string
		et                                    int64
		profile                               Profile
		console                               int
	}{
		{"V1 product level", k1, "products/123123", "sha1", "2018-10-31", "lsaPSiiGvEFFjXu5WU7a6IkScqE=", 1537255523, Studio, 0},
		{"V2", "EnW4T71eIE55xOIQMN6pFMKuqel5T5HTzsGJRPiDhlM=", "products/238322/devices/mqtts-test-device", "sha1", "2018-10-31", "Rs0u/KnyoK5/MuKo5xKa0tW+WqY=", 7557387130, Strict, 0},
		{"V3 md5", "l3Vdt0EVyzPFR3kZs2XpQzn5v3Ht2VlvATmXxV0zdak=", "products/EJyXIoGn8p/devices/test", "md5", "2018-10-31", "KjQ3tFpNOHv6Cm2rLjDV/A==", 1596067735, Studio, 0},
		{"V6 sha1", k1, "products/Ck2AF9QD2K/devices/test", "sha1", "2018-10-31", "onzQlILHFFNqIY+dOXYM3lthLT8=", 32472115200, Studio, 0},
		{"V7 sha256", k1, "products/Ck2AF9QD2K/devices/test", "sha256", "2018-10-31", "6Y4zbk3Sa89tRf9lMxCCE0jG74uEcEuu/nly1pU9ADM=", 32472115200, Studio, 0},
		{"V8 version of the application API", k1, "products/Ck2AF9QD2K/devices/test", "sha256", "2022-05-01", "N41Pmx3YpLyOoc9jtyCFPJX1etO8MxfcCr7xHYw40ws=", 32472115200, Studio, 1111},
		{"V9 upper case method", k1, "products/Ck2AF9QD2K/devices/test", "MD5", "2018-10-31", "y215sMm9evP3NThz5QRsiA==", 32472115200, Studio, 1110},
		{"V9 upper case method, lenient", k1, "products/Ck2AF9QD2K/devices/test", "MD5", "2018-10-31", "y215sMm9evP3NThz5QRsiA==", 32472115200, Lenient, 0},
		{"V10 short key with stray bits", "adfasdfadsfadsf=", "products/12342334/devices/test", "md5", "2018-10-31", "wZWDnoyHugla0wMlcl75xg==", 32472115200, Studio, 0},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			parts := strings.Split(r.res, "/")
			product := Product{ID: parts[1], AccessKey: r.key, Devices: map[string]string{"any": ""}}
			device := "any"
			if len(parts) == 4 {
				device = parts[3]
				product.AccessKey, product.Devices = "", map[string]string{device: r.key}
			}
			s := New(Config{Products: []Product{product}, Profile: r.profile})
			password := fmt.Sprintf("version=%s&res=%s&et=%d&method=%s&sign=%s",
				r.version, url.QueryEscape(r.res), r.et, r.method, url.QueryEscape(r.sign))
			_, _, d := s.checkLogin(product.ID, device, password, time.Unix(r.et-1, 0))
			if d.code != r.console {
				t.Errorf("console code %d (%s), want %d", d.code, d.text, r.console)
			}
			if _, _, d := s.checkLogin(product.ID, device, password, time.Unix(r.et, 0)); d.code == 0 {
				t.Error("accepted at its expiry")
			}
		})
	}
}

// TestLogin_Token: every bad token is CONNACK 4, and the console knows why.
func TestLogin_Token(t *testing.T) {
	good := goodToken()
	swap := strings.NewReplacer
	rows := []struct {
		name, user, client, password string
		console                      int
	}{
		{"good", pid, dev, good, 0},
		{"card management client id", pid, dev + "?network=0&sn=1", good, 0},
		{"other order", pid, dev, swapParts(good), 0},
		{"product key, product resource", pid, dev, sign(accessKey, "products/"+pid, "sha1", "2018-10-31", year2100), 0},
		{"product key, device resource", pid, dev, sign(accessKey, resDev, "md5", "2018-10-31", year2100), 0},
		{"et in milliseconds", pid, dev, sign(devKey, resDev, "md5", "2018-10-31", year2100*1000), 0},
		{"empty password", pid, dev, "", 1101},
		{"not a token", pid, dev, "secret", 1103},
		{"six parameters", pid, dev, good + "&x=1", 1103},
		{"parameter twice", pid, dev, good + "&et=1", 1103},
		{"sign missing", pid, dev, good[:strings.Index(good, "&sign")], 1103},
		{"res not encoded", pid, dev, swap("%2F", "/").Replace(good), 1103},
		{"sign not encoded", pid, dev, swap("%3D", "=").Replace(good), 1103},
		{"broken escape", pid, dev, good[:len(good)-2], 1103},
		{"et is text", pid, dev, swap("et=4102444800", "et=never").Replace(good), 1103},
		{"version of the application API", pid, dev, sign(devKey, resDev, "sha256", "2022-05-01", year2100), 1111},
		{"unknown method", pid, dev, sign(devKey, resDev, "sm2", "2018-10-31", year2100), 1110},
		{"expired", pid, dev, sign(devKey, resDev, "sha256", "2018-10-31", testStart.Unix()), 1104},
		{"res of another shape", pid, dev, sign(devKey, "products/"+pid+"/device/"+dev, "sha256", "2018-10-31", year2100), 1103},
		{"user level", pid, dev, sign(devKey, "userid/1234", "sha256", "2018-10-31", year2100), 1114},
		{"res of another device", pid, other, good, 1114},
		{"client id with product", pid, pid + "&" + dev, good, 1114},
		{"res of another product", "Zbcdef1234", dev, good, 1114},
		{"unknown device", pid, "board-99", sign(accessKey, "products/"+pid, "sha1", "2018-10-31", year2100), 1107},
		{"device key, product resource", pid, dev, sign(devKey, "products/"+pid, "sha1", "2018-10-31", year2100), 1106},
		{"wrong key", pid, dev, sign("QUFB", resDev, "sha256", "2018-10-31", year2100), 1106},
		{"sign of another et", pid, dev, swap("4102444800", "4102444801").Replace(good), 1106},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(nil)
				p := goodConnect()
				p.Username, p.ClientIdentifier, p.Password = r.user, r.client, []byte(r.password)
				c := attach(t, s)
				got := c.connect(p)
				if r.console == 0 {
					if got != 0 || len(s.ConsoleLog()) != 0 {
						t.Fatalf("CONNACK %d, console %v", got, s.ConsoleLog())
					}
					return
				}
				if got != 4 {
					t.Errorf("CONNACK %d, want 4", got)
				}
				c.wantClosed()
				if log := s.ConsoleLog(); len(log) != 1 || log[0].Code != r.console {
					t.Errorf("console %v, want code %d", log, r.console)
				}
			})
		})
	}
}

// swapParts moves the first parameter of a token to its end.
func swapParts(token string) string {
	first, rest, _ := strings.Cut(token, "&")
	return rest + "&" + first
}

func TestLogin_NoKey(t *testing.T) {
	s := New(Config{Products: []Product{{ID: pid, Devices: map[string]string{dev: ""}}}})
	if _, _, d := s.checkLogin(pid, dev, goodToken(), testStart); d.code != 1105 {
		t.Errorf("console code %d, want 1105", d.code)
	}
}

func TestLogin_StrictOrder(t *testing.T) {
	s := newServer(func(c *Config) { c.Profile = Strict })
	if _, _, d := s.checkLogin(pid, dev, swapParts(goodToken()), testStart); d.code != 1103 {
		t.Errorf("console code %d, want 1103", d.code)
	}
}

// TestConnect_Form: -1 stands for a close without CONNACK.
func TestConnect_Form(t *testing.T) {
	rows := []struct {
		name   string
		change func(*packets.ConnectPacket)
		want   int
	}{
		{"good", func(*packets.ConnectPacket) {}, 0},
		{"keepalive lower bound", func(p *packets.ConnectPacket) { p.Keepalive = 10 }, 0},
		{"keepalive upper bound", func(p *packets.ConnectPacket) { p.Keepalive = 1800 }, 0},
		{"keepalive too small", func(p *packets.ConnectPacket) { p.Keepalive = 9 }, -1},
		{"keepalive off", func(p *packets.ConnectPacket) { p.Keepalive = 0 }, -1},
		{"keepalive too big", func(p *packets.ConnectPacket) { p.Keepalive = 1801 }, -1},
		{"MQTT 3.1", func(p *packets.ConnectPacket) { p.ProtocolName, p.ProtocolVersion = "MQIsdp", 3 }, 1},
		{"MQTT 5", func(p *packets.ConnectPacket) { p.ProtocolVersion = 5 }, 1},
		{"will", func(p *packets.ConnectPacket) { p.WillFlag, p.WillTopic = true, "x" }, -1},
		{"will QoS without will", func(p *packets.ConnectPacket) { p.WillQos = 1 }, -1},
		{"persistent session", func(p *packets.ConnectPacket) { p.CleanSession = false }, -1},
		{"no user", func(p *packets.ConnectPacket) { p.UsernameFlag = false }, -1},
		{"no password", func(p *packets.ConnectPacket) { p.PasswordFlag = false }, -1},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := goodConnect()
				r.change(p)
				if got := attach(t, newServer(nil)).connect(p); got != r.want {
					t.Errorf("CONNACK %d, want %d", got, r.want)
				}
			})
		})
	}
}

func TestConnect_FirstPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		c := attach(t, s)
		c.send(packets.NewControlPacket(packets.Pingreq))
		c.wantClosed()
		began := time.Now()
		attach(t, s).wantClosed()
		if waited := time.Since(began); waited != connectWait {
			t.Errorf("idle connection closed after %v, want %v", waited, connectWait)
		}
	})
}

func TestConnect_Twice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := login(t, newServer(nil))
		c.send(goodConnect())
		c.wantClosed()
	})
}

func TestConnect_SecondLoginKicksTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		first, second := login(t, s), login(t, s)
		first.wantClosed()
		if got := second.ask(topicPropertyPost, volt(1, "1")); got != ok(1) {
			t.Errorf("second session got %s", got)
		}
		synctest.Wait()
		if st := s.Stats(); st.Kicked != 1 || st.Sessions != 1 || st.Connections != 1 || st.Logins != 2 {
			t.Errorf("stats %+v", st)
		}
		if log := s.ConsoleLog(); len(log) != 1 || log[0].Code != 1210 {
			t.Errorf("console %v, want 1210", log)
		}
		if conns := s.Connections(); conns[0].Reason != "logged in elsewhere" || !conns[1].Closed.IsZero() {
			t.Errorf("connections %+v", conns)
		}
	})
}

func TestConnect_LoginRate(t *testing.T) {
	for _, r := range []struct {
		profile Profile
		back    time.Duration
	}{{Studio, loginWindow}, {Strict, loginBan}} {
		t.Run(string(r.profile), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(func(c *Config) { c.LoginLimit, c.Profile = 3, r.profile })
				for range 3 {
					login(t, s)
				}
				if got := attach(t, s).connect(goodConnect()); got != -1 {
					t.Fatalf("fourth login: CONNACK %d, want a close", got)
				}
				pass(r.back - time.Nanosecond)
				if got := attach(t, s).connect(goodConnect()); got != -1 {
					t.Fatalf("CONNACK %d just before the end", got)
				}
				pass(time.Nanosecond)
				login(t, s)
			})
		})
	}
}

func TestConnect_KeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := login(t, newServer(nil))
		for range 3 {
			pass(89 * time.Second)
			c.send(packets.NewControlPacket(packets.Pingreq))
			if _, ok := c.recv().(*packets.PingrespPacket); !ok {
				t.Fatal("no PINGRESP")
			}
		}
		c.quiet(90*time.Second - time.Nanosecond)
		pass(time.Nanosecond)
		c.wantClosed()
	})
}

func TestConnect_TokenExpiryDuringSession(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(func(c *Config) { c.CutAtExpiry = cut })
				c := login(t, s)
				s.ClockOffset(100 * 365 * 24 * time.Hour)
				c.publish(topicPropertyPost, volt(1, "1"))
				if closed := c.recv() == nil; closed != cut {
					t.Errorf("closed: %v, want %v", closed, cut)
				}
				if got := attach(t, s).connect(goodConnect()); got != 4 {
					t.Errorf("new login with the old token: CONNACK %d, want 4", got)
				}
			})
		})
	}
}
