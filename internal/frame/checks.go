package frame

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// compileChecks compiles the check list; header checks come first in it.
func (c *compiler) compileChecks() {
	defaults := 0
	for i := range c.d.Check {
		k := &c.d.Check[i]
		key := fmt.Sprintf("check[%d]", i)
		if k.At == nil {
			defaults++
		}
		if out, ok := c.check(key, k); ok {
			c.p.checks = append(c.p.checks, out)
		} else {
			c.badCheck = true
		}
	}
	if defaults > 1 {
		c.add("check", fmt.Sprint(defaults, " checks without at"), "at most one", "only one can be the last")
	}
	slices.SortStableFunc(c.p.checks, func(a, b check) int {
		return cmp.Compare(b2i(a.need == 0), b2i(b.need == 0))
	})
	for i := range c.p.checks {
		c.p.headed += b2i(c.p.checks[i].need > 0)
	}
	c.p.trailer = len(c.p.end)
	for i := range c.p.checks {
		if at := c.p.checks[i].at; at < 0 {
			c.p.trailer = max(c.p.trailer, -at)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *compiler) check(key string, k *Check) (check, bool) {
	out := check{blank: k.Blank}
	ok := c.checkKind(key, k, &out)
	ok = c.checkEndian(key, k, &out) && ok
	if k.Extra != "" && k.Extra != "crc_extra" {
		c.add(key+".extra", quote(k.Extra), `"crc_extra"`, "")
		ok = false
	}
	out.extra = k.Extra != ""
	switch k.Form {
	case "":
	case "hex":
		out.hex, out.size = true, 2*out.size
	default:
		c.add(key+".form", quote(k.Form), `"hex"`, "")
		ok = false
	}
	out.at = -(len(c.p.end) + out.size)
	if k.At != nil {
		out.at = *k.At
	}
	if out.at > maxTotal || out.at < -maxTotal || (out.at < 0 && -out.at < out.size) {
		c.add(key+".at", fmt.Sprint(out.at), "a place for the whole check inside the frame", "")
		ok = false
	}
	return out, c.checkOver(key, k, &out) && ok
}

func (c *compiler) checkKind(key string, k *Check, out *check) bool {
	name := strings.ToLower(k.Kind)
	spec, named := findCRC(name)
	custom := k.Width != 0 || k.Poly != 0 || k.Init != 0 || k.Reflect || k.XorOut != 0
	if custom && name != "crc" {
		c.add(key+".width", "CRC parameters beside kind "+quote(k.Kind), `kind = "crc"`, "")
		return false
	}
	one, simple := simpleKinds[name]
	out.name = name
	switch {
	case simple:
		out.kind, out.size, out.bits = one.kind, one.size, 8*one.size
	case name == "crc":
		spec = crcSpec{width: k.Width, poly: k.Poly, init: k.Init, reflect: k.Reflect, xorout: k.XorOut}
		if !c.checkWidth(key, spec) {
			return false
		}
	case !named:
		c.add(key+".kind", quote(k.Kind), "a kind of check", nearest(k.Kind, checkNames()))
		return false
	}
	if !simple {
		out.crc, out.kind = newCRC(spec), kindCRC
		out.bits, out.size = spec.width, (spec.width+7)/8
	}
	return c.checkConst(key, k, out)
}

func (c *compiler) checkConst(key string, k *Check, out *check) bool {
	if out.kind != kindConst {
		if k.Value != nil {
			c.add(key+".value", fmt.Sprint(*k.Value), `value beside kind = "const" only`, "")
		}
		return k.Value == nil
	}
	out.bits = 0
	if k.Value == nil || *k.Value < 0 || *k.Value > 255 {
		c.add(key+".value", "no byte", "0 to 255", "const compares with value")
		return false
	}
	out.value = byte(*k.Value)
	return true
}

func (c *compiler) checkWidth(key string, s crcSpec) bool {
	if s.width < 3 || s.width > 64 {
		c.add(key+".width", fmt.Sprint(s.width), "3 to 64 bits", "")
		return false
	}
	ok := true
	for _, p := range []struct {
		name string
		v    uint64
	}{{"poly", s.poly}, {"init", s.init}, {"xorout", s.xorout}} {
		if s.width < 64 && p.v>>s.width != 0 {
			c.add(key+"."+p.name, fmt.Sprintf("%#x", p.v), fmt.Sprintf("at most %d bits", s.width), "")
			ok = false
		}
	}
	if s.poly == 0 {
		c.add(key+".poly", "0", "the polynomial without its highest bit", "")
		ok = false
	}
	return ok
}

func (c *compiler) checkEndian(key string, k *Check, out *check) bool {
	switch {
	case k.Endian == "little", k.Endian == "big":
		out.big = k.Endian == "big"
		if out.big && out.kind == kindFletcher {
			c.add(key+".endian", quote(k.Endian), "no endian", "the first sum always stands first")
			return false
		}
	case k.Endian != "":
		c.add(key+".endian", quote(k.Endian), `"little" or "big"`, nearest(k.Endian, []string{"little", "big"}))
		return false
	case out.size > 1 && out.kind != kindFletcher:
		c.add(key+".endian", "none", `"little" or "big"`, fmt.Sprintf("a check of %d bytes must say which comes first", out.size))
		return false
	}
	return true
}

// checkOver compiles the ranges and finds out how early they can be tested.
func (c *compiler) checkOver(key string, k *Check, out *check) bool {
	ok, early := true, out.at >= 0
	if len(k.Over) == 0 && out.kind != kindConst {
		// Everything before the check itself [WIRE-5].
		out.over = []span{{from: 0, to: out.at}}
		if out.at == 0 && out.size > 0 { // 0 bytes: of an unknown kind, said already
			c.add(key+".over", "none", "slices", "nothing stands before the check")
			ok = false
		}
	}
	for i, text := range k.Over {
		s, err := parseSpan(text)
		if err != nil || s.absolute() && s.from >= s.to {
			c.add(fmt.Sprintf("%s.over[%d]", key, i), quote(text), `a slice such as "0:-2" or "6:"`, "")
			ok = false
		}
		out.over = append(out.over, s)
	}
	out.need = out.at + out.size
	for _, s := range out.over {
		early = early && s.absolute()
		out.need = max(out.need, s.to)
	}
	if !early {
		out.need = 0
	}
	return ok
}

// checkNames lists everything that kind may be.
func checkNames() []string {
	names := slices.Sorted(maps.Keys(simpleKinds))
	names = append(names, "crc")
	for i := range catalogue {
		names = append(names, catalogue[i].name)
	}
	return append(names, slices.Sorted(maps.Keys(aliases))...)
}
