// Package speed holds what spans rooms: benchmarks of the whole way, and the
// tests that hold the program to its allocations. Those cost the same on every
// machine, so a test may count them; time is for benchmarks only.
//
//	frames ──▶ scan ──▶ decode ──▶ payload                   allocates nothing
//	entries ─▶ Client.Post, Flush ─▶ sink ─▶ PUBACK          paho's own + 3 a post
//	bytes ───▶ gateway, queue, client ─▶ sink or simulator   BenchmarkLine
//	go test -bench . ./... ─▶ allocations ⇄ testdata/allocs.txt
//
// The last line is `make allocs`: it runs every benchmark of the project for a
// fixed number of operations and compares with the baseline, which `make
// allocs-update` writes. docs/performance.md says what the figures are and
// where they come from.
//
// There are only tests here; nothing of it is in the program.
package speed
