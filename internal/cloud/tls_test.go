package cloud

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a CA made for one test; all of them carry the same names.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := certificate(1)
	template.IsCA, template.BasicConstraintsValid = true, true
	return authority{issue(t, template, template, key, key), key}
}

func certificate(serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "TEST MQTTS"},
		NotBefore: time.Unix(released-86400, 0), NotAfter: time.Unix(released+50*365*86400, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
}

func issue(t *testing.T, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// leaf returns a server certificate without any host name, as OneNET's.
func (a authority) leaf(t *testing.T, spoil func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := certificate(2)
	if spoil != nil {
		spoil(template)
	}
	cert := issue(t, template, a.cert, key, a.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func (a authority) self() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key}
}

func (a authority) file(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// handshake returns what the client makes of a server's certificate, and the
// host name that it asked for.
func handshake(client *tls.Config, server tls.Certificate, versions ...uint16) (sni string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	cfg := &tls.Config{Certificates: []tls.Certificate{server}}
	if len(versions) > 0 {
		cfg.MaxVersion = versions[0]
		cfg.MinVersion = versions[0]
	}
	cfg.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		sni = h.ServerName
		return nil, nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		far, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = far.Close() }()
		_ = tls.Server(far, cfg).Handshake()
	}()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return "", err
	}
	err = tls.Client(near, client).Handshake()
	_ = near.Close()
	<-done
	return sni, err
}

func TestTLS_Chain_ONENET_7(t *testing.T) {
	ours, stranger := newAuthority(t), newAuthority(t)
	cfg := testConfig()
	cfg.TLS, cfg.CAFile = true, ours.file(t)
	for _, tt := range []struct {
		name   string
		server tls.Certificate
		now    int64
		want   string // "" = accepted
	}{
		{"LeafSignedByTheCA", ours.leaf(t, nil), released + 3600, ""},
		{"TheCAItself", ours.self(), released + 3600, ""},
		{"ClockIn1970", ours.leaf(t, nil), 0, ""},
		{"StrangerOfTheSameName", stranger.leaf(t, nil), released + 3600, "does not chain to onenet.ca_file"},
		{"StrangersCAItself", stranger.self(), released + 3600, "does not chain to onenet.ca_file"},
		{"Expired", ours.leaf(t, func(c *x509.Certificate) { c.NotAfter = time.Unix(released+60, 0) }), released + 3600, "expired"},
		{"ForClientsOnly", ours.leaf(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), released + 3600, "usage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, err := cfg.TLSConfig(func() time.Time { return time.Unix(tt.now, 0) })
			if err != nil {
				t.Fatal(err)
			}
			sni, err := handshake(client, tt.server)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if sni != "Abcdef1234.mqttstls.acc.cmcconenet.cn" {
				t.Errorf("server name %q", sni)
			}
		})
	}
}

func TestTLS_OldVersionRefused(t *testing.T) {
	ours := newAuthority(t)
	cfg := testConfig()
	cfg.TLS, cfg.CAFile = true, ours.file(t)
	client, err := cfg.TLSConfig(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handshake(client, ours.leaf(t, nil), tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}

func TestTLS_WithoutCAFile_ONENET_7(t *testing.T) {
	cfg := testConfig()
	cfg.TLS = true
	for _, host := range []string{"", "mqttstls.heclouds.com", "183.230.102.116"} {
		cfg.Address = host
		if _, err := New(cfg, nil, Options{}); err == nil || !strings.Contains(err.Error(), "onenet.ca_file is missing") {
			t.Errorf("%q: %v", host, err)
		}
	}
	cfg.Address = "broker.example.com" // a public certificate is checked in full
	client, err := cfg.TLSConfig(time.Now)
	if err != nil || client.InsecureSkipVerify || client.RootCAs != nil || client.ServerName != "broker.example.com" {
		t.Fatalf("config %+v, %v", client, err)
	}
	if _, err := handshake(client, newAuthority(t).self()); err == nil {
		t.Error("a certificate of nobody's was accepted")
	}
}

func TestTLS_BadCAFile(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig()
	cfg.TLS = true
	for file, want := range map[string]string{empty: "holds no PEM certificate", empty + "x": "cannot read onenet.ca_file"} {
		cfg.CAFile = file
		if _, err := New(cfg, nil, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
