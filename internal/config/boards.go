package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/report"
)

// checkBoards checks each board and then all of them together: they share one
// OneNET device, so no two may give one identifier.
func (d *doc) checkBoards(c *Config, plans map[string]*frame.Plan) {
	if len(c.Boards) == 0 {
		d.fail("board", "nothing", "at least one board", `add [[board]] and, below it, port = "/dev/ttyUSB0"`)
	}
	names, ports := map[string]int{}, map[string]int{}
	identifiers := make([]map[string]string, len(c.Boards))
	for i, b := range c.Boards {
		path := indexPath("board", i)
		if 0 < b.Health && b.Health < time.Second {
			d.fail(path+".health", shown(b.Health.String()), `"0s", or at least 1s`, "")
		}
		if plan := plans[b.Frame]; plan != nil && !d.brokenBelow(path) {
			d.checkRules(path, b, plan)
		}
		if plan := plans[b.Frame]; plan != nil && !d.brokenBelow(path) {
			identifiers[i] = d.checkIdentifiers(path, b, plan)
		}
		d.require(path+".port", b.Port, "uart.Config.port", "`serialgw ports` lists what is plugged in")
		d.unique(path+".name", b.Name, "name", names, i)
		d.unique(path+".port", b.Port, "port", ports, i)
		if err := b.Validate(); err != nil && !d.brokenBelow(path) { // what only the uart room knows
			d.fail(path, strings.ReplaceAll(err.Error(), "\n", "; "), "", "")
		}
	}
	for i := range c.Boards {
		for j := range i {
			d.checkShared(c, i, j, identifiers)
		}
	}
}

// unique refuses a value that an earlier board has.
func (d *doc) unique(path, value, what string, seen map[string]int, i int) {
	if value == "" {
		return
	}
	if first, ok := seen[value]; ok {
		d.fail(path, shown(value), "a "+what+" of its own",
			fmt.Sprintf("%s has the same %s", d.boardAt(first), what))
		return
	}
	seen[value] = i
}

func (d *doc) boardAt(i int) string {
	path := indexPath("board", i)
	return fmt.Sprintf("%s (line %d)", path, d.lines.find(path))
}

// checkIdentifiers returns the identifiers that the board publishes, each with
// the property behind it.
func (d *doc) checkIdentifiers(path string, b Board, plan *frame.Plan) map[string]string {
	names := names(plan)
	for _, p := range b.link(plan) {
		names = append(names, p.Name)
	}
	for from := range b.Rename {
		if !slices.Contains(names, from) {
			d.fail(joinPath(path+".rename", from), shown(from), "a property of the frame", nearestProperty(b, from, names))
		}
	}
	behind := map[string]string{}
	for _, p := range b.Publishes(plan) {
		name, identifier := p.Of, p.Name
		if p.Message == report.LinkMessage && slices.Contains(names[:len(names)-len(b.link(plan))], name) {
			name += " of the link"
		}
		if !IsIdentifier(identifier) {
			d.fail(namedBy(path, b, name), shown(identifier)+" for the property "+name,
				"an identifier: 1 to 50 of A-Z a-z 0-9 _, a letter first", "")
		} else if other, taken := behind[identifier]; taken {
			d.fail(namedBy(path, b, name, other), shown(identifier)+" for the properties "+other+" and "+name, "an identifier for each", "")
		}
		behind[identifier] = name
	}
	return behind
}

func nearestProperty(b Board, name string, names []string) string {
	if b.Health == 0 && isLink(name) {
		return `it is there with health = "60s"`
	}
	if near := Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "frame " + strconv.Quote(b.Frame) + " has " + strings.Join(names, ", ")
}

// namedBy returns the key that gives the first renamed property its
// identifier, else the prefix.
func namedBy(path string, b Board, names ...string) string {
	for _, name := range names {
		if _, renamed := b.Rename[name]; renamed {
			return joinPath(path+".rename", name)
		}
	}
	return path + ".prefix"
}

// checkShared refuses two boards that give one identifier: on OneNET the
// values of one would overwrite those of the other.
func (d *doc) checkShared(c *Config, i, j int, identifiers []map[string]string) {
	var shared []string
	for identifier := range identifiers[i] {
		if _, ok := identifiers[j][identifier]; ok {
			shared = append(shared, identifier)
		}
	}
	if len(shared) == 0 {
		return
	}
	slices.Sort(shared)
	text := strings.Join(shared[:min(len(shared), 3)], ", ")
	if more := len(shared) - 3; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	a, b := c.Boards[j].Name, c.Boards[i].Name
	d.fail(indexPath("board", i), text+fmt.Sprintf(" from both %q and %q", a, b), "each identifier from one board",
		fmt.Sprintf("give one of them a prefix, for example prefix = %q, or rename the property", prefixFor(b)))
}

// prefixFor makes a valid prefix of a board's name.
func prefixFor(name string) string {
	name = strings.ReplaceAll(name, "-", "_")
	if !IsIdentifier(name) {
		name = "b" + name
	}
	return name + "_"
}
