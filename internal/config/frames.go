package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"serialgw/internal/frame"
)

// ErrUnknownFrame says that a name is neither a [frame.NAME] of the file nor a
// preset.
var ErrUnknownFrame = errors.New("unknown frame")

// ParseFrames reads [frame.NAME] tables, the language of gateway.toml's frames
// and of the presets. Other tables are unknown keys.
func ParseFrames(source []byte, file string) (map[string]frame.Description, []Issue) {
	var frames struct {
		Frames map[string]frame.Description `toml:"frame"`
	}
	d := newDoc(file)
	d.bindSource(source, &frames)
	return frames.Frames, d.sorted()
}

// Presets returns every shipped frame description by name, each over the
// preset that it starts from.
func Presets() (map[string]frame.Description, error) {
	all, book := map[string]frame.Description{}, presetBook{}
	for _, name := range frame.PresetNames() {
		description, err := book.preset(name)
		if err != nil {
			return nil, err
		}
		all[name] = description
	}
	return all, nil
}

// presetBook holds the families read so far, as their files have them: by
// family, then by preset.
type presetBook map[string]map[string]frame.Description

// preset returns one shipped description, over the preset that it starts from.
func (b presetBook) preset(name string) (frame.Description, error) {
	family := frame.Family(name)
	if family == "" {
		return frame.Description{}, fmt.Errorf("%w %q", ErrUnknownFrame, name)
	}
	if b[family] == nil {
		source, _ := frame.FamilySource(family)
		frames, issues := ParseFrames(source, "presets of "+family)
		if Failed(issues) {
			return frame.Description{}, fmt.Errorf("cannot read the presets of %s: %w", family, issues[0])
		}
		b[family] = frames
	}
	description := b[family][name]
	if description.Preset == "" {
		return description, nil
	}
	base, err := b.preset(description.Preset)
	if err != nil {
		return frame.Description{}, err
	}
	return description.Over(base), nil
}

// overPreset puts the keys of d over the preset that it names, if any.
func overPreset(d frame.Description) (frame.Description, error) {
	if d.Preset == "" {
		return d, nil
	}
	base, err := presetBook{}.preset(d.Preset)
	if err != nil {
		return frame.Description{}, err
	}
	return d.Over(base), nil
}

// Description returns the frame that name stands for: the file's [frame.NAME],
// over the preset that it starts from, or else the preset of that name. The
// error is ErrUnknownFrame when there is neither.
func (c *Config) Description(name string) (frame.Description, error) {
	if own, ok := c.Frames[name]; ok {
		return overPreset(own)
	}
	return presetBook{}.preset(name)
}

// Plans returns the compiled frame of every board, by frame name. A frame that
// does not compile is absent; Load has raised it as an issue.
func (c *Config) Plans() map[string]*frame.Plan {
	plans := map[string]*frame.Plan{}
	for _, b := range c.Boards {
		if description, err := c.Description(b.Frame); err == nil && plans[b.Frame] == nil {
			if plan, errs := frame.Compile(b.Frame, description); len(errs) == 0 {
				plans[b.Frame] = plan
			}
		}
	}
	return plans
}

// FrameNames returns the frames of the file and the presets, sorted.
func (c *Config) FrameNames() []string {
	names := slices.AppendSeq(frame.PresetNames(), maps.Keys(c.Frames))
	slices.Sort(names)
	return slices.Compact(names)
}

// checkFrames compiles the frames of the file, used or not, and those that the
// boards name. It returns the ones that compiled.
func (d *doc) checkFrames(c *Config) map[string]*frame.Plan {
	plans := map[string]*frame.Plan{}
	for _, name := range slices.Sorted(maps.Keys(c.Frames)) {
		path := joinPath("frame", name)
		if d.brokenBelow(path) {
			continue
		}
		if base := c.Frames[name].Preset; base != "" && !slices.Contains(frame.PresetNames(), base) {
			d.fail(path+".preset", shown(base), "a preset that serialgw ships", nearestFrame(base, frame.PresetNames()))
			continue
		}
		d.compile(c, name, func(key string) string { return path + "." + key }, plans)
	}
	for i, b := range c.Boards {
		_, own := c.Frames[b.Frame]
		at := indexPath("board", i) + ".frame"
		if own || plans[b.Frame] != nil || d.isBroken(at) {
			continue
		}
		if names := c.FrameNames(); !slices.Contains(names, b.Frame) {
			d.fail(at, shown(b.Frame), "a [frame.NAME] of this file or a preset", nearestFrame(b.Frame, names))
			continue
		}
		d.compile(c, b.Frame, func(string) string { return at }, plans)
	}
	return plans
}

func nearestFrame(name string, names []string) string {
	if near := NearestFrame(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return `"serialgw frame list" lists the presets`
}

// compile turns the frame's own errors into issues; path gives the place of
// an error's key.
func (d *doc) compile(c *Config, name string, path func(key string) string, plans map[string]*frame.Plan) {
	description, err := c.Description(name)
	if err != nil {
		d.fail(path("preset"), err.Error(), "", "")
		return
	}
	plan, errs := frame.Compile(name, description)
	for _, e := range errs {
		d.fail(path(e.Key), e.Found, e.Want, e.Cure)
	}
	if len(errs) == 0 {
		plans[name] = plan
	}
}
