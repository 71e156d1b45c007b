package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dropOld makes room in the row for the file that is about to begin. One that
// cannot be removed is tried again with the next.
func (r *Recorder) dropOld() {
	if !r.cfg.ring() {
		return
	}
	row, err := listRow(r.cfg.Path)
	if err != nil {
		return
	}
	for _, name := range r.cfg.surplus(row) {
		_ = os.Remove(name)
	}
}

// surplus returns those files of a row, oldest first, that do not stay when
// another begins.
func (c RecorderConfig) surplus(row []string) (names []string) {
	var total int64 // bytes of what stays
	for i, name := range slices.Backward(row) {
		info, err := os.Lstat(name)
		if err != nil {
			continue
		}
		total += info.Size()
		if newest := len(row) - i; newest >= c.Keep && !c.spared(c.now().Sub(info.ModTime()), total) {
			total -= info.Size()
			names = append(names, name)
		}
	}
	slices.Reverse(names)
	return names
}

// spared reports whether a file stays although there are Keep newer ones. Those
// that stay hold total bytes with it. An age below 0 is a clock that was set
// back, and says nothing.
func (c RecorderConfig) spared(age time.Duration, total int64) bool {
	young := c.MaxAge > 0 && age >= 0 && age/c.MaxAge < time.Duration(c.Keep)
	small := c.MaxBytes == 0 || total/c.MaxBytes < int64(c.Keep-1) // one more is about to begin
	return young && small
}

// dropOldest removes the oldest file of the row that is not the present one,
// and returns its size; false when none went.
func (r *Recorder) dropOldest(present string) (size int64, ok bool) {
	if !r.cfg.ring() {
		return 0, false
	}
	row, err := listRow(r.cfg.Path)
	if err != nil || len(row) == 0 || row[0] == present {
		return 0, false
	}
	info, err := os.Lstat(row[0])
	if err != nil || os.Remove(row[0]) != nil {
		return 0, false
	}
	return info.Size(), true
}

// rowName is the path of a file of a row: night-0001.pcapng.
func rowName(path string, number int) string {
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%04d%s", strings.TrimSuffix(path, ext), number, ext)
}

// rowNumber returns a file's number; 0 when it is not one of the row.
func rowNumber(path, name string) int {
	ext := filepath.Ext(path)
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), strings.TrimSuffix(path, ext)+"-")
	if !ok || !strings.HasSuffix(name, ext) || len(digits) < 4 {
		return 0
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// listRow lists the files of a row, oldest first.
func listRow(path string) ([]string, error) {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot make the recording: %w", err)
	}
	var row []string
	for _, e := range entries {
		if name := filepath.Join(dir, e.Name()); rowNumber(path, name) > 0 {
			row = append(row, name)
		}
	}
	slices.SortFunc(row, func(a, b string) int {
		return rowNumber(path, a) - rowNumber(path, b)
	})
	return row, nil
}
