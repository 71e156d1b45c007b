package gateway

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"serialgw/internal/reading"
)

// DeadLetter is one value that the cloud would not take, with the cloud's own
// words. A dead-letter file holds one such object a line; where the last letter
// was removed, a line with nothing but its number. Lines of an earlier program
// lack letter, kind, synced, boot_ns and boot_id.
type DeadLetter struct {
	Number     uint64          `json:"letter"` // from 1, in the order of writing
	Seq        uint64          `json:"seq"`    // its record's number in the queue
	Board      string          `json:"board"`
	Message    string          `json:"message"`
	Time       time.Time       `json:"time"`
	Synced     bool            `json:"synced"` // the time is true, wherever the letter is sent
	Boot       int64           `json:"boot_ns"`
	BootID     string          `json:"boot_id"` // hex
	Identifier string          `json:"identifier"`
	Kind       string          `json:"kind"` // of the value; see kindNames
	Value      json.RawMessage `json:"value"`
	Code       int             `json:"code"` // 0: refused before it was sent
	Reply      string          `json:"reply"`
}

var kindNames = map[reading.Kind]string{ //nolint:gochecknoglobals // a constant
	reading.Int: "int", reading.Uint: "uint", reading.Decimal: "decimal", reading.Float32: "float32",
	reading.Float64: "float64", reading.Bool: "bool", reading.Text: "text", reading.None: "none",
}

// newLetter says of one property of a record why it was refused.
func newLetter(e *reading.Entry, p *reading.Property, why refusal) DeadLetter {
	s := e.Reading.Stamp
	return DeadLetter{
		Seq: e.Seq, Board: e.Reading.Board, Message: e.Reading.Message,
		Time: s.Time(), Synced: s.Synced && !e.Believed, Boot: s.Boot, BootID: hex.EncodeToString(s.BootID[:]),
		Identifier: p.Name, Kind: kindNames[p.Value.Kind], Value: p.Value.AppendJSON(nil), Code: why.code, Reply: why.text,
	}
}

// errMark says that a line is no letter: {"letter":57} keeps the number of the
// last one where that one was removed.
var errMark = errors.New("cannot read a dead letter: the line only keeps a number")

// parseLetter reads a line. One without a number gets that of its place.
func parseLetter(line []byte, place uint64) (DeadLetter, error) {
	var l DeadLetter
	if err := json.Unmarshal(line, &l); err != nil {
		return l, fmt.Errorf("cannot read a dead letter: %w", err)
	}
	if l.Identifier == "" && l.Number > 0 {
		return l, errMark
	}
	if l.Identifier == "" {
		return l, errors.New("cannot read a dead letter: it names no identifier")
	}
	if l.Number == 0 {
		l.Number = place
	}
	return l, nil
}

// reading returns the reading that the letter's value was, alone.
func (l *DeadLetter) reading() (reading.Reading, error) {
	v, err := l.value()
	if err != nil {
		return reading.Reading{}, err
	}
	r := reading.Reading{
		Board: l.Board, Message: l.Message,
		Stamp: reading.Stamp{Wall: l.Time.UnixNano(), Boot: l.Boot, Synced: l.Synced},
		Props: []reading.Property{{Name: l.Identifier, Value: v}},
	}
	if id, err := hex.DecodeString(l.BootID); err == nil && len(id) == len(r.Stamp.BootID) {
		copy(r.Stamp.BootID[:], id)
	}
	return r, nil
}

// sameFrame reports whether two letters are of one frame.
func (l *DeadLetter) sameFrame(m *DeadLetter) bool {
	return l.Seq == m.Seq && l.Board == m.Board && l.Message == m.Message && l.Time.Equal(m.Time) && l.Boot == m.Boot && l.BootID == m.BootID
}

// value returns what is written as JSON. Without a kind the text decides.
func (l *DeadLetter) value() (v reading.Value, err error) {
	text := string(bytes.TrimSpace(l.Value))
	kind := l.Kind
	if kind == "" {
		kind = guessKind(text)
	}
	switch kind {
	case "int":
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		v = reading.IntValue(n)
	case "uint":
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		v = reading.UintValue(n)
	case "decimal":
		v, err = parseDecimal(text)
	case "float32":
		var f float64
		f, err = strconv.ParseFloat(text, 32)
		v = reading.Float32Value(float32(f))
	case "float64":
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		v = reading.Float64Value(f)
	case "bool":
		var b bool
		err = json.Unmarshal(l.Value, &b)
		v = reading.BoolValue(b)
	case "text":
		var s string
		err = json.Unmarshal(l.Value, &s)
		v = reading.TextValue(s)
	default:
		err = errors.New("no value")
	}
	if err == nil && (text == "null" || !v.Finite()) {
		err = errors.New("no value")
	}
	if err != nil {
		return reading.Value{}, fmt.Errorf("letter %d holds nothing that can be sent: %w", l.Number, err)
	}
	return v, nil
}

func guessKind(text string) string {
	switch {
	case text == "true" || text == "false":
		return "bool"
	case strings.HasPrefix(text, `"`):
		return "text"
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return "int"
	}
	if _, err := strconv.ParseUint(text, 10, 64); err == nil {
		return "uint"
	}
	if _, err := parseDecimal(text); err == nil {
		return "decimal"
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) {
		return "float64"
	}
	return "none"
}

// parseDecimal reads 12.34 with its digits.
func parseDecimal(text string) (reading.Value, error) {
	whole, part, ok := strings.Cut(text, ".")
	if !ok || part == "" || len(part) > 18 || strings.Trim(part, "0123456789") != "" {
		return reading.Value{}, fmt.Errorf("%q is no decimal", text)
	}
	mantissa, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil {
		return reading.Value{}, fmt.Errorf("%q is no decimal: %w", text, err)
	}
	return reading.DecimalValue(mantissa, uint8(len(part))), nil
}
