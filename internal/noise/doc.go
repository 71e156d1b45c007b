// Package noise is a bench for frame descriptions: does the scanner find every
// frame that came through a bad line whole, and nothing that was never sent?
//
//	Plan ──▶ board ──frames──▶ damager ──bytes──▶ frame.Scanner ──frames──▶ judge ──▶ row
//	          │ Encode,          │ bits, bytes      ▲ reads, silences         ▲
//	          └ salt, Seal       └── what stands whole, and where ────────────┘
//
// `make noise` benches every preset; `make noise FILE=my.toml FRAME=car` a
// description of your own, which is the same as
//
//	go test ./internal/noise -run TestBench -description my.toml -frame car -v
//
// A relative file counts from the project's root; without -frame, all of its
// frames are benched. -baud, -seeds and -frames change the line and how much
// runs over it. Where delimiters cut the frames, each is sent with one on both
// sides. Every row must keep four rules: nothing is lost, no more is wrong than
// the check allows, what is wrong breaks no rule of its frame, and nothing comes
// later than a largest frame and a silence allow. The columns of the table:
//
//	whole     frames that came through the line whole, of all that were sent
//	lost      of these, not found: a defect of the scanner
//	hidden    of these, not found because bytes that pass every rule of the
//	          description stood there by chance: what the check costs
//	wrong     readings that nobody sent
//	allowed   how many of these the check allows: expected (in brackets) and
//	          three sigma
//	equal     frames that were damaged, and mended by the bytes that follow
//	renamed   whole frames taken for another message: a bus on which the
//	          request before was damaged
//	recovery  from the last damaged byte to the next whole frame's acceptance:
//	          half of them, 99 %, the longest
//
// Frames without a check are benched too: their wrong readings show why they
// must have a range for every property.
//
// There are only tests here; nothing of it is in the program.
package noise
