package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"serialgw/internal/queue"
)

// asideSuffix ends the name of a file of the queue that could not be read. An
// Open sets it aside; until then it has the name of a segment.
const asideSuffix = ".bad"

// tellRecovery says what was found when the queue was opened, and at warn what a
// person should know of it.
func (n *node) tellRecovery() {
	r := n.queue.Recovery()
	n.log.Info().Str("recovery", recoveryText(r, n.queue.Stats().NextSeq)).Str("dir", n.dir).Msg("queue open")
	if !r.Damaged() && r.Torn == 0 {
		return
	}
	n.log.Warn().Uint64("records", r.Records).Int("segments", r.Segments).Uint64("lost", r.Lost).Uint64("torn", r.Torn).
		Int64("damaged_bytes", r.DamagedBytes).Strs("set_aside", r.SetAside).Msg(damageText(n.dir, r))
}

// recoveryText says how the queue was found. The numbers jump only after
// anything but a clean end.
func recoveryText(r queue.Recovery, next uint64) string {
	switch text := r.String(); {
	case r.Clean || next <= 1: // or a new queue
		return text
	case len(r.SetAside) > 0:
		return fmt.Sprintf("%s; numbers go on at %d", text, next)
	default:
		return fmt.Sprintf("%s; the last run did not end in order: numbers go on at %d", text, next)
	}
}

// damageText says what happened to the queue, and what to do.
func damageText(dir string, r queue.Recovery) string {
	var parts []string
	if len(r.SetAside) > 0 {
		parts = append(parts, asideText(dir, r.SetAside))
	}
	if r.Lost > 0 {
		parts = append(parts, count(r.Lost, "synced record")+" lost to damage: check the disk or card")
	}
	if r.Torn > 0 {
		parts = append(parts, count(r.Torn, "record")+" lost: not whole, and not yet synced when the last run ended")
	}
	if r.DamagedBytes > 0 {
		parts = append(parts, count(r.DamagedBytes, "damaged byte")+" skipped")
	}
	if r.ReadErrors > 0 {
		parts = append(parts, count(r.ReadErrors, "read error")+": check the disk or card")
	}
	return strings.Join(parts, "; ")
}

func asideText(dir string, names []string) string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(dir, "queue", name)
	}
	if len(paths) == 1 {
		return fmt.Sprintf("a file of the queue could not be read and was set aside as %s; its readings are not sent; keep it for a report, or delete it", paths[0])
	}
	return fmt.Sprintf("%d files of the queue could not be read and were set aside as %s; their readings are not sent; keep them for a report, or delete them",
		len(paths), strings.Join(paths, " "))
}

// setAside returns the files of the queue that are set aside; they may be
// deleted at any time.
func (n *node) setAside() []string {
	files, _ := os.ReadDir(filepath.Join(n.dir, "queue")) // a queue in memory has none
	names := []string{}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".seg"+asideSuffix) {
			names = append(names, f.Name())
		}
	}
	return names
}

// asideRows prints what a person may want to do about such files.
func asideRows(row func(name, format string, args ...any), names []string) {
	for _, name := range names {
		if strings.HasSuffix(name, asideSuffix) {
			row("set aside", "%s could not be read: keep it for a report, or delete it", name)
		} else {
			row("damaged", "%s cannot be read: the next start sets it aside", name)
		}
	}
}
