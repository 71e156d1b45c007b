package noise

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table prints one line a row; doc.go explains the columns.
func table(rows []row) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "frame\tlevel\tsent\twhole\tlost\t%\thidden\twrong\tallowed\tequal\trenamed\tbytes 50 %\t99 %\tmost\tms 50 %\t99 %\tmost\t")
	for i := range rows {
		r := &rows[i]
		t := &r.tally
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%.3f\t%d\t%d\t%s\t%d\t%d\t", r.frame, r.level.name, t.sent, t.whole,
			t.lost, 100*float64(t.lost)/float64(max(t.whole, 1)), t.hidden, t.wrong, allowed(t.odds), t.equal, t.renamed)
		for _, share := range []float64{0.5, 0.99, 1} {
			_, _ = fmt.Fprintf(w, "%d\t", quantile(t.bytes, share))
		}
		for _, share := range []float64{0.5, 0.99, 1} {
			_, _ = fmt.Fprintf(w, "%.1f\t", float64(quantile(t.times, share))/float64(time.Millisecond))
		}
		_, _ = fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err.Error()
	}
	return out.String()
}

// allowed shows how many false readings a row may have, and how many the odds
// expect.
func allowed(odds float64) string {
	if math.IsNaN(odds) {
		return "no check"
	}
	return fmt.Sprintf("%d (%.2f)", mostBy(odds), odds)
}

// quantile returns the value that this share of the others does not exceed.
func quantile[T cmp.Ordered](all []T, share float64) T {
	if len(all) == 0 {
		var none T
		return none
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
