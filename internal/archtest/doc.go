// Package archtest holds one test: the table of rooms in docs/architecture.md,
// enforced from what the packages really import.
//
//	docs/architecture.md ──▶ allowed ──┐
//	go list ./...        ──▶ imports ──┴─▶ the same, or the test names both
package archtest
