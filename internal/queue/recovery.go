package queue

import (
	"fmt"
	"strings"
)

// Recovery is what Open found. Its String is meant for the log.
type Recovery struct {
	Segments int    // files in use
	Records  uint64 // waiting to be sent
	// Lost counts records that had been synced and are not readable. Damage in
	// older segments shows only when they are read: Stats.DamagedRecords.
	Lost uint64
	// Torn counts records of which a part was found, or a later one, but which
	// no sync had covered: a crash may take them.
	Torn         uint64
	TornBytes    int64    // behind the last whole frame; overwritten
	DamagedBytes int64    // between whole frames; skipped
	ReadErrors   uint64   // blocks or files the disk would not give
	SetAside     []string // files renamed because their header was damaged
	Removed      []string // files that were never begun
	Clean        bool     // the last process had closed the queue
}

// Damaged reports whether a person should know.
func (r Recovery) Damaged() bool {
	return r.Lost > 0 || r.DamagedBytes > 0 || r.ReadErrors > 0 || len(r.SetAside) > 0
}

// String says what was found, for a log.
func (r Recovery) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s", plural(r.Records, "record"), plural(uint64(r.Segments), "segment"))
	for _, part := range []struct {
		n          uint64
		noun, text string
	}{
		{r.Lost, "synced record", " lost to damage"},
		{r.Torn, "record", " not whole, and not yet synced when the last run ended"},
		{uint64(r.TornBytes), "torn byte", " at the end"},
		{uint64(r.DamagedBytes), "damaged byte", " skipped"},
		{r.ReadErrors, "read error", ""},
	} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %s%s", plural(part.n, part.noun), part.text)
		}
	}
	if len(r.SetAside) > 0 {
		fmt.Fprintf(&b, ", set aside: %s", strings.Join(r.SetAside, " "))
	}
	return b.String()
}

// plural writes a number with its noun.
func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
