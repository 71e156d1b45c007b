// Package detect says which of many frame descriptions a stream of bytes is of,
// and at which baud rate a live port speaks.
//
//	bytes ─▶ each candidate's own scanner ─▶ frames ─▶ what chance explains of them ─▶ ranking
//	port  ─▶ one baud rate after the other ─▶ framing errors, ranking ─▶ rate and ranking
//
// A frame counts for the bits that it proves: those of its sync, id, length, end
// marker and check, weighed by how common these bytes are in the stream. A
// format without a check finds frames in any noise; one behind the other without
// a byte between them it does not.
package detect
