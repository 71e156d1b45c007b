package clock

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"serialgw/internal/reading"
)

// bootsMost is how many boots' anchors are kept.
const bootsMost = 16

// anchors are those of the last boots, oldest first.
type anchors []anchorOf

type anchorOf struct {
	boot   reading.BootID
	offset int64 // wall minus boot time, ns
}

func (a anchors) of(boot reading.BootID) (offset int64, ok bool) {
	for _, one := range a {
		if one.boot == boot {
			return one.offset, true
		}
	}
	return 0, false
}

// put notes an anchor, and reports whether it is new or has moved: that is by a
// step, so that what is kept on a flash is seldom written. No boot id is no boot.
func (a *anchors) put(boot reading.BootID, offset int64) bool {
	if boot == (reading.BootID{}) {
		return false
	}
	if old, ok := a.of(boot); ok && apart(old, offset) <= stepLeast {
		return false
	}
	list := slices.DeleteFunc(*a, func(one anchorOf) bool { return one.boot == boot })
	list = append(list, anchorOf{boot, offset})
	*a = list[max(0, len(list)-bootsMost):]
	return true
}

// file is what anchors are kept as. The sum covers the boots as JSON: a flipped
// digit would be a false time.
//
//	{"boots":[{"boot_id":"8f1e...","offset_ns":1767225590123456789}],"crc32c":305419896}
type file struct {
	Boots []fileBoot `json:"boots"`
	Sum   uint32     `json:"crc32c"`
}

type fileBoot struct {
	Boot   string `json:"boot_id"`
	Offset int64  `json:"offset_ns"`
}

func sum(boots []fileBoot) (uint32, error) {
	text, err := json.Marshal(boots)
	if err != nil {
		return 0, fmt.Errorf("cannot write the clock's anchors: %w", err)
	}
	return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)), nil
}

func (a anchors) text() ([]byte, error) {
	f := file{Boots: make([]fileBoot, 0, len(a))}
	for _, one := range a {
		f.Boots = append(f.Boots, fileBoot{hex.EncodeToString(one.boot[:]), one.offset})
	}
	var err error
	if f.Sum, err = sum(f.Boots); err != nil {
		return nil, err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("cannot write the clock's anchors: %w", err)
	}
	return append(text, '\n'), nil
}

func parseAnchors(text []byte) (anchors, error) {
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("the clock's anchors are damaged: %w", err)
	}
	if want, err := sum(f.Boots); err != nil || want != f.Sum {
		return nil, errors.New("the clock's anchors are damaged: their sum is wrong")
	}
	var a anchors
	for _, b := range f.Boots {
		id, err := hex.DecodeString(b.Boot)
		if err != nil || len(id) != len(reading.BootID{}) {
			return nil, fmt.Errorf("the clock's anchors are damaged: boot id %q", b.Boot)
		}
		a = append(a, anchorOf{reading.BootID(id), b.Offset})
	}
	return a[max(0, len(a)-bootsMost):], nil
}

// Restore takes over what Save has returned in earlier runs, so that readings
// of an earlier boot get their true time. An error says that it is damaged; the
// clock goes on without. Call it before anything else.
func (c *Clock) Restore(text []byte) error {
	a, err := parseAnchors(text)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved = a
	if offset, ok := a.of(c.bootID); ok {
		c.anchor, c.state.Anchored = offset, true
	}
	return nil
}

// Save returns what is to be kept for later boots; nil when that has not changed
// since the last call.
func (c *Clock) Save() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.unsaved {
		return nil, nil
	}
	c.unsaved = false
	return c.saved.text()
}
