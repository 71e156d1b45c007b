// Package protogen invents protocols as contest teams and makers of small
// devices do, and plays boards that speak them: material for a search that has
// never seen them, with the truth beside it.
//
//	seed ─▶ New ─▶ Protocol ─▶ Record ─▶ bytes, and where each frame stands
//	                 │   └───▶ Description ─▶ frame.Scanner  (proves the generator)
//	                 └─ Judge ◀─ Claim: what a search says ─▶ Score ─▶ Table
//
//	.. 9C 03 | AA 55 │ 02 │ 0C │ 17 │ 41 02 .. .. │ 5E │ 0D 0A | 00 | AA 55 ..
//	 mid-frame  sync   id   len  seq   fields       check  end   idle
//
// The bytes are made here: nothing of frame's encoder or of its checksums is
// used, so that a shared mistake cannot confirm itself; only the parameters of
// named CRCs come from frame's catalogue, which has check values of its own.
// What a claimed check means is asked of frame: it is what a user would get.
// Everything follows from the seed. A silence between frames leaves no trace in
// the bytes, and so there is none here.
//
// # How a claim is judged
//
// A claim is judged on fresh frames of the same protocol, 500 for each
// question, whose fields take any value that the board may ever send, with
// messages and repeats drawn evenly. It is right when it is the truth in other
// or the same words, and equivalent when it differs but does the same:
//
//   - sync: the pattern fits the first bytes of every fresh frame, and of every
//     frame in which one byte that the truth fixes was changed it fits none.
//     So it may take constant bytes behind sync along, and leave a byte free
//     that the truth does not fix to one value, but leave out nothing.
//   - size: the claimed total, from the fixed size, the size by id or the
//     formula, is that of every fresh frame, and every fresh frame ends with
//     the claimed end marker. An end marker alone must also stand nowhere
//     before the end, unless the claimed check is right: it tells the markers
//     apart. A truth's end marker that the claim leaves out costs only the word
//     right.
//   - check: it holds in every fresh frame, and in every fresh frame whose
//     changeable field bytes are replaced by random ones and which the truth
//     has sealed again; and it fails in every fresh frame in which one byte
//     that the truth covers, or one byte of the check itself, was changed and
//     not sealed again, other than bytes that sync fixes. Where the truth has
//     no check, a claimed one must hold in every fresh frame with random field
//     bytes, which only a constant does.
//   - id: two fresh frames have the same number at the claimed place exactly
//     when they are the same message. Where there is one message only, no id
//     and any constant are equivalent.
//
// No claim ("unknown") is neither right nor wrong. To say that there is no
// check, or no id, is a claim: nil with a grade other than Unknown.
package protogen
