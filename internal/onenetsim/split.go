package onenetsim

import "encoding/json"

// member is one name and value of a JSON object. encoding/json's maps lose
// the order, and which member is blamed first must not be left to chance; its
// Decoder keeps it, and takes three times as long as all the rest.
type member struct {
	name string
	raw  json.RawMessage
}

// object takes valid JSON apart that is an object; nothing is valid enough, too.
// It fails on anything else, and on a name that comes twice. The values alias
// raw.
func object(raw []byte) (list []member, ok bool) {
	if kind(raw) != '{' {
		return nil, false
	}
	seen := map[string]bool{}
	for s := (splitter{rest: raw}); s.item('{', '}'); {
		text := s.value()
		s.token() // the colon
		m := member{plainName(text), s.value()}
		if seen[m.name] {
			return nil, false
		}
		seen[m.name] = true
		list = append(list, m)
	}
	return list, true
}

// array takes valid JSON apart that is an array. The elements alias raw.
func array(raw []byte) (list []json.RawMessage, ok bool) {
	if kind(raw) != '[' {
		return nil, false
	}
	list = []json.RawMessage{}
	for s := (splitter{rest: raw}); s.item('[', ']'); {
		list = append(list, s.value())
	}
	return list, true
}

// plainName returns the text of a valid JSON string.
func plainName(text []byte) string {
	for _, c := range text {
		if c == '\\' || c >= 0x80 {
			var name string
			_ = json.Unmarshal(text, &name) // it is valid
			return name
		}
	}
	return string(text[1 : len(text)-1])
}

// splitter goes through the items of an object or an array that is valid JSON.
type splitter struct {
	rest   []byte
	inside bool
}

// item reports whether another item follows, and goes to it.
func (s *splitter) item(open, end byte) bool {
	c := s.token()
	if !s.inside {
		if c != open {
			return false
		}
		s.inside = true
		return s.peek() != end
	}
	return c == ','
}

// peek returns the next byte that is no blank.
func (s *splitter) peek() byte {
	for i, c := range s.rest {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			s.rest = s.rest[i:]
			return c
		}
	}
	s.rest = nil
	return 0
}

// token takes the next byte that is no blank.
func (s *splitter) token() byte {
	c := s.peek()
	if c != 0 {
		s.rest = s.rest[1:]
	}
	return c
}

// value takes the next value.
func (s *splitter) value() []byte {
	s.peek()
	depth := 0
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; c {
		case '"':
			i = endOfString(s.rest, i)
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return s.cut(i) // a number, or a word, at the end of what is around it
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return s.cut(i)
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return s.cut(i + 1)
		}
	}
	return s.cut(len(s.rest))
}

func (s *splitter) cut(n int) []byte {
	n = min(n, len(s.rest))
	v := s.rest[:n:n]
	s.rest = s.rest[n:]
	return v
}

// endOfString returns the index of the quote that ends the string at i.
func endOfString(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}
