package sidebyside

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configuration is the gateway.toml of all goals: every frame a post of its
// own, confirmed by the PUBACK, without a pace, through the queue on disk.
//
//	AA 55 │ length 0F │ id 01 │ seq │ temp │ volt │ current │ flags │ status │ CRC-16
const configuration = `[onenet]
product = "k5zvk1Zh0g"
device  = "board01"
user = "k5zvk1Zh0g"
password = "x"
address = "%s"
confirm = "puback"
post_interval = "0s"

[[board]]
port = "PORT"
baud = BAUD
frame = "bench"
report = "all"

[queue]
dir = "%s"

[frame.bench]
sync   = "AA 55"
length = { at = 2, add = 5 }
id     = { at = 3 }
check  = { kind = "crc-16/modbus", over = "2:-2", endian = "little" }
[[frame.bench.message]]
name = "m"
id = 1
data = 4
fields = [
  { name = "seq", type = "<I" },
  { name = "temp", type = "<h", scale = 0.01 },
  { name = "volt", type = "<H", scale = 0.001 },
  { name = "current", type = "<f" },
  { name = "flags", type = "B" },
  { name = "status", type = "B" },
]
`

// configure writes a configuration for a board that is known, and returns its
// path.
func (s *session) configure(t *testing.T, broker, port string, baud int, more string) string {
	t.Helper()
	path := s.template(t, broker, more)
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, []byte(strings.NewReplacer("PORT", port, "BAUD", fmt.Sprint(baud)).Replace(string(text))), 0o600))
	return path
}

// template is the same without port and baud. Its queue is new.
func (s *session) template(t *testing.T, broker, more string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.toml")
	must(t, os.WriteFile(path, fmt.Appendf(nil, configuration+more, broker, filepath.Join(dir, "state")), 0o600))
	return path
}

// longMessage is a second message of 44 fields, the longest that a length of
// one byte can announce: 260 bytes. With the first one the frame has 50 fields.
func longMessage() string {
	var b strings.Builder
	b.WriteString("[[frame.bench.message]]\nname = \"long\"\nid = 2\ndata = 4\nfields = [\n")
	for i := range 44 {
		kind := "<d" // 20 of 8 bytes, 23 of 4 and one of 2 are 254
		switch {
		case i == 43:
			kind = "<H"
		case i >= 20:
			kind = "<f"
		}
		fmt.Fprintf(&b, "  { name = \"x%d\", type = %q },\n", i, kind)
	}
	b.WriteString("]\n")
	return b.String()
}
