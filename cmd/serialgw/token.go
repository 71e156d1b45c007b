package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"serialgw/internal/clock"
	"serialgw/internal/cloud"
)

const tokenHelp = `token prints what to type into another MQTT client (MQTTX, mosquitto_pub, the
platform's own tool) to log in as the device of gateway.toml: address, client
id, user name, password, topics, and until when the password is valid.

The password is a secret: whoever has it can log in as the device. No other
verb of serialgw prints one.`

func newToken(std streams) *cobra.Command {
	var path string
	var life time.Duration
	var passwordOnly bool
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the login for another MQTT client (a secret)",
		Long:  tokenHelp,
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := loadConfig(path, std)
			if err != nil {
				return err
			}
			if life <= 0 {
				return usagef("--life %v: a password must live longer than that, for example 24h", life)
			}
			expiry := time.Now().Add(life)
			t := cfg.OneNET.Token(clock.New().Now())
			t.Expiry = expiry.Unix()
			password, err := t.Sign(cfg.OneNET.Key)
			if err != nil {
				return fmt.Errorf("cannot sign: %w", err)
			}
			if passwordOnly {
				_, err = fmt.Fprintln(std.out, password)
				return err
			}
			return printLogin(std, cfg.OneNET, password, expiry)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().DurationVar(&life, "life", 24*time.Hour, "how long the password stays valid")
	cmd.Flags().BoolVar(&passwordOnly, "password", false, "print the password alone, for scripts")
	return cmd
}

func printLogin(std streams, c cloud.Config, password string, expiry time.Time) error {
	host, port := c.Endpoint()
	transport := "mqtt (plain text)"
	if c.TLS {
		transport = "mqtts (TLS 1.2 or newer, CA from " + c.CAFile + ")"
	}
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	row := func(name, value string) { _, _ = fmt.Fprintf(w, "%s\t%s\n", name, value) }
	row("address", fmt.Sprintf("%s:%d", host, port))
	row("transport", transport)
	row("version", "MQTT 3.1.1, clean session, keepalive "+c.KeepAlive.String())
	row("client id", c.ClientID())
	row("user name", c.UserName())
	row("password", password)
	row("valid until", expiry.UTC().Format(time.RFC3339))
	topics := c.Topics()
	row("publish to", topics.Post)
	if topics.Filter != "" {
		row("subscribe", topics.Filter)
	} else {
		row("subscribe", strings.Join(topics.Fallback, ", "))
	}
	return w.Flush()
}
