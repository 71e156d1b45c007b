package frame

// Description is one [frame.NAME] table of gateway.toml: how to find a frame
// in a stream of bytes and what it says. All offsets count from the first
// sync byte; a negative offset counts from the frame's end, as in a Python
// slice. Text that follows a syntax of its own (patterns, types, slices) is
// checked by Compile, which names the key.
type Description struct {
	Preset string `toml:"preset"` // start from this preset; keys given here replace the preset's

	// What the shipped presets say about themselves.
	Title  string `toml:"title"`  // one line: the maker's name for the protocol, and what speaks it
	Source string `toml:"source"` // where the layout is published
	Likely string `toml:"likely"` // what is probable but was never seen in a source or on hardware; "" = nothing

	Sync   string  `toml:"sync"`      // pattern: "AA 55", "55 5?", "55|F? 5A", "?? 03|04"
	Size   int     `toml:"size"`      // total bytes, when every frame has the same size
	Length *Length `toml:"length"`    // total = mul * field + add
	End    string  `toml:"end"`       // end marker, checked after size or length; alone, it delimits
	Max    int     `toml:"max"`       // largest total, bytes; default: the largest listed message
	Check  []Check `toml:"check"`     // one table or an array of tables
	ID     *Ref    `toml:"id"`        // where the message id stands
	Seq    *Ref    `toml:"seq"`       // where the sequence number stands: counts lost frames
	Idle   string  `toml:"idle"`      // bytes between frames that are not noise: "FF 00"
	GapMS  float64 `toml:"gap_ms"`    // a silence this long abandons a partial frame, ms
	Strict bool    `toml:"strict_id"` // true: a frame whose id is not listed is no frame
	// ZeroFill is that of every message.
	ZeroFill bool `toml:"zero_fill"`

	// Stuff says how the line escapes bytes: "hdlc", "slip", "cobs", "xbee",
	// "dxl2", or a table of its own. Offsets count in the frame without it.
	Stuff  *Stuff  `toml:"stuff"`
	Unmask *Unmask `toml:"unmask"` // undoes what the board does to its data bytes, behind the checks
	Resync string  `toml:"resync"` // after a failed check: "rescan" (default) or "skip" the whole frame
	// Split is the separator of a line of text whose values are its pieces:
	// ",". The fields are then the pieces, in order; their types are "num",
	// "int", "hex", "str" and "_".
	Split string `toml:"split"`
	// Label ends what may stand in front of a number in such a piece, and is
	// left out with it: ":" takes "temp:23.5" and "23.5" alike.
	Label string `toml:"label"`

	// Data is where fields begin; default: after sync, with struct: 0, where
	// names of "_" pass over sync. No property may lie on sync's fixed bytes.
	Data int `toml:"data"`
	// Struct is a Python struct string, "<bbhhhhb"; it expands to fields.
	// Without "<" or ">" it must be one that Python packs without gaps.
	Struct string   `toml:"struct"`
	Names  []string `toml:"names"` // one for each value of struct; "_" is no property
	// Fields lists the values of the only message, when there is no
	// [[message]]. Beside struct, a field without a type adds scale, unit,
	// range ... to the struct value of the same name.
	Fields   []Field   `toml:"fields"`
	Messages []Message `toml:"message"` // messages by id, in the order they are tried
	Examples []Example `toml:"example"` // published or computed frames that test the description
}

// Length says where a frame's size stands: total = Mul * field + Add. Several
// fields may be summed.
type Length struct {
	At   int    `toml:"at"`
	Type string `toml:"type"` // default "B"; "<H", ">H", "<I" ..., 24-bit "<u24", or "varint"
	Mul  int    `toml:"mul"`  // default 1
	Add  int    `toml:"add"`
	Sum  []Ref  `toml:"sum"` // further fields added to the first, before Mul
}

// Stuff is a way to escape bytes on the line.
type Stuff struct {
	Kind string         `toml:"kind"` // "hdlc", "slip", "cobs", "xbee", "dxl2"; "" with Esc
	Esc  *int           `toml:"esc"`  // the byte that escapes the one behind it
	Map  map[string]int `toml:"map"`  // byte on the line behind Esc, "0x0F", to the byte meant
}

// Unmask undoes one operation on each data byte.
type Unmask struct {
	Sub  int    `toml:"sub"`  // subtract, modulo 256
	Xor  int    `toml:"xor"`  // exclusive or
	Over string `toml:"over"` // a slice; default: from data to the checks and end marker
}

// Ref is a number inside the frame.
type Ref struct {
	At   int    `toml:"at"`
	Type string `toml:"type"` // default "B"
}

// Check is one checksum, or a constant byte that stands in its place.
type Check struct {
	// Kind: sum8 sum16 xor8 neg-sum8 neg-sum16 not-sum8 not-sum16 sum16w
	// sum+sum (Fletcher modulo 256) const, a RevEng name such as
	// crc-16/modbus, or crc with the parameters below.
	Kind string `toml:"kind"`
	// Over lists the bytes covered, as Python slices ("0:-2"); one text or an
	// array. Default: everything before the check itself.
	Over   []string `toml:"over"`
	At     *int     `toml:"at"`     // where it stands; default: last, before end
	Endian string   `toml:"endian"` // "little" or "big"; 16 bits and more must say which
	Blank  bool     `toml:"blank"`  // the check's own bytes count as zero
	Extra  string   `toml:"extra"`  // "crc_extra": one more byte, from the message
	Value  *int     `toml:"value"`  // const: the byte expected
	Form   string   `toml:"form"`   // "hex": it stands in ASCII digits, two a byte

	Width   int    `toml:"width"` // crc: 3 to 64 bits
	Poly    uint64 `toml:"poly"`
	Init    uint64 `toml:"init"`
	Reflect bool   `toml:"reflect"` // input and output reflected
	XorOut  uint64 `toml:"xorout"`
}

// Message is one kind of frame, told apart by its id, size or turn.
type Message struct {
	Name   string  `toml:"name"`
	ID     []int   `toml:"id"`   // one number or an array
	Size   int     `toml:"size"` // overrides the frame's size; with a length in the frame, that must say it
	Length *Length `toml:"length"`
	// Turn is "request" or "reply" on a sniffed two-way bus: where a frame
	// fits both, a reply is expected after a request with the same id, else a
	// request.
	Turn     string   `toml:"turn"`
	CRCExtra *int     `toml:"crc_extra"`
	ZeroFill bool     `toml:"zero_fill"` // a frame may be shorter than the fields: what is missing is zero
	First    string   `toml:"first"`     // with split: what the first piece must be, "G?RMC"; ? is any character
	Data     *int     `toml:"data"`
	Struct   string   `toml:"struct"`
	Names    []string `toml:"names"`
	Fields   []Field  `toml:"fields"` // beside struct: as in Description
}

// Field is one value, several of the same type, a group of fields, or a value
// computed from earlier ones.
type Field struct {
	Name    string            `toml:"name"`   // beginning with "_": usable by expr, when, sign and repeat, never published
	Names   []string          `toml:"names"`  // count > 1: one name for each
	Type    string            `toml:"type"`   // "<h", ">H", "B", "<f", "<u24", "<i12", ">bcd4", "8s" ...: docs/frames.md
	At      *int              `toml:"at"`     // fields run on unless at moves them
	Bit     *int              `toml:"bit"`    // bits from at to the field's first bit, in the order of its type
	Order   string            `toml:"order"`  // word order of 2, 4 or 8 bytes: "CDAB"; A is the most significant
	Skip    int               `toml:"skip"`   // bytes to leave out; stands alone
	Scale   any               `toml:"scale"`  // number or fraction "16/32768"; default 1
	Offset  any               `toml:"offset"` // number or fraction, added after scaling
	Digits  *int              `toml:"digits"` // decimals sent; default: as many as scale needs
	Unit    string            `toml:"unit"`
	Sign    string            `toml:"sign"`     // an earlier field that is not 0 when the value is negative, or "msb": the own top bit
	Counter any               `toml:"counter"`  // true, or the number after which it starts at 0 again: a growing total is sent
	Encode  string            `toml:"encoding"` // of text: "utf-8" (default) or "gbk"
	Map     map[string]string `toml:"map"`      // enum: integer to text
	Flags   map[string]string `toml:"flags"`    // bit number to the name of a boolean property
	Const   *int64            `toml:"const"`    // must be equal, or the frame is none
	Invalid []any             `toml:"invalid"`  // raw values that mean "no value"
	Range   []float64         `toml:"range"`    // [low, high] after scaling; outside: absent, counted
	Expr    string            `toml:"expr"`     // computed from earlier fields of the frame: "a * 1000 / b"
	When    string            `toml:"when"`     // an expression; the field has no value where it gives 0
	Count   int               `toml:"count"`
	Repeat  string            `toml:"repeat"` // "rest": as many as the frame still holds; or an earlier field that says how many
	Max     int               `toml:"max"`    // with repeat: the most there can be
	Group   []Field           `toml:"group"`  // fields repeated together, by count or repeat
}

// Example is a frame with the values that it must give.
type Example struct {
	Hex     string         `toml:"hex"`
	Message string         `toml:"message"`
	Values  map[string]any `toml:"values"` // identifier to value
	Source  string         `toml:"source"`
}
