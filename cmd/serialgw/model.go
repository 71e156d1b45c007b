package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"serialgw/internal/config"
	"serialgw/internal/frame"
	"serialgw/internal/report"
	"serialgw/internal/thingmodel"
)

const modelHelp = `model compares the boards of a configuration with the thing model of their
OneNET product. Nothing is connected to: the console's side is a file.

  serialgw model export model.json   what the console imports: all properties of all boards
  serialgw model check model.json    a file that the console exported: what it would refuse`

const modelExportHelp = `export writes the thing model that the boards need, as a file that the OneNET
console imports (the product's page, "设置物模型", "导入物模型"): identifiers, types, units,
ranges and the labels of enums, every property read-only.

  serialgw model export model.json
  serialgw model export --into exported.json model.json

An import may replace what the product has. --into takes a file that the console
has exported ("查看物模型", export), leaves in it all that agrees and all that no board
gives, adds what is missing, and corrects what would lose values.

A number without a range gets -9999999 to 9999999, which the console asks for; such
remarks are printed. No login and no port need be filled in yet.`

const modelCheckHelp = `check compares a file that the OneNET console has exported with the configuration
and prints each difference, with the code with which the platform would reply:

  lost      these values would be refused
  warning   they may be: what the platform does is not documented
  note      nothing is lost

Exit status: 0, 1 when values would be lost, 2 when a file cannot be used.`

func newModel(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "model",
		Short: "Write or check the product's thing model",
		Long:  modelHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newModelExport(std), newModelCheck(std))
	return cmd
}

func newModelExport(std streams) *cobra.Command {
	var path, into string
	cmd := &cobra.Command{
		Use:   "export [FILE|-]",
		Short: "Write the file that the console imports",
		Long:  modelExportHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			to := "-"
			if len(args) > 0 {
				to = args[0]
			}
			return exportModel(path, into, to, std)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVar(&into, "into", "", "`file` exported from the console, to be completed")
	return cmd
}

func exportModel(path, into, to string, std streams) error {
	model, err := modelOf(path, std)
	if err != nil {
		return err
	}
	var base *thingmodel.File
	if into != "" {
		if base, err = readModelFile(into); err != nil {
			return err
		}
	}
	text, err := model.Export(base)
	if err != nil {
		return err
	}
	for _, r := range model.Remarks(base) {
		_, _ = fmt.Fprintln(std.err, r)
	}
	if to == "-" {
		_, err := std.out.Write(text)
		return err
	}
	if err := writeNewFile(to, text); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(std.err, "%s written to %s\n", properties(len(model.Properties)), to)
	return nil
}

// writeNewFile writes a file that is not there yet.
func writeNewFile(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s exists already: name another file, or remove it", path)
	}
	if err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("cannot export: %w", err), os.Remove(path))
	}
	return nil
}

func newModelCheck(std streams) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Compare a file of the console with the configuration",
		Long:  modelCheckHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return checkModel(path, args[0], std)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func checkModel(path, name string, std streams) error {
	model, err := modelOf(path, std)
	if err != nil {
		return err
	}
	file, err := readModelFile(name)
	if err != nil {
		return err
	}
	differences := model.Compare(file, config.Nearest)
	bad := map[string]bool{} // identifiers that lose values
	for _, d := range differences {
		if _, err := fmt.Fprintln(std.out, differenceLine(d)); err != nil {
			return err
		}
		if d.Grade == thingmodel.Lost {
			bad[d.Identifier] = true
		}
	}
	given := properties(len(model.Properties))
	if len(bad) > 0 {
		return fmt.Errorf("%s: %d of the boards' %s would lose values", name, len(bad), given)
	}
	_, err = fmt.Fprintf(std.out, "%s: good for the boards' %s\n", name, given)
	return err
}

// differenceLine says a difference on one line.
func differenceLine(d thingmodel.Difference) string {
	line := string(d.Grade) + ": "
	if d.Identifier != "" {
		line += d.Identifier + ": "
	}
	line += d.Text
	if reply := d.Reply(); reply != "" {
		line += " (" + reply + ")"
	}
	if d.Cure != "" {
		line += "; " + d.Cure
	}
	return line
}

// modelOf returns what the boards of a configuration need. A login or a port
// that is not filled in yet does not matter.
func modelOf(path string, std streams) (*thingmodel.Model, error) {
	cfg, err := loadParts(path, std, func(key string) bool {
		return strings.HasPrefix(key, "frame") || strings.HasPrefix(key, "board") && !strings.HasSuffix(key, ".port")
	})
	if err != nil {
		return nil, err
	}
	planned, err := planBoards(cfg)
	if err != nil {
		return nil, err
	}
	boards := make([]thingmodel.Board, len(planned))
	for i, b := range planned {
		boards[i] = modelBoard(cfg.Boards[i], b.Plan)
	}
	model, err := thingmodel.Of(boards)
	if err != nil {
		return nil, usagef("%s: %w", path, err)
	}
	return model, nil
}

// modelBoard lists what a board publishes, after its report rules. A property
// that several messages give is there once for each: their types may differ.
func modelBoard(b config.Board, plan *frame.Plan) thingmodel.Board {
	out := thingmodel.Board{Name: b.Name}
	for _, p := range b.Publishes(plan) {
		out.Gives = append(out.Gives, thingmodel.Given{Message: p.Message, Info: p.PropertyInfo})
		for _, m := range plan.Messages() {
			for _, info := range m.Properties() {
				if info.Name != p.Of || m.Name == p.Message || p.Aggregate == report.Mean {
					continue
				}
				info.Name = p.Name
				out.Gives = append(out.Gives, thingmodel.Given{Message: m.Name, Info: info})
			}
		}
	}
	return out
}

func readModelFile(name string) (*thingmodel.File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usagef("cannot read the thing model: %w", err)
	}
	file, err := thingmodel.ParseFile(text)
	if err != nil {
		return nil, usagef("%s: %w", name, err)
	}
	return file, nil
}

func properties(n int) string {
	if n == 1 {
		return "1 property"
	}
	return fmt.Sprintf("%d properties", n)
}
