// Package codegen writes other languages out of a frame's description, so that
// the board, the gateway and Wireshark have it from one place: the description
// itself with everything said, a datasheet, a C header, a MicroPython sender,
// a Wireshark dissector.
//
//	[frame.car] ─▶ Expand ─▶ model ─┬▶ C, Python    values to bytes
//	                                ├▶ Lua          bytes to values
//	                                └▶ Markdown     for people
//
// What a language cannot say is an error that names the field: nothing is left
// out silently.
package codegen
