package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// badRow is a configuration with a mistake and every issue that it must raise,
// word for word. at says where text goes in the smallest configuration: to the
// end of the table onenet or board, to the end of the file, or instead of the
// line of a key ("boards": of the whole [[board]]).
type badRow struct {
	name, at, text string
	want           []string
}

func (r badRow) source() string {
	lines := strings.SplitAfter(smallest, "\n")
	from, to := len(lines), len(lines)
	switch r.at {
	case "onenet":
		from, to = 4, 4
	case "product":
		from, to = 1, 2
	case "device":
		from, to = 2, 3
	case "key":
		from, to = 3, 4
	case "boards":
		from, to = 4, 6
	case "port":
		from, to = 5, 6
	}
	return strings.Join(lines[:from], "") + r.text + "\n" + strings.Join(lines[to:], "")
}

func bad() []badRow { return slices.Concat(badKeys(), badValues(), badRules()) }

func TestBadConfigurations(t *testing.T) {
	for _, row := range bad() {
		t.Run(row.name, func(t *testing.T) {
			_, issues := Parse([]byte(row.source()), "gateway.toml", noEnv)
			var got []string
			for _, issue := range issues {
				got = append(got, issue.Error())
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("issues differ (-want +got):\n%s\nof:\n%s", diff, row.source())
			}
		})
	}
}
