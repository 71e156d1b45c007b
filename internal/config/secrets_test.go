package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a file of the given mode, whatever the umask.
func write(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// withKey is the smallest configuration with lines instead of the key's.
func withKey(lines string) string {
	return strings.Replace(smallest, "key     = \""+testKey+"\"", lines, 1)
}

func TestSecrets_Precedence(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "key", otherKey+"\n", 0o600)
	fromEnv := map[string]string{envKey: " " + otherKey + "\n"}
	for _, tc := range []struct {
		name, lines, want string
		env               map[string]string
		issues            []string
	}{
		{"File", `key = "` + testKey + `"`, testKey, nil, nil},
		{"FileWithSpaces", `key = " ` + testKey + ` "`, testKey, nil, nil},
		{"KeyFile", `key_file = "key"`, otherKey, nil, nil},
		{"Environment", ``, otherKey, fromEnv, nil},
		{"EmptyPlaceholderAndEnvironment", `key = ""`, otherKey, fromEnv, nil},
		{"FileBeforeKeyFile", "key = \"" + testKey + "\"\nkey_file = \"key\"", testKey, nil,
			[]string{"warning: onenet.key: also given by onenet.key_file; this one is used; remove the other"}},
		{"KeyFileBeforeEnvironment", `key_file = "key"`, otherKey, fromEnv,
			[]string{"warning: onenet.key_file: also given by SERIALGW_ONENET_KEY; this one is used; remove the other"}},
		{"Password", "user = \"u\"\npassword = \"p\"", "", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := write(t, dir, "gateway.toml", withKey(tc.lines), 0o600)
			c, issues, err := Load(path, environment(tc.env))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.OneNET.Key.Reveal(); got != tc.want {
				t.Errorf("key: got %q, want %q", got, tc.want)
			}
			if len(issues) != len(tc.issues) {
				t.Fatalf("issues: got %v, want %v", issues, tc.issues)
			}
			for i, issue := range issues {
				if !strings.HasSuffix(issue.Error(), tc.issues[i]) {
					t.Errorf("issue: got %q, want the end %q", issue, tc.issues[i])
				}
			}
		})
	}
}

func TestSecrets_PasswordFromEnvironment(t *testing.T) {
	c, issues := Parse([]byte(withKey(`user = "u"`)), "gateway.toml", environment(map[string]string{envPassword: "pw"}))
	noIssues(t, issues)
	if got := c.OneNET.Password.Reveal(); got != "pw" {
		t.Errorf("password: got %q, want pw", got)
	}
}

func TestSecrets_BadKeyOfEnvironment(t *testing.T) {
	_, issues := Parse([]byte(withKey("")), "gateway.toml", environment(map[string]string{envKey: "nonsense!"}))
	want := "environment: SERIALGW_ONENET_KEY: found a text of 9 characters that is not base64, expected the key as the console shows it"
	if len(issues) != 1 || !strings.HasPrefix(issues[0].Error(), want) {
		t.Errorf("issues: got %v, want one that begins %q", issues, want)
	}
}

func TestSecrets_ReadableByOthers(t *testing.T) {
	for _, tc := range []struct {
		name, lines       string
		mode, keyMode     os.FileMode
		want, wantKeyFile bool
	}{
		{"KeyInFileOfOwner", `key = "` + testKey + `"`, 0o600, 0o600, false, false},
		{"KeyInFileOfGroup", `key = "` + testKey + `"`, 0o640, 0o600, true, false},
		{"KeyInFileOfAll", `key = "` + testKey + `"`, 0o644, 0o600, true, false},
		{"KeyInKeyFileOfOwner", `key_file = "key"`, 0o644, 0o600, false, false},
		{"KeyInKeyFileOfAll", `key_file = "key"`, 0o644, 0o604, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			key := write(t, dir, "key", testKey, tc.keyMode)
			path := write(t, dir, "gateway.toml", withKey(tc.lines), tc.mode)
			_, issues, err := Load(path, noEnv)
			if err != nil || Failed(issues) {
				t.Fatalf("cannot load: %v %v", err, issues)
			}
			text := fmt.Sprint(issues)
			if got := strings.Contains(text, "; chmod 600 "+path); got != tc.want {
				t.Errorf("warning about gateway.toml: got %v, want %v: %s", got, tc.want, text)
			}
			if got := strings.Contains(text, "; chmod 600 "+key); got != tc.wantKeyFile {
				t.Errorf("warning about the key file: got %v, want %v: %s", got, tc.wantKeyFile, text)
			}
		})
	}
}

// TestSecrets_NeverShown puts a key wherever a hand can slip to.
func TestSecrets_NeverShown(t *testing.T) {
	for _, lines := range []string{
		`key = "` + testKey + ``,
		`key = ` + testKey,
		`key = “` + testKey + `”`,
		`key = ["` + testKey + `"]`,
		`key = { a = "` + testKey + `" }`,
		`kye = "` + testKey + `"`,
		`Key = "` + testKey + `"`,
		`key "` + testKey + `"`,
		`key = "\` + testKey + `"`,
		"key = \"\"\"\n" + testKey,
		"key = '\n" + testKey + "'",
		`key = "` + testKey + `!"`,
		`key_file = "` + testKey + `"`,
		`device = "` + testKey + `"`,
		`level = "` + testKey + `"`,
		`address = "` + testKey + `"`,
		`keepalive = "` + testKey + `"`,
		`topic = "` + testKey + `#"`,
		`in_flight = "` + testKey + `"`,
		`"` + testKey + `" = 1`,
		testKey,
		`password = ` + testKey,
		`password = 12345678901234567890123`,
	} {
		_, issues := Parse([]byte(withKey(lines)), "gateway.toml", noEnv)
		if !Failed(issues) {
			t.Errorf("no issue for %s", lines)
		}
		said := fmt.Sprintf("%v %+v %#v", issues, issues, issues)
		for _, secret := range []string{testKey, testKey[:20], "12345678901234567890123"} {
			if strings.Contains(said, secret) {
				t.Errorf("the secret of %s is shown in: %s", lines, issues)
			}
		}
	}
}

// TestSecrets_NeverFormatted: what a careless log line would print.
func TestSecrets_NeverFormatted(t *testing.T) {
	c, issues := Parse([]byte(withKey("key = \""+testKey+"\"\nuser = \"u\"\npassword = \"Passw0rd\"")), "gateway.toml", noEnv)
	if Failed(issues) {
		t.Fatal(issues)
	}
	said := fmt.Sprintf("%v %+v %#v %s", *c, *c, *c, c.OneNET.Key)
	if strings.Contains(said, testKey) || strings.Contains(said, "Passw0rd") {
		t.Errorf("a secret is shown in: %s", said)
	}
}

func TestReadSmall_RefusesWhatCouldBlock(t *testing.T) {
	for _, path := range []string{"/dev/zero", t.TempDir()} {
		if _, err := readSmall(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: got %v, want that it is not a regular file", path, err)
		}
	}
	big := write(t, t.TempDir(), "big", strings.Repeat("#", maxFile+1), 0o600)
	if _, _, err := Load(big, noEnv); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("big file: got %v, want that it is larger than 1 MiB", err)
	}
}
