package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"serialgw/internal/codegen"
	"serialgw/internal/config"
	"serialgw/internal/frame"
)

const frameHelp = `frame writes a frame's description in other forms, so that the board, the
gateway and Wireshark have it from one place.

NAME is a preset, or with --config a [frame.NAME] of a configuration.

  serialgw frame list                         which frames are known by name
  serialgw frame list tfmini                  those with that word
  serialgw frame show jy901                   a datasheet, in Markdown
  serialgw frame expand jy901                 the description with everything said
  serialgw frame c -c gateway.toml car        a C header for the board
  serialgw frame python openmv                a sender for MicroPython
  serialgw frame lua modbus > modbus.lua      a dissector for Wireshark`

func newFrame(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "frame",
		Short: "A frame's description as datasheet, C header, Python or Wireshark dissector",
		Long:  frameHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFrameList(std))
	for _, g := range []struct{ verb, short, long string }{
		{"show", "A datasheet of the frame, in Markdown", showHelp},
		{"expand", "The description with every default said", expandHelp},
		{"c", "A C99 header that makes the frames on the board", cHelp},
		{"python", "A sender for MicroPython", pythonHelp},
		{"lua", "A Wireshark dissector", luaHelp},
	} {
		cmd.AddCommand(newFrameVerb(std, g.verb, g.short, g.long))
	}
	return cmd
}

const (
	showHelp = `show prints a datasheet: how the frame stands on the line, every field with its
offset, type, unit and range, and an example, worked out.`
	expandHelp = `expand prints the description with everything said that it leaves to defaults:
each message, the type and place of each field, what each check covers. It finds
and decodes the same frames; a configuration takes it as it is.`
	cHelp = `c prints a C99 header for the board: a struct and an encode function for each
message, and a send function that takes yours for writing bytes. It needs no
library and works on any byte order. Values are raw: what stands on the line,
before scale and offset. An id that the description does not say is an argument
of its own. The head of the file has an example.`
	pythonHelp = `python prints a sender for MicroPython, which CPython runs as well: one function a
message, which returns the bytes of its frame. Values are raw: what stands on the
line, before scale and offset. The head of the file has an example.`
	luaHelp = `lua prints a dissector for Wireshark and tshark, for packets that hold one frame
each, of the link type USER0. Try it:

  serialgw frame lua jy901 > jy901.lua
  tshark -X lua_script:jy901.lua -r frames.pcapng -V

As root, Wireshark runs no scripts.`
)

// generators write a description in the form of a verb.
var generators = map[string]func(string, frame.Description) (string, error){ //nolint:gochecknoglobals // a table that is only read
	"show": codegen.Markdown, "c": codegen.C, "python": codegen.Python, "lua": codegen.Lua,
	"expand": func(name string, d frame.Description) (string, error) {
		expanded, errs := frame.Expand(name, d)
		if len(errs) > 0 {
			return "", errs
		}
		return codegen.TOML(name, expanded), nil
	},
}

func newFrameVerb(std streams, verb, short, long string) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   verb + " NAME",
		Short: short,
		Long:  long,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := namedDescription(args[0], path, std)
			if err != nil {
				return err
			}
			text, err := generators[verb](args[0], d)
			if err != nil {
				return usagef("frame %s: %w", args[0], err)
			}
			_, err = io.WriteString(std.out, text)
			return err
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "configuration `file` that describes the frame")
	return cmd
}

// namedDescription finds a preset, or with a path a frame of that
// configuration.
func namedDescription(name, path string, std streams) (frame.Description, error) {
	cfg := &config.Config{}
	if path != "" {
		var err error
		// A login or a port that is not filled in yet does not matter.
		cfg, err = loadParts(path, std, func(key string) bool { return strings.HasPrefix(key, "frame") })
		if err != nil {
			return frame.Description{}, err
		}
	} else if !slices.Contains(frame.PresetNames(), name) {
		own, _, err := config.Load(defaultConfig, os.Getenv)
		if err == nil && slices.Contains(own.FrameNames(), name) {
			return frame.Description{}, usagef("%s is a frame of %s, not a preset: give --config %s", name, defaultConfig, defaultConfig)
		}
	}
	d, err := cfg.Description(name)
	if err != nil {
		return frame.Description{}, unknownFrame(cfg, name, path, err)
	}
	return d, nil
}

// listedFrame is one line of frame list.
type listedFrame struct {
	Name   string `json:"name"`
	Family string `json:"family,omitempty"` // "": of the configuration
	Title  string `json:"title,omitempty"`
	Likely string `json:"likely,omitempty"`
	Source string `json:"source,omitempty"`
}

// has reports whether the word stands in what is said of the frame.
func (f listedFrame) has(word string) bool {
	return strings.Contains(strings.ToLower(f.Name+"\n"+f.Family+"\n"+f.Title), strings.ToLower(word))
}

func newFrameList(std streams) *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [WORD]",
		Short: "The frames that are known by name, family by family; those with WORD in it",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := listFrames(path, std)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				all = slices.DeleteFunc(all, func(f listedFrame) bool { return !f.has(args[0]) })
				if len(all) == 0 {
					return fmt.Errorf("no frame has %q in its name, family or title; \"serialgw frame list\" lists all", args[0])
				}
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(all)
			}
			return writeFrames(std.out, all)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "configuration `file` whose frames are listed as well")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

// listFrames returns the frames of the configuration, then the presets by
// family and name.
func listFrames(path string, std streams) ([]listedFrame, error) {
	var out []listedFrame
	if path != "" {
		cfg, err := loadParts(path, std, func(key string) bool { return strings.HasPrefix(key, "frame") })
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(cfg.Frames)) {
			d, err := cfg.Description(name)
			if err != nil {
				return nil, usagef("frame %s: %w", name, err)
			}
			out = append(out, listedFrame{name, "", d.Title, d.Likely, d.Source})
		}
	}
	presets, err := config.Presets()
	if err != nil {
		return nil, err
	}
	names := slices.SortedFunc(maps.Keys(presets), func(a, b string) int {
		return strings.Compare(frame.Family(a)+"\x00"+a, frame.Family(b)+"\x00"+b)
	})
	for _, name := range names {
		d := presets[name]
		out = append(out, listedFrame{name, frame.Family(name), d.Title, d.Likely, d.Source})
	}
	return out, nil
}

// writeFrames prints one frame a line; a family is named once.
func writeFrames(w io.Writer, all []listedFrame) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	family := ""
	_, _ = fmt.Fprintln(t, "family\tframe\twhat it is") // errors come from Flush
	for _, f := range all {
		shown := f.Family
		if shown == "" {
			shown = "(yours)"
		}
		if shown == family {
			shown = ""
		} else {
			family = shown
		}
		title := f.Title
		if f.Likely != "" {
			title += " (partly only likely: see frame show)"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", shown, f.Name, title)
	}
	return t.Flush()
}
