package cloud

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

var errNoCA = errors.New("onenet.ca_file is missing: OneNET's certificate is signed by its own CA, which no system knows; " +
	"save MQTTS-certificate.pem from OneNET's documentation on device access and name that file")

// TLSConfig returns how to check the broker, or nil without TLS. It reads
// CAFile. now is the wall clock; certificates are judged at the later of now
// and the program's release date, so that a Pi that woke up in 1970 does not
// refuse a valid one.
//
// With a CA file, the certificate must chain to a CA in it, whatever its name:
// OneNET's carries no host name at all [ONENET-7]. The file must therefore hold
// the broker's own CA alone. Without a CA file the broker is the site's own,
// and is checked as a browser would: system roots and host name.
func (c Config) TLSConfig(now func() time.Time) (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	host, _ := c.Endpoint()
	clock := func() time.Time {
		if t := now(); t.Unix() > released {
			return t
		}
		return time.Unix(released, 0)
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, Time: clock}
	if c.CAFile == "" {
		if isOneNET(host) {
			return nil, errNoCA
		}
		return cfg, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read onenet.ca_file: %w", err)
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("onenet.ca_file %s holds no PEM certificate", c.CAFile)
	}
	// The standard check insists on a name; the next function makes the same
	// check without one. It is never left out.
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, cfg.RootCAs, clock()) }
	return cfg, nil
}

// verifyChain accepts a leaf signed by a CA of the pool, and such a CA used as
// the leaf itself: which of the two OneNET presents is not known. [ONENET-7]
func verifyChain(state tls.ConnectionState, roots *x509.CertPool, now time.Time) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the broker showed no certificate")
	}
	between := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	if err != nil {
		return fmt.Errorf("the broker's certificate does not chain to onenet.ca_file: %w", err)
	}
	return nil
}
