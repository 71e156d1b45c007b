package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"serialgw/internal/gateway"
	"serialgw/internal/queue"
	"serialgw/internal/reading"
)

const queueExportHelp = `export writes all records that wait into a file, or to standard output, and
changes nothing: a JSON line each, oldest first.

  {"seq":17,"board":"press","message":"env","time":"...","synced":true,"values":{"temp":21.5}}

A record that this program cannot read is printed as it is, in hex:

  {"seq":18,"error":"record of an unknown version: 2","record":"02..."}

It may be used while a gateway runs. Then it holds what waited at the beginning;
what the cloud confirms meanwhile may be in it or not.

Exit status: 0, or 1 when there are records that the disk does not give back.`

func newQueueExport(std streams) *cobra.Command {
	var o queueOptions
	cmd := &cobra.Command{
		Use:   "export [FILE|-]",
		Short: "Write what waits as JSON lines",
		Long:  queueExportHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "-" {
				return o.export(cmd.Context(), std.out, std)
			}
			return o.exportFile(cmd.Context(), args[0], std)
		},
	}
	o.flags(cmd)
	return cmd
}

// errUnreadable ends an export that is as complete as it can be.
var errUnreadable = errors.New("some records could not be read from the disk, and are missing")

// exportFile makes a new file. A part of an export is not left behind: all of
// it still waits.
func (o queueOptions) exportFile(ctx context.Context, path string, std streams) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s exists already: name another file, or remove it", path)
	}
	if err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	err = o.export(ctx, f, std)
	if ferr := errors.Join(f.Sync(), f.Close()); ferr != nil {
		err = errors.Join(err, fmt.Errorf("cannot export: %w", ferr))
	} else if err == nil || errors.Is(err, errUnreadable) {
		return err
	}
	return errors.Join(err, os.Remove(path))
}

// export writes what waits.
func (o queueOptions) export(ctx context.Context, out io.Writer, std streams) error {
	x := exporter{queueOptions: o, lines: newRecordLines(out)}
	if err := x.run(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(std.err, "%s exported\n", count(int(x.lines.count), "record"))
	if x.unread > 0 {
		return fmt.Errorf("%w: %s", errUnreadable, count(int(x.unread), "record"))
	}
	return nil
}

// exporter reads the queue's files itself, so that a slow reader and a long
// queue are no burden to the gateway. What is not in the files, because the disk
// refuses, it asks the gateway for.
type exporter struct {
	queueOptions
	lines  *recordLines
	before queueStatus // when it began
	asked  bool        // the gateway was asked for records
	unread uint64
}

func (x *exporter) run(ctx context.Context) error {
	var err error
	if x.before, err = x.look(ctx); err != nil {
		return err
	}
	for rec, err := range queue.Records(x.before.Dir, 0, x.before.NextSeq) {
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case err != nil:
		case rec.Lost > 0:
			err = x.lost(ctx, rec)
		default:
			err = x.lines.add(rec.Seq, rec.Data)
		}
		if err != nil {
			return fmt.Errorf("cannot export: %w", queueFiles{queue.Config{Dir: x.before.Dir}}.explain(err))
		}
	}
	if err := x.lines.flush(); err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	if x.asked {
		after, err := x.look(ctx)
		if err != nil {
			return err
		}
		x.unread += after.Damaged - min(x.before.Damaged, after.Damaged)
	}
	return nil
}

// lost deals with records that are not in the files.
func (x *exporter) lost(ctx context.Context, rec queue.Record) error {
	if !x.before.Running {
		x.unread += rec.Lost
		return nil
	}
	x.asked = true
	answered, err := x.ask(func(socket string) error {
		stream, err := gateway.Listen(ctx, socket, fmt.Sprintf("queue-read %d %d", rec.Seq, rec.Seq+rec.Lost))
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }()
		return x.lines.copy(bufio.NewReader(stream))
	})
	if err == nil && !answered {
		err = errors.New("the gateway has stopped meanwhile; export again")
	}
	return err
}

// recordLines writes records as JSON lines.
type recordLines struct {
	w      *bufio.Writer
	parser reading.Parser
	props  []reading.Property
	line   []byte
	count  uint64
}

func newRecordLines(w io.Writer) *recordLines {
	return &recordLines{w: bufio.NewWriterSize(w, printAhead)}
}

func (l *recordLines) flush() error { return l.w.Flush() }

func (l *recordLines) add(seq uint64, record []byte) error {
	b := strconv.AppendUint(append(l.line[:0], `{"seq":`...), seq, 10)
	r, err := l.parser.Parse(record, l.props)
	if err != nil {
		b = append(b, `,"error":`...)
		b = reading.AppendQuoted(b, err.Error())
		b = append(b, `,"record":"`...)
		b = append(hex.AppendEncode(b, record), '"')
	} else {
		l.props = r.Props
		b = appendHead(append(b, ','), &r)
		b = append(b, `"synced":`...)
		b = strconv.AppendBool(b, r.Stamp.Synced)
		b = append(b, `,"values":`...)
		b = (&jsonSink{}).appendValues(b, &r)
	}
	l.line = append(b, "}\n"...)
	l.count++
	_, err = l.w.Write(l.line)
	return err
}

// copy takes over the lines of another up to the end line.
func (l *recordLines) copy(from *bufio.Reader) error {
	for {
		line, err := from.ReadBytes('\n')
		switch {
		case err != nil:
			return fmt.Errorf("the gateway stopped in the middle of its records: %w; export again", err)
		case string(line) == queueEndLine:
			return nil
		}
		l.count++
		if _, err := l.w.Write(line); err != nil {
			return err
		}
	}
}
