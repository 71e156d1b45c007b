package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"serialgw/internal/reading"
)

const (
	replyMost = 16 << 10 // bytes; a reply is three short members
	wordsMost = 256      // bytes kept of the platform's own words

	codeSuccess   = 200
	codeBadFormat = 2402
	codeBadID     = 2405
)

// Reply is the platform's answer to a post.
type Reply struct {
	ID   uint64 // of the post; 0 when the reply names none
	Code int
	Msg  string
}

// ParseReply reads a reply. A reply without a code is an error; one without an
// id, or with null, is not [ONENET-17].
//
//	{"id":"1767225600002","code":2306,"msg":"identifier not exist:identifier:Volt"}
//	{"id":null,"code":2402,"msg":"request format error"}
func ParseReply(payload []byte) (Reply, error) {
	if len(payload) > replyMost {
		return Reply{}, fmt.Errorf("reply of %d bytes, at most %d are read", len(payload), replyMost)
	}
	var wire struct {
		ID   json.RawMessage `json:"id"`
		Code *int            `json:"code"`
		Msg  json.RawMessage `json:"msg"`
	}
	if err := json.Unmarshal(payload, &wire); err != nil {
		return Reply{}, fmt.Errorf("cannot read reply: %w", err)
	}
	if wire.Code == nil {
		return Reply{}, errors.New("reply without a code")
	}
	r := Reply{Code: *wire.Code, Msg: words(wire.Msg)}
	id := string(bytes.Trim(wire.ID, `"`))
	if id == "" || id == "null" {
		return r, nil
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || n == 0 {
		return Reply{}, fmt.Errorf("reply to the id %.20q, which no post has", id)
	}
	r.ID = n
	return r, nil
}

// words returns a JSON string's text, cut; of other JSON, the text as it is.
func words(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	return strings.ToValidUTF8(s[:min(len(s), wordsMost)], "")
}

// Verdict classifies the reply, by class of code because the platform has
// published no list [ONENET-16]. The identifier is set for RefusedValue.
func (r Reply) Verdict() (v reading.Verdict, identifier string) {
	switch {
	case r.Code == codeSuccess:
		return reading.Confirmed, ""
	case r.Code == codeBadFormat || r.Code == codeBadID:
		return reading.RefusedForm, ""
	case r.Code >= 2200 && r.Code <= 2499:
		if id := r.identifier(); id != "" {
			return reading.RefusedValue, id
		}
		return reading.RefusedForm, ""
	}
	return reading.Busy, ""
}

// identifier returns the name after the last "identifier:".
func (r Reply) identifier() string {
	const mark = "identifier:"
	i := strings.LastIndex(r.Msg, mark)
	if i < 0 {
		return ""
	}
	name := strings.TrimSpace(r.Msg[i+len(mark):])
	for n := range len(name) {
		if !isNameByte(name[n]) {
			return name[:n]
		}
	}
	return name
}

func isNameByte(b byte) bool {
	return b == '_' || b == '$' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}
