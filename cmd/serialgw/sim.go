package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"serialgw/internal/onenetsim"
)

// The login that sim and demo accept: public, worthless anywhere else.
const (
	simProduct = "SimProd001"
	simDevice  = "board-01"
	simKey     = "c2VyaWFsZ3ctc2ltdWxhdG9yLWtleS0wMTIzNDU2Nzg="
)

const simHelp = `sim runs the OneNET simulator by itself: an MQTT 3.1.1 broker on this machine
that checks tokens, topics and payloads as the documents of the platform say.
Point gateway.toml at it with address = "127.0.0.1:1883" and tls = false.

Without --model every identifier is taken, with a value of any type. With the
thing model of a product, as the console exports it or "serialgw model export"
writes it, it refuses what the console would refuse:

  serialgw sim --model model.json`

// simAssumed comes behind the flags, for it is long.
const simAssumed = `
What the documents of the platform do not say is assumed; the assumptions are:
`

// simKeep bounds what a simulator that runs for days remembers.
const simKeep = 10_000

type simOptions struct {
	listen, listenTLS, caOut string
	product, device, key     string
	model                    string
	fast                     bool
}

func newSim(std streams) *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run the OneNET simulator by itself",
		Long:  simHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runSim(cmd, o, std) },
	}
	cmd.SetHelpTemplate(cmd.HelpTemplate() + simAssumed + "  - " + strings.Join(onenetsim.Assumptions(), "\n  - ") + "\n")
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:1883", "`address` for plain MQTT")
	f.StringVar(&o.listenTLS, "listen-tls", "", "`address` for MQTT over TLS, with a certificate of a test CA")
	f.StringVar(&o.caOut, "ca-out", "", "write the test CA to this `file`")
	f.StringVar(&o.product, "product", simProduct, "product `id` that may log in")
	f.StringVar(&o.device, "device", simDevice, "device `name` that may log in")
	f.StringVar(&o.key, "key", simKey, "the device's `key` (base64)")
	f.StringVar(&o.model, "model", "", "thing model `file`, as exported from the console; without it every identifier is taken")
	f.BoolVar(&o.fast, "no-pace", false, "do not hold messages to one a second")
	return cmd
}

func runSim(cmd *cobra.Command, o simOptions, std streams) error {
	if _, err := base64.StdEncoding.DecodeString(o.key); err != nil {
		return usagef("--key: not base64: a key has 44 characters and ends in =")
	}
	product := onenetsim.Product{ID: o.product, Devices: map[string]string{o.device: o.key}}
	if o.model != "" {
		text, err := os.ReadFile(o.model)
		if err != nil {
			return fmt.Errorf("cannot read the thing model: %w", err)
		}
		model, err := onenetsim.ParseModel(text)
		if err != nil {
			return usagef("%s: %w", o.model, err)
		}
		product.Model = &model
	}
	cfg := onenetsim.Defaults()
	cfg.Products = []onenetsim.Product{product}
	cfg.Keep = simKeep
	cfg.OnPost = func(p onenetsim.Post) { printPost(std, p) }
	if o.fast {
		cfg.PostPace = 0
	}
	return serveSim(cmd, onenetsim.New(cfg), o, std)
}

// printPost shows one judged message on one line.
func printPost(std streams, p onenetsim.Post) {
	_, _ = fmt.Fprintf(std.out, "%s %s id %s: code %d %s", p.Time.Format("15:04:05.000"), p.Topic, p.ID, p.Code, p.Msg)
	for _, v := range p.Values {
		_, _ = fmt.Fprintf(std.out, " %s=%s", v.Identifier, v.Raw)
	}
	_, _ = fmt.Fprintln(std.out)
}

func serveSim(cmd *cobra.Command, sim *onenetsim.Server, o simOptions, std streams) error {
	addr, err := sim.Listen(o.listen)
	if err != nil {
		return fmt.Errorf("%w; --listen chooses another address", err)
	}
	_, _ = fmt.Fprintf(std.err, "OneNET simulator on %v for product %s, device %s\n", addr, o.product, o.device)
	if o.listenTLS != "" {
		addr, err := sim.ListenTLS(o.listenTLS, onenetsim.LeafSigned)
		if err != nil {
			return fmt.Errorf("cannot listen: %w", err)
		}
		_, _ = fmt.Fprintf(std.err, "and with TLS on %v\n", addr)
	}
	if o.caOut != "" {
		if err := os.WriteFile(o.caOut, sim.CAPEM(), 0o644); err != nil { //nolint:gosec // a certificate is public
			return fmt.Errorf("cannot write the test CA: %w", err)
		}
	}
	return sim.Serve(cmd.Context())
}
