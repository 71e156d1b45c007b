package cloud

import (
	"testing"
	"time"
)

// TestBackoff_ShortLives [ONENET-20]: only connections that achieved nothing
// make us suspect a twin.
func TestBackoff_ShortLives(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  ending
		want bool // suspicious after three of them
	}{
		{"short and idle", ending{kind: endDropped, life: 2 * time.Second}, true},
		{"short, as far as the platform's pace lets a twin get", ending{kind: endDropped, life: 9 * time.Second, confirmed: soundPosts - 1}, true},
		{"short and busy", ending{kind: endDropped, life: 2 * time.Second, confirmed: soundPosts}, false},
		{"long and idle", ending{kind: endDropped, life: soundLife}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b backoff
			var wait time.Duration
			for range suspectAfter {
				wait, _ = b.after(tt.end)
			}
			if got := b.suspicious(); got != tt.want {
				t.Errorf("suspicious: got %v, want %v", got, tt.want)
			}
			if tt.want != (wait >= suspectWait) {
				t.Errorf("wait: got %v", wait)
			}
		})
	}
}
