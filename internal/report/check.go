package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"serialgw/internal/reading"
)

// Mistake is what is wrong with a rule.
type Mistake struct {
	Rule  int
	Key   string // "deadband"; "" = the rule as such
	Found string
	Want  string
	Cure  string
}

// Check returns what is wrong with rules for a board with these properties.
// Names are taken as known: a name that is none finds nothing.
func Check(rules []Rule, props []Property) []Mistake {
	var out []Mistake
	for i := range rules {
		for _, m := range checkKeys(&rules[i]) {
			m.Rule = i
			out = append(out, m)
		}
		taken := slices.DeleteFunc(slices.Clone(props), func(p Property) bool { return ruleOf(rules, &p) != i })
		switch at := numericKey(&rules[i], taken); {
		case len(taken) == 0:
			out = append(out, Mistake{Rule: i, Found: "a rule that is for no property",
				Cure: "the first rule that names a property is its rule: put the special ones first"})
		case at.Key != "":
			at.Rule = i
			out = append(out, at)
		}
	}
	return append(out, checkOneRule(rules, props)...)
}

// checkKeys looks at keys that do not go together.
func checkKeys(r *Rule) (out []Mistake) {
	add := func(key, found, want, cure string) {
		out = append(out, Mistake{Key: key, Found: found, Want: want, Cure: cure})
	}
	switch {
	case r.MaxSilence > 0 && !r.Changes():
		add("max_silence", "max_silence without on_change or deadband", "one of them",
			"without it nothing is held back that long; min_interval alone sends the newest value once an interval")
	case r.MaxSilence > 0 && r.MaxSilence < max(r.MinInterval, r.Window):
		add("max_silence", r.MaxSilence.String(), "at least min_interval and window: "+max(r.MinInterval, r.Window).String(), "")
	}
	switch {
	case r.Window > 0 && len(r.Aggregate) == 0:
		add("window", "window without aggregate", "both", `write aggregate = "mean"`)
	case r.Window == 0 && len(r.Aggregate) > 0:
		add("aggregate", "aggregate without window", "both", `write window = "10s"`)
	case r.Window > 0 && r.MinInterval > 0:
		add("min_interval", "min_interval beside window", "one of them", "a window sends once in its length")
	}
	for i, a := range r.Aggregate {
		if slices.Contains(r.Aggregate[:i], a) {
			add("aggregate", strconv.Quote(a.String())+" twice", "each once", "")
		}
	}
	if r.Property != nil && len(r.Property) == 0 {
		add("property", "an empty list", "one name or more", "for all properties leave property out")
	}
	if r.Range != nil && (len(r.Range) != 2 || r.Range[0] > r.Range[1]) {
		add("range", strings.ReplaceAll(fmt.Sprint(r.Range), " ", ", "), "[low, high]", "")
	}
	return out
}

// numericKey returns the first key that needs numbers where the rule takes a
// property that is none.
func numericKey(r *Rule, props []Property) Mistake {
	key := ""
	switch {
	case r.Deadband != nil:
		key = "deadband"
	case r.Round != nil:
		key = "round"
	case r.Range != nil:
		key = "range"
	case slices.ContainsFunc(r.Aggregate, func(a Aggregate) bool { return a != Last }):
		key = "aggregate"
	}
	at := slices.IndexFunc(props, func(p Property) bool { return !p.numeric() })
	if key == "" || at < 0 {
		return Mistake{}
	}
	p := &props[at]
	return Mistake{Key: key, Found: fmt.Sprintf("%s for %s, which is %s", key, p.Name, p.what()), Want: "properties that are numbers",
		Cure: "name the numbers in property, or put a rule for " + p.Name + " before this one"}
}

func (p *Property) what() string {
	switch p.Kind {
	case reading.Bool:
		return "true or false"
	case reading.Text:
		return "a text"
	}
	return "one of a map's texts"
}

// checkOneRule refuses different rules for one property of several messages:
// what one holds back could then go out behind what the other let pass.
func checkOneRule(rules []Rule, props []Property) (out []Mistake) {
	first := map[string]*Property{}
	said := map[string]bool{}
	for i := range props {
		p := &props[i]
		other, ok := first[p.Identifier]
		if !ok {
			first[p.Identifier] = p
			continue
		}
		a, b := ruleOf(rules, other), ruleOf(rules, p)
		if a == b || said[p.Name] {
			continue
		}
		said[p.Name] = true
		out = append(out, Mistake{Rule: max(a, b), Key: "message",
			Found: fmt.Sprintf("%s of the message %s, which %s gives too", p.Name, strconv.Quote(p.Message), strconv.Quote(other.Message)),
			Want:  "one rule for " + p.Name, Cure: "name the property in it, without message: property = " + strconv.Quote(p.Name)})
	}
	return out
}
