package config

import (
	"maps"
	"strconv"
	"strings"
)

// lineTable says on which line each key and each array element stands:
// "board[0].port", "frame.car.fields[2].type". A key that is not bare is
// quoted.
type lineTable map[string]int

// find returns the line of path or, when it stands nowhere, of the nearest
// table or array around it; 0 when there is none.
func (t lineTable) find(path string) int {
	for path != "" {
		if n, ok := t[path]; ok {
			return n
		}
		path = parentPath(path)
	}
	return 0
}

func (t lineTable) has(path string) bool {
	_, ok := t[path]
	return ok
}

// alias lets what stands inside path be found inside other too.
func (t lineTable) alias(path, other string) {
	for p, line := range maps.Clone(t) {
		if strings.HasPrefix(p, path+".") {
			t[other+p[len(path):]] = line
		}
	}
}

// parentPath cuts the last key or index off.
func parentPath(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

func joinPath(path, key string) string {
	if !isWord(key) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func indexPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// isWord reports whether s is a bare key: A-Z a-z 0-9 _ -, not empty.
func isWord(s string) bool {
	for _, r := range s {
		if !isAlnum(r) && r != '_' && r != '-' {
			return false
		}
	}
	return s != ""
}

func isAlnum(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// lineScanner walks over a text that the TOML library has accepted. Over any
// other text it ends too, with lines that mean nothing.
type lineScanner struct {
	src   string
	pos   int
	line  int
	at    lineTable
	count map[string]int // elements of each [[array]] so far
}

func scanLines(src string) lineTable {
	s := lineScanner{src: src, line: 1, at: lineTable{}, count: map[string]int{}}
	table := ""
	for s.skipBlank(); s.pos < len(s.src); s.skipBlank() {
		if s.peek() == '[' {
			table = s.header()
		} else {
			s.keyValue(table)
		}
	}
	return s.at
}

// header reads [a.b] or [[a.b]] and returns the path of the table it opens.
func (s *lineScanner) header() string {
	s.pos++
	array := s.peek() == '['
	if array {
		s.pos++
	}
	parts := s.key()
	path := ""
	for i, part := range parts {
		path = joinPath(path, part)
		s.mark(path)
		if array && i == len(parts)-1 {
			s.count[path]++
		}
		if n := s.count[path]; n > 0 {
			path = indexPath(path, n-1)
			s.mark(path)
		}
	}
	for s.peek() == ']' || s.peek() == ' ' || s.peek() == '\t' {
		s.pos++
	}
	return path
}

// keyValue reads a.b = value below table.
func (s *lineScanner) keyValue(table string) {
	path := table
	for _, part := range s.key() {
		path = joinPath(path, part)
		s.mark(path)
	}
	s.pos++ // the equals sign
	s.skipSpace()
	s.value(path)
}

// key reads a bare, quoted or dotted key and stops at what follows it.
func (s *lineScanner) key() (parts []string) {
	for {
		s.skipSpace()
		start := s.pos
		if c := s.peek(); c == '"' || c == '\'' {
			s.quoted(c)
			parts = append(parts, unquote(s.src[start:s.pos]))
		} else {
			s.skipUntil(".=] \t\r\n")
			parts = append(parts, s.src[start:s.pos])
		}
		s.skipSpace()
		if s.peek() != '.' {
			return parts
		}
		s.pos++
	}
}

func unquote(s string) string {
	if text, err := strconv.Unquote(s); err == nil && s[0] == '"' {
		return text
	}
	return strings.Trim(s, s[:1])
}

func (s *lineScanner) value(path string) {
	switch c := s.peek(); c {
	case '"', '\'':
		s.quoted(c)
	case '[':
		s.array(path)
	case '{':
		s.inlineTable(path)
	default:
		s.skipUntil(",]}#\r\n")
	}
}

func (s *lineScanner) array(path string) {
	s.pos++
	for i := 0; ; {
		s.skipBlank()
		switch s.peek() {
		case 0:
			s.pos++
			return
		case ']':
			s.pos++
			return
		case ',', '}':
			s.pos++
		default:
			element := indexPath(path, i)
			s.mark(element)
			s.value(element)
			i++
		}
	}
}

func (s *lineScanner) inlineTable(path string) {
	s.pos++
	for {
		s.skipBlank()
		switch s.peek() {
		case 0, '}':
			s.pos++
			return
		case ',':
			s.pos++
		default:
			s.keyValue(path)
		}
	}
}

// quoted skips a string of one or, in three quotes, of several lines.
func (s *lineScanner) quoted(quote byte) {
	end := string(quote)
	if triple := strings.Repeat(end, 3); strings.HasPrefix(s.src[s.pos:], triple) {
		end = triple
	}
	s.pos += len(end)
	for s.pos < len(s.src) && !strings.HasPrefix(s.src[s.pos:], end) {
		if s.src[s.pos] == '\\' && quote == '"' {
			s.pos++
		}
		s.newline()
		s.pos++
	}
	s.pos += len(end)
	for len(end) == 3 && s.peek() == quote { // up to two quotes may end the text itself
		s.pos++
	}
	s.pos = min(s.pos, len(s.src))
}

// skipBlank skips white space, line ends and comments.
func (s *lineScanner) skipBlank() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.newline()
			s.pos++
		case '#':
			s.skipUntil("\n")
		default:
			if !strings.HasPrefix(s.src[s.pos:], byteOrderMark) {
				return
			}
			s.pos += len(byteOrderMark)
		}
	}
}

const byteOrderMark = "\uFEFF"

func (s *lineScanner) skipSpace() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.pos++
	}
}

func (s *lineScanner) skipUntil(stop string) {
	for s.pos < len(s.src) && strings.IndexByte(stop, s.src[s.pos]) < 0 {
		s.pos++
	}
}

// peek returns the next byte, 0 at the end.
func (s *lineScanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

func (s *lineScanner) newline() {
	if s.peek() == '\n' {
		s.line++
	}
}

// mark remembers where path first stood.
func (s *lineScanner) mark(path string) {
	if !s.at.has(path) {
		s.at[path] = s.line
	}
}
