package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Only what an earlier run left behind is replaced, and only our own link is
// removed.
func TestLinkPort(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := newCable()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for name, target := range map[string]string{"device": "/dev/null", "gone": "/nowhere", "living": c.Name(), "stale": "/dev/pts/999999"} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, refused := range map[string]string{
		"device": "leads to /dev/null", "gone": "leads to /nowhere", "living": "is in use", "file": "is no link",
		"stale": "", "new": "", filepath.Join("no", "directory"): "no such file",
	} {
		before, _ := os.Readlink(path)
		link, err := linkPort(c.Name(), path, "--through")
		if refused != "" {
			if now, _ := os.Readlink(path); err == nil || !strings.Contains(err.Error(), refused) || now != before {
				t.Errorf("%s: %v, leads to %q, before to %q", path, err, now, before)
			}
			continue
		}
		if now, _ := os.Readlink(path); err != nil || now != c.Name() {
			t.Errorf("%s: %v, leads to %q", path, err, now)
		}
		link.remove()
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("%s stays behind: %v", path, err)
		}
	}
	link := portLink{"device", c.Name()}
	link.remove()
	if _, err := os.Lstat("device"); err != nil {
		t.Errorf("a link that is not ours: %v", err)
	}
}
