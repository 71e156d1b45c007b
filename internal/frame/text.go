package frame

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"serialgw/internal/reading"
)

// encoding compiles the character set of a text, and what texts mean "none".
func (l *layout) text(key string, f *Field, v *value) {
	s := &v.slot
	s.role, v.info.Kind, v.info.Size, v.info.Encoding = roleText, reading.Text, s.size, "utf-8"
	switch {
	case f.Encode == "gbk" && s.form != formHex:
		s.gbk, v.info.Size, v.info.Encoding = true, 3*s.size, "gbk"
	case f.Encode == "gbk" || f.Encode == "utf-8" && s.form == formHex:
		l.m.add(key+".encoding", quote(f.Encode), `encoding beside a text such as "8s" or "8z"`, "hexadecimal digits need none")
	case f.Encode != "" && f.Encode != "utf-8":
		l.m.add(key+".encoding", quote(f.Encode), `"utf-8" or "gbk"`, nearest(f.Encode, []string{"utf-8", "gbk"}))
	}
	if s.form == formHex {
		v.info.Size, v.info.Encoding = 2*s.size, "hex"
	}
	for i, none := range f.Invalid {
		text, ok := none.(string)
		if !ok {
			l.m.add(fmt.Sprintf("%s.invalid[%d]", key, i), fmt.Sprint(none), "a text beside "+quote(f.Type), "")
			continue
		}
		if s.form == formHex {
			text = strings.ToUpper(text)
		}
		s.invalidText = append(s.invalidText, text)
	}
}

// text reads the characters; bytes that are none become U+FFFD. [WIRE-17]
func (s *slot) text(b []byte) string {
	switch s.form {
	case formHex:
		return strings.ToUpper(hex.EncodeToString(b))
	case formZ:
		if end := bytes.IndexByte(b, 0); end >= 0 {
			b = b[:end]
		}
	default:
		b = bytes.TrimRight(b, "\x00")
	}
	if s.gbk {
		// A decoder writes U+FFFD where it cannot read: it has no errors. It is
		// given a copy, or every caller's bytes would have to lie on the heap.
		if decoded, err := simplifiedchinese.GBK.NewDecoder().String(string(b)); err == nil {
			return decoded
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// decodeText gives the text, unless it means "no value".
func (s *slot) decodeText(b []byte, prop *reading.Property, absent *Absent) bool {
	text := s.text(b)
	if slices.Contains(s.invalidText, text) {
		absent.Invalid++
		return false
	}
	prop.Value = reading.TextValue(text)
	return true
}

// encodeText writes a text into bytes that are 0.
func (s *slot) encodeText(b []byte, v reading.Value) error {
	out, err := s.textBytes(v)
	copy(b, out)
	return err
}

// textBytes returns the bytes of a text.
func (s *slot) textBytes(v reading.Value) (out []byte, err error) {
	if v.Kind != reading.Text {
		return nil, fmt.Errorf("%v is not a text", v)
	}
	text := v.Str()
	switch {
	case s.form == formHex:
		if out, err = hex.DecodeString(text); err != nil || len(out) != s.size {
			return nil, fmt.Errorf("%q is not %d bytes in hexadecimal", text, s.size)
		}
	case s.gbk:
		if out, err = simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text)); err != nil {
			return nil, fmt.Errorf("%q has a character that GBK lacks", text)
		}
	default:
		out = []byte(text)
	}
	switch {
	case len(out) > s.size:
		return nil, fmt.Errorf("%q is not a text of at most %d bytes", text, s.size)
	case s.form == formZ && bytes.IndexByte(out, 0) >= 0:
		return nil, fmt.Errorf("%q has a NUL, which ends such a text", text)
	}
	return out, nil
}
