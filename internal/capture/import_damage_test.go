package capture

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// The malformed twins: each says where, what and the cure.
func TestImports_Damage(t *testing.T) {
	inUTC(t)
	const logic1, logic2 = logic1Head + "\n", logic2Head + "\n"
	for _, row := range []struct {
		name    string
		format  Format
		file    string
		packets int
		want    string
	}{
		{"SSCOMText", SSCOM, "[22:00:41.748]收←◆OK\n", 0, `line 1 of the recording: the log shows text, which does not tell the bytes: tick "HEX display" (HEX显示) in the program and record again`},
		{"SSCOMHalfAByte", SSCOM, "[22:00:41.748]收←◆55 A\n", 0, `line 1 of the recording: the log shows text, which does not tell the bytes: tick "HEX display" (HEX显示) in the program and record again`},
		{"UartAssistText", SSCOM, "[22:00:41.748]# RECV HEX>\n55\n[22:00:42.748]# RECV ASCII>\n55\n", 1, `line 4 of the recording: the log shows text, which does not tell the bytes: tick "HEX display" (HEX显示) in the program and record again`},
		{"SSCOMTwoClocks", SSCOM, "[22:00:41.748]收←◆55\n[2026-08-22 22:00:41.748]收←◆55\n", 1, "line 2 of the recording: a time with a date among times without one, or the reverse: these are two recordings, part them"},
		{"XXDEdited", XXD, "00000000: aa55 0102  .U..\n00000004: aa41  .B\n", 1, "line 2 of the recording: the text beside the bytes shows others: the dump was edited, or made with xxd -e or -b; use plain xxd"},
		{"XXDLittleEndian", XXD, "00000000: 020155aa 63626100  .U...abc\n", 0, "line 1 of the recording: the text beside the bytes shows others: the dump was edited, or made with xxd -e or -b; use plain xxd"},
		{"XXDGap", XXD, "00000000: aa55\n00000004: aa\n00000005: aa\n", 1, "line 2 of the recording: offset 4 where 2 was due: lines are missing, or the offsets are not hex (od: use od -Ax -tx1)"},
		{"XXDOther", XXD, "00000000: aa55\nhello\n", 1, `line 2 of the recording: "hello" is no line of xxd: dump the bytes again`},
		{"XXDStarAtEnd", XXD, "00000000: aa55\n*\n", 1, `end of the recording: recording ends inside a block: unexpected EOF: the line behind a "*" is missing`},
		{"HexdumpGap", Hexdump, "0000000 55aa\n0000010 55aa\n0000012\n", 0, "line 2 of the recording: offset 10 where 2 was due: lines are missing, or the offsets are not hex (od: use od -Ax -tx1)"},
		{"HexdumpCut", Hexdump, "0000000 55aa\n", 1, "end of the recording: recording ends inside a block: unexpected EOF: the last line, with the length, is missing"},
		{"HexdumpBomb", Hexdump, "0000000 0000\n*\nfffffffffffff\n", 0, `line 3 of the recording: a "*" that stands for the bytes from 2 to fffffffffffff cannot be undone: dump again with hexdump -v`},
		{"HexdumpCEdited", Hexdump, "00000000  aa 55  |.V|\n00000002\n", 0, `line 1 of the recording: "00000000  aa 55  |.V|" is no line of hexdump or hexdump -C, or its two columns differ: dump the bytes again`},
		{"Text2pcapGap", Text2pcap, "0000 aa 55\n0010 01\n", 0, "line 2 of the recording: offset 10 where 2 was due: lines are missing, or the offsets are not hex (od: use od -Ax -tx1)"},
		{"Text2pcapTime", Text2pcap, "I 25:00:00\n0000 aa\n", 0, `line 1 of the recording: "I 25:00:00": the time is none that text2pcap -t ISO, %H:%M:%S.%f or %s.%f reads`},
		{"Logic1Characters", Logic1, logic1 + "0.1,o,,\n", 0, `line 2 of the recording: "o" is not a byte in hex: set the analyser's display to Hexadecimal and export again`},
		{"Logic1Decimal", Logic1, logic1 + "0.1,85,,\n", 0, `line 2 of the recording: "85" is not a byte in hex: set the analyser's display to Hexadecimal and export again`},
		{"Logic1NineBits", Logic1, logic1 + "0.1,0x155,,\n", 0, `line 2 of the recording: "0x155" is not a byte in hex: set the analyser's display to Hexadecimal and export again`},
		{"Logic1Cut", Logic1, logic1 + "0.1,0x55,,\n0.2", 1, `line 3 of the recording: "0.2" has no value: the line is not whole; export again`},
		{"Logic1Time", Logic1, logic1 + "now,0x55,,\n", 0, `line 2 of the recording: "now" is not a time in seconds: export again`},
		{"Logic1Other", Logic1, "Time [s],Analyzer Name\n", 0, `line 1 of the recording: "Time [s],Analyzer Name" where "Time [s],Value,Parity Error,Framing Error" was due: export the serial analyser alone, as CSV`},
		{"Logic2Characters", Logic2, logic2 + "u,data,0.1,0.2,\\0\n", 0, `line 2 of the recording: "\\0" is not a byte in hex: set the analyser's display to Hexadecimal and export again`},
		{"Logic2Cut", Logic2, logic2 + "u,data,0.1\n", 0, `line 2 of the recording: "u,data,0.1" has no data: the line is not whole; export again`},
		{"Logic2Time", Logic2, logic2 + "u,data,x,0.1,0x01\n", 0, `line 2 of the recording: "x" is not a time in seconds or of ISO 8601: export again`},
		{"Logic2Other", Logic2, "Time,Data\n", 0, `line 1 of the recording: "Time,Data" where "name,type,start_time,duration,data" was due: export the data table of the serial analyser`},
		{"SocatText", Socat, "> 2026/08/22 10:42:33.000839008  length=3 from=0 to=2\nhi.\n--\n", 0, `line 2 of the recording: "hi." is not hex: let socat write its log with -x`},
		{"SocatShort", Socat, "> 2026/08/22 10:42:33.000839008  length=3 from=0 to=2\n aa\n< 2026/08/22 10:42:33.000839008  length=3 from=0 to=2\n", 1, "line 3 of the recording: 2 bytes of the block before are missing: the log is not whole"},
		{"SocatLong", Socat, "> 2026/08/22 10:42:33.000839008  length=1 from=0 to=2\n aa 55\n", 0, "line 2 of the recording: 1 bytes more than the block's length: the log is not whole"},
		{"SocatCut", Socat, "> 2026/08/22 10:42:33.000839008  length=3 from=0 to=2\n aa 55\n", 1, "end of the recording: 1 bytes of the last block are missing: recording ends inside a block: unexpected EOF"},
		{"TioText", Tio, "[10:42:33.123] 55\n[10:42:33.123] hello\n", 1, `line 2 of the recording: "hello" is not hex: log with tio --output-mode hex --timestamp`},
		{"TLogCut", TLog, tlogFile(2)[:30], 1, "recording ends inside a block: unexpected EOF"},
		{"LongLine", Tio, "[10:42:33.123] " + strings.Repeat("55", maxLine), 0, "cannot read line 1 of the recording: bufio.Scanner: token too long"},
	} {
		t.Run(row.name, func(t *testing.T) {
			src, _, err := DetectAs(strings.NewReader(row.file), row.format)
			if err != nil {
				t.Fatal(err)
			}
			packets, err := readAll(src)
			if err == nil || err.Error() != row.want || len(packets) != row.packets {
				t.Errorf("%d packets, want %d\ngot  %v\nwant %s", len(packets), row.packets, err, row.want)
			}
			if _, again := src.Next(); again == nil || errors.Is(again, io.EOF) != errors.Is(err, io.EOF) {
				t.Errorf("after the error: %v", again)
			}
		})
	}
}

func TestDetectAs_Unknown(t *testing.T) {
	_, _, err := DetectAs(strings.NewReader("x"), "sscom5")
	if want := `unknown format "sscom5": pcapng, tlog, putty, sscom, logic1, logic2, socat, xxd, hexdump, tio, text2pcap, hex, gpsd and raw exist`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Whatever a file holds, reading it ends, and gives no packet that is too long.
func FuzzImports(f *testing.F) {
	for _, row := range imports {
		f.Add([]byte(row.file), uint8(0))
		for i, format := range formats {
			if format.name == row.format {
				f.Add([]byte(row.file), uint8(i+1))
			}
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, as uint8) {
		format := Format("")
		if n := int(as) % (len(formats) + 1); n > 0 {
			format = formats[n-1].name
		}
		src, found, err := DetectAs(bytes.NewReader(file), format)
		if err != nil {
			if !errors.Is(err, errClassicPcap) {
				t.Fatal(err)
			}
			return
		}
		stars := bytes.Count(file, []byte("*"))
		total, place := 0, int64(0)
		for p, err := range Packets(src) {
			if err != nil {
				break
			}
			total += len(p.Bytes)
			if len(p.Bytes) == 0 && p.Comment == "" && found != PcapNG {
				t.Fatal("an empty packet")
			}
			at := src.(placed).place()
			if at < place || at > int64(len(file))+1 {
				t.Fatalf("at %d behind %d of %d bytes", at, place, len(file))
			}
			place = at
		}
		if total > len(file)+stars*maxRepeat {
			t.Fatalf("%d bytes out of %d", total, len(file))
		}
	})
}
