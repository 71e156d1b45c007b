package onenetsim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// TLSMode is which certificate the server shows. Which of the two OneNET
// shows is unknown; a client has to accept both. Neither carries a host name,
// as OneNET's does not.
type TLSMode int

// The modes.
const (
	LeafSigned   TLSMode = iota // a leaf signed by the authority
	SelfSignedCA                // the authority's own certificate
)

// authority is a test CA that lives as long as the process.
type authority struct {
	ca, leaf tls.Certificate
	pem      []byte
}

func newAuthority() (*authority, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot make a key: %w", err)
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot make a key: %w", err)
	}
	root, leaf := certificate(1), certificate(2)
	root.IsCA, root.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	leaf.Subject.OrganizationalUnit = []string{"leaf"} // OpenSSL takes equal names for self-signed
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("cannot make the test authority: %w", err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("cannot make the test certificate: %w", err)
	}
	return &authority{
		ca:   tls.Certificate{Certificate: [][]byte{rootDER}, PrivateKey: caKey},
		leaf: tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey},
		pem:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}),
	}, nil
}

// certificate has the shape of OneNET's: a common name, no alternative names,
// thirty years. It starts early enough for a testing/synctest clock.
func certificate(serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject: pkix.Name{
			Country:      []string{"CN"},
			Organization: []string{"TEST CMIOT"}, //nolint:misspell // the field's own name
			CommonName:   "TEST OneNET MQTTS",
		},
		NotBefore:             time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2049, 5, 21, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
}

func (a *authority) config(mode TLSMode) *tls.Config {
	shown := a.leaf
	if mode == SelfSignedCA {
		shown = a.ca
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{shown}}
}

// CAPEM returns the certificate of the simulator's authority, for a client's
// ca_file. It is made anew for every Server, and nil if that fails.
func (s *Server) CAPEM() []byte {
	ca, err := s.ca()
	if err != nil {
		return nil
	}
	return ca.pem
}
