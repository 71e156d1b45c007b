package codegen

import (
	"strings"
	"testing"

	"serialgw/internal/config"
)

// TestGenerators_SayWhatHasNoName: a value without a name is sent as 0, which a
// program must know of; what sync, id or a constant writes is none.
func TestGenerators_SayWhatHasNoName(t *testing.T) {
	for _, tt := range []struct{ toml, want string }{
		{`struct = "<Bhh"
names = ["_", "a", "b"]
data = 2`, "x: byte 2 without a name, sent as 0."},
		{`struct = "<Hhh"
names = ["_", "a", "b"]
data = 2`, "x: bytes 2 to 3 without a name, sent as 0."},
		{`struct = "<Bhh"
names = ["_id", "a", "b"]
fields = [{ name = "_id", const = 7 }]
data = 2`, ""},
		{`struct = "<BBBh"
names = ["_", "_", "_", "b"]
id = { at = 2 }`, ""},
	} {
		all, issues := config.ParseFrames([]byte("[frame.x]\nsync = \"AA 55\"\ncheck = { kind = \"sum8\" }\n"+tt.toml), "x")
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		for language, generate := range generators {
			text, err := generate("x", all["x"])
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Contains(text, "without a name")
			wanted := tt.want != "" && (language == "C" || language == "Python")
			if said != wanted || wanted && !strings.Contains(text, tt.want) {
				t.Errorf("%s of\n%s\nsays %q: %v, want %v", language, tt.toml, tt.want, said, wanted)
			}
		}
	}
}
