package onenetsim

import "strings"

// Topics are handled as what follows "$sys/{pid}/{device}/".
const (
	topicPropertyPost  = "thing/property/post"
	topicPropertySet   = "thing/property/set"
	topicPropertyGet   = "thing/property/get"
	topicEventPost     = "thing/event/post"
	topicPackPost      = "thing/pack/post"
	topicHistoryPost   = "thing/history/post"
	topicDesiredGet    = "thing/property/desired/get"
	topicDesiredDelete = "thing/property/desired/delete"
	topicOTAInform     = "ota/inform"
)

// subscribable is every topic that a directly connected device receives.
// "+" stands for the identifier of a service.
func subscribable() []string {
	return []string{
		topicPropertyPost + "/reply", topicPropertySet, topicPropertyGet,
		topicEventPost + "/reply", topicPackPost + "/reply", topicHistoryPost + "/reply",
		topicDesiredGet + "/reply", topicDesiredDelete + "/reply",
		"thing/service/+/invoke", topicOTAInform,
	}
}

// isRequest reports whether the platform answers what is published there.
func isRequest(topic string) bool {
	switch topic {
	case topicPropertyPost, topicEventPost, topicPackPost, topicHistoryPost, topicDesiredGet, topicDesiredDelete:
		return true
	}
	return false
}

// isAnswer reports whether a device answers the platform there: underscore
// reply, where the platform's own answers are /reply.
func isAnswer(topic string) bool {
	switch topic {
	case topicPropertySet + "_reply", topicPropertyGet + "_reply", topicOTAInform + "_reply":
		return true
	}
	return overlap("thing/service/+/invoke_reply", topic)
}

// splitTopic cuts a device's own prefix off, or fails.
func (d *device) splitTopic(topic string) (rest string, ok bool) {
	return strings.CutPrefix(topic, d.prefix())
}

func (d *device) prefix() string { return "$sys/" + d.product.ID + "/" + d.name + "/" }

// mayPublish returns the part of an allowed topic after the prefix.
func (d *device) mayPublish(topic string) (rest string, ok bool) {
	rest, ok = d.splitTopic(topic)
	return rest, ok && cleanTopic(topic) && (isRequest(rest) || isAnswer(rest))
}

// maySubscribe reports whether a filter is the device's own, well formed, and
// can match something that the platform sends.
func (d *device) maySubscribe(filter string) bool {
	rest, ok := d.splitTopic(filter)
	if !ok || !cleanFilter(filter) {
		return false
	}
	for _, topic := range subscribable() {
		if overlap(rest, topic) {
			return true
		}
	}
	return false
}

// cleanTopic checks length, levels and characters of a topic without
// wildcards.
func cleanTopic(topic string) bool {
	return !strings.ContainsAny(topic, "+#") && cleanFilter(topic)
}

// cleanFilter checks length, levels, characters and the place of wildcards.
func cleanFilter(filter string) bool {
	levels := strings.Split(filter, "/")
	if len(filter) > maxTopic || len(levels) > maxLevels || badCharacters(filter) {
		return false
	}
	for i, level := range levels {
		switch {
		case level == "#" && i != len(levels)-1:
			return false
		case level == "" || (len(level) > 1 && strings.ContainsAny(level, "+#")):
			return false
		}
	}
	return true
}

// badCharacters reports characters that no topic of the platform has.
func badCharacters(topic string) bool {
	return strings.ContainsFunc(topic, func(r rune) bool {
		return !isWordRune(r) && !strings.ContainsRune("/-$+#", r)
	})
}

func isWordRune(r rune) bool {
	return r == '_' || (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z')
}

// overlap reports whether some topic matches both filters.
func overlap(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := 0; ; i++ {
		switch {
		case i < len(x) && x[i] == "#", i < len(y) && y[i] == "#":
			return true
		case i == len(x) || i == len(y):
			return len(x) == len(y)
		case x[i] != y[i] && x[i] != "+" && y[i] != "+":
			return false
		}
	}
}
