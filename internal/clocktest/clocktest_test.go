package clocktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const configuration = `[onenet]
product = "TestProd01"
device = "d"
key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
[[board]]
port = "/dev/null"
frame = "demo"
`

// The built program runs by the test's clock, and by no other.
func TestBuild_ProgramHasTheTestsClock(t *testing.T) {
	dir := t.TempDir()
	program, err := Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "gateway.toml")
	if err := os.WriteFile(conf, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(env ...string) (string, error) {
		cmd := exec.Command(program, "token", "--config", conf)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err == nil || !strings.Contains(out, variable) {
		t.Errorf("without a control file the program ends with %v and says\n%s", err, out)
	}
	c, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(State{}); err != nil {
		t.Fatal(err)
	}
	if out, err := run(c.Env()); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
