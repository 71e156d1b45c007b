package onenetsim

import "fmt"

// Result codes seen on the live platform.
const (
	codeOK          = 200
	codeBoolType    = 2271
	codeMode        = 2302
	codeNoIdent     = 2306
	codePackShape   = 2307
	codeEventCount  = 2308
	codeFormat      = 2402
	codeID          = 2405
	codeRequired    = 2409
	codeInvalidTime = 2415
)

// Result codes invented here: the platform surely refuses these too, under
// numbers nobody has published. A client may rely on their class
// (2200 to 2499: permanent), never on the number.
const (
	codeInt32Type = 2272 + iota
	codeInt64Type
	codeFloatType
	codeDoubleType
	codeEnumType
	codeDateType
	codeStringType
	codeBitMapType
	codeArrayType
	codeStructType
	codeRange
	codeLength
	codeIdentity
	codeEntries
	codePoints
)

type invented struct {
	code int
	text string
}

// inventedCodes is the one table of what the platform never told us.
func inventedCodes() []invented {
	return []invented{
		{codeInt32Type, "int32 type error"},
		{codeInt64Type, "int64 type error"},
		{codeFloatType, "float type error"},
		{codeDoubleType, "double type error"},
		{codeEnumType, "enum type error"},
		{codeDateType, "date type error"},
		{codeStringType, "string type error"},
		{codeBitMapType, "bitMap type error"},
		{codeArrayType, "array type error"},
		{codeStructType, "struct type error"},
		{codeRange, "value out of range"},
		{codeLength, "value too long"},
		{codeIdentity, "sub device not bound"},
		{codeEntries, "too many device entries"},
		{codePoints, "too many points"},
	}
}

// codeText is the message that goes with a code.
func codeText(code int) string {
	switch code {
	case codeOK:
		return "success"
	case codeBoolType:
		return "bool type error"
	case codeMode:
		return "function mode error"
	case codeNoIdent:
		return "identifier not exist"
	case codePackShape:
		return "pack data error" // the number was seen, its text was not
	case codeEventCount:
		return "event param count error"
	case codeFormat:
		return "request format error"
	case codeID:
		return "msg id invalid"
	case codeRequired:
		return "required value"
	case codeInvalidTime:
		return "invalid time"
	}
	for _, i := range inventedCodes() {
		if i.code == code {
			return i.text
		}
	}
	return "error"
}

// refusal is why a message is not stored. nil means that it is.
type refusal struct {
	code int
	msg  string
}

func refuse(code int) *refusal { return &refusal{code, codeText(code)} }

// refuseIdent names the identifier the way the platform does.
func refuseIdent(code int, identifier string) *refusal {
	return &refusal{code, codeText(code) + ":identifier:" + identifier}
}

// Codes of the console log. The device sees none of them: every one of 1101
// to 1114 is CONNACK 4 to it.
const (
	consoleNotSubscribed = 1022
	consoleAnswerForm    = 1027
	consoleAnswerUnknown = 1028
	consoleEmpty         = 1101
	consoleToken         = 1103
	consoleExpired       = 1104
	consoleNoKey         = 1105
	consoleSignature     = 1106
	consoleNoDevice      = 1107
	consoleMethod        = 1110
	consoleVersion       = 1111
	consoleResource      = 1114
	consoleElsewhere     = 1210
	consoleAnswerLate    = 306
)

// Assumptions lists, one line each, what this simulator decides without a
// document or a live log behind it.
func Assumptions() []string {
	list := []string{
		"a protocol other than MQTT 3.1.1 gets CONNACK 1; wrong flags or keepalive close without one",
		"an idle TCP connection is closed after 10 s",
		"any order of the token's parameters, and hex digits of either case, are accepted (strict: the documented order)",
		"a product key signs for a device resource too; a device key never for a product resource",
		"a session outlives its token, unless it is told otherwise",
		"ten topics a session; a foreign topic is refused with 0x80",
		"the pace holds every publish, answers included; what is still held when the platform drops the connection is lost",
		"order of the checks: form of the whole message, id, form of each member, then member by member: value, identifier, kind, type, time",
		"2402 carries id null, 2405 the id as sent if that was text (lenient: both the id)",
		"an identifier twice in one object is a format error; empty params are accepted",
		"time lies between 2000-01-01 and one day from now; history/post needs one with each value",
		"at most 100 values a device entry of history/post, all properties together",
		"of several values the newest by time is the current one, history/post included; no duplicate is refused",
		"minimum, maximum and lengths of the model are not enforced (strict: they are)",
		"pack and history entries of another device are refused: sub-devices are not simulated",
		"desired values are always empty; events are checked and counted, not stored",
		"with a login too many the TCP connection is closed (strict: five minutes for that device)",
	}
	for _, i := range inventedCodes() {
		list = append(list, fmt.Sprintf("code %d (%s) is invented", i.code, i.text))
	}
	return list
}
