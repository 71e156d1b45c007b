package config

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"serialgw/internal/cloud"
)

// The environment variables that may hold the secrets.
const (
	envKey      = "SERIALGW_ONENET_KEY"
	envPassword = "SERIALGW_ONENET_PASSWORD"
)

// secretSource is one of the places a secret can come from; it is blamed for
// what is wrong with the secret.
type secretSource struct {
	path string // key path, or the name of the variable
	env  bool
}

// resolveSecrets fetches key and password from the file itself, else from the
// file named, else from the environment, and checks the key.
func (d *doc) resolveSecrets(c *cloud.Config, env func(string) string) {
	var from secretSource
	c.Password, _ = d.secret("onenet.password", c.Password, c.PasswordFile, envPassword, env)
	c.Key, from = d.secret("onenet.key", c.Key, c.KeyFile, envKey, env)
	host, _ := c.Endpoint()
	if c.User != "" && c.Password == "" && isOneNETHost(host) {
		d.warn("onenet.user", "a user for OneNET", "", "OneNET's user name is the product id and is set by itself; leave user out")
	}
	switch {
	case c.Password != "": // no token is signed, so no key is needed
	case c.Key != "":
		d.checkKey(c, from)
	case !isOneNETHost(host) && (c.User != "" || c.Topic != ""):
	case !d.brokenBelow("onenet.key_file"):
		d.fail("onenet.key", d.emptyOrMissing("onenet.key"), "a key: in key, in the file named by key_file, or in the environment variable "+envKey,
			keyCure(c))
	}
}

// secret returns the first of value, the content of file and the variable.
func (d *doc) secret(path string, value cloud.Secret, file, variable string, env func(string) string) (cloud.Secret, secretSource) {
	var given []secretSource
	var found cloud.Secret
	take := func(text string, from secretSource) {
		text = strings.TrimSpace(text)
		if text == "" {
			return
		}
		if found == "" {
			found = cloud.Secret(text)
		}
		given = append(given, from)
	}
	take(value.Reveal(), secretSource{path: path})
	if file != "" {
		take(d.secretFile(path+"_file", file), secretSource{path: path + "_file"})
	}
	if env != nil {
		take(env(variable), secretSource{path: variable, env: true})
	}
	if len(given) == 0 {
		return "", secretSource{}
	}
	if len(given) > 1 {
		d.warn(given[0].path, "also given by "+given[1].path, "", "this one is used; remove the other")
	}
	return found, given[0]
}

func (d *doc) secretFile(path, file string) string {
	file = d.resolve(file)
	content, err := readSmall(file)
	if err != nil {
		d.fail(path, "a file that cannot be read ("+reason(err)+")", "a file that holds the secret and nothing else",
			"correct the path, or let the user who runs serialgw read it")
		return ""
	}
	if strings.TrimSpace(string(content)) == "" {
		d.fail(path, fmt.Sprintf("an empty file %q", file), "a file that holds the secret and nothing else", "")
		return ""
	}
	if info, err := os.Stat(file); err == nil {
		d.warnReadable(path, file, info.Mode())
	}
	return string(content)
}

// warnReadable warns when others than the owner may read a file with a secret.
func (d *doc) warnReadable(path, file string, mode fs.FileMode) {
	if mode.Perm()&0o077 == 0 {
		return
	}
	d.warn(path, fmt.Sprintf("%s holds a secret and others may read it (mode %04o)", file, mode.Perm()), "", "chmod 600 "+file)
}

// checkKey refuses what cannot be a key, without ever showing it.
func (d *doc) checkKey(c *cloud.Config, from secretSource) {
	const want = "the key as the console shows it: base64, 44 characters ending in ="
	key := c.Key.Reveal()
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(key, "=")) // some lose the padding in copying
	found := ""
	switch {
	case strings.Contains(key, "sign=") || strings.Contains(key, "version="):
		found = "a signed token"
	case err != nil:
		found = described(key) + " that is not base64"
	case len(raw) < 8:
		found = fmt.Sprintf("a key of only %d bytes", len(raw))
	case len(raw) != 32 && !from.env:
		d.warn(from.path, fmt.Sprintf("a key of %d bytes", len(raw)), "32 bytes, 44 characters ending in =",
			"if a part was lost in copying, OneNET refuses the login")
	}
	if found == "" {
		return
	}
	if from.env {
		d.broken["onenet.key"] = true
		d.add(Issue{File: "environment", Key: from.path, Found: found, Want: want, Cure: keyCure(c)})
		return
	}
	d.fail(from.path, found, want, keyCure(c))
}

func keyCure(c *cloud.Config) string {
	if c.Level == "product" {
		return "copy the product's access_key from the product page of the OneNET console; the accessKey of the user account does not fit"
	}
	return "copy the device's key from the device page of the OneNET console; the accessKey of the user account does not fit"
}

// resolve lets relative paths start at the directory of the configuration.
func (d *doc) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(d.file), path)
}

// readSmall reads a regular file of at most maxFile bytes. Anything else, a
// pipe for example, could block for ever.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s is larger than %s", path, formatSize(maxFile))
	}
	return content, err
}

// reason is err without the operation's name.
func reason(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "stat "), "open ")
}
