// Package frame finds a board's binary frames in a stream of bytes and turns
// them into readings, and readings back into frames, as a Description says.
//
//	Description ──Compile──▶ Plan
//
//	bytes ─▶ Scanner: hunt for sync ─▶ id ─▶ length ─▶ header check, const ─▶ end, check ─▶ Frame
//	              ▲                                                             │
//	              └───────── any doubt: one byte after this sync ◀──────────────┘
//	Frame ─▶ Plan.Decode ─▶ Reading          values ─▶ Plan.Encode ─▶ bytes
//
//	AA 55 19 01 2A 00 00 00 ...              ... C4 D3
//	sync  │  │  seq, <I      fields               crc-16/modbus, little, over 0:-2
//	      │  id
//	      length = whole frame - 2
//
// Offsets count from the first sync byte. The rules are numbered [WIRE-n] in
// docs/wire.md. Nothing here reads a clock, starts a goroutine or logs. A Plan
// never changes and may be shared; a Scanner belongs to one goroutine.
//
// Most frames are plain, and follow each other without a gap: quick.go judges the
// plain ones in one step, steady.go takes those of one size in a row.
//
// A line with escapes is read in three forms (stuff.go): on the line, without
// escapes and delimiters, and as the fields see it. [WIRE-26]
//
// A description is laid out (layout.go, structure.go) into slots at places; a
// message with parts of a length of their own, computed values, counters or
// pieces of text is read by parts.go, all others by the plain loop in slot.go.
package frame
