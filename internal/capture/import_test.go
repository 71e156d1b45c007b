package capture

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// imports are files of every format beside what they hold. Those of programs
// that this machine has were made by them from the 18 bytes of dumped; the
// others are written after published logs of theirs. Times are nanoseconds
// since elapsedZero where there is no date, and as parsed in UTC where there is.
var imports = []struct {
	name   string
	format Format
	timing Timing
	file   string
	want   string // lines of direction, time and bytes
	notes  string
}{
	{"SSCOM", SSCOM, Elapsed, "[22:00:41.748]收←◆55 AA 01 10 \r\n[22:00:41.810]发→◇01 03 00 \r\n□\r\n[22:00:41.863]收←◆55 AB \r\n",
		"in 22:00:41.748 55AA0110\nout 22:00:41.81 010300\nin 22:00:41.863 55AB\n", ""},
	{"SSCOMinGBK", SSCOM, Elapsed, "[23:59:59.990]\xCA\xD5\xA1\xFB\xA1\xF455 AA\n[00:00:00.010]\xB7\xA2\xA1\xFA\xA1\xF301\xA1\xF5\n[00:00:00.020]\xCA\xD5\xA1\xFB\xA1\xF402",
		"in 23:59:59.99 55AA\nout 24:00:00.01 01\nin 24:00:00.02 02\n", ""},
	{"SSCOMEnglish", SSCOM, Elapsed, bom + "[22:00:41.748]IN←◆55\n[22:00:41.700]OUT→◇ATI\n□\n[22:00:41.800]IN←◆AA\n",
		"in 22:00:41.748 55\nin 22:00:41.8 AA\n", "1 lines of text that was sent were left out"},
	{"UartAssist", SSCOM, Dated, "[2026-08-23 15:14:10.873]# SEND HEX>\n00 01 \n\n[2026-08-23 15:14:10.888]# RECV HEX>\n03 04 \n05\n[2026-08-23 15:14:11.000]# SEND ASCII>\nAB\n",
		"out 2026-08-23 15:14:10.873 0001\nin 2026-08-23 15:14:10.888 0304\nin 2026-08-23 15:14:10.888 05\n", "1 lines of text that was sent were left out"},
	// xxd b.bin; xxd -g1 -u -c 10 b.bin; xxd -a of 64 zeros and a byte
	{"XXD", XXD, Untimed, "00000000: aa55 0102 0061 6263 0d0a ff10 1112 1314  .U...abc........\n00000010: 1516                                     ..\n",
		"in - AA550102006162630D0AFF1011121314\n1516\n", ""},
	{"XXDBytes", XXD, Untimed, "00000000: AA 55 01 02 00 61 62 63 0D 0A  .U...abc..\n0000000a: FF 10 11 12 13 14 15 16        ........\n",
		"in - AA550102006162630D0A\nFF10111213141516\n", ""},
	{"XXDAutoskip", XXD, Untimed, "00000000: 0000 0000 0000 0000 0000 0000 0000 0000  ................\n*\n00000030: 41                                       A\n",
		"in - " + strings.Repeat("00", 16) + "\n" + strings.Repeat("00", 32) + "41\n", ""},
	{"PyPMS", XXD, Untimed, "00000000: 42 4d 00 1c  BM..\n00000004: 20 20 00 08    ..\n", "in - 424D001C\n20200008\n", ""},
	{"XXDMiscounted", XXD, Untimed, "00000000: 7e 7d 33  ~3..\n00000002: 7e 01  ~.\n", "in - 7E7D33\n7E01\n", "1 lines are not at the offset that they say; their bytes are taken as they stand"},
	// hexdump b.bin; hexdump of 3 bytes; hexdump of 64 zeros; hexdump -C b.bin
	{"Hexdump", Hexdump, Untimed, "0000000 55aa 0201 6100 6362 0a0d 10ff 1211 1413\n0000010 1615                                   \n0000012\n",
		"in - AA550102006162630D0AFF1011121314\n1516\n", ""},
	{"HexdumpOdd", Hexdump, Untimed, "0000000 55aa 0001                              \n0000003\n", "in - AA5501\n", ""},
	{"HexdumpStar", Hexdump, Untimed, "0000000 0000 0000 0000 0000 0000 0000 0000 0000\n*\n0000040\n", "in - " + strings.Repeat("00", 64) + "\n", ""},
	{"HexdumpC", Hexdump, Untimed, "00000000  aa 55 01 02 00 61 62 63  0d 0a ff 10 11 12 13 14  |.U...abc........|\n00000010  15 7c                                             |.||\n00000012\n",
		"in - AA550102006162630D0AFF1011121314\n157C\n", ""},
	// od -Ax -tx1 -v b.bin; tshark -x; the second as text2pcap -D -t ISO takes it
	{"Od", Text2pcap, Untimed, "000000 aa 55 01 02 00 61 62 63 0d 0a ff 10 11 12 13 14\n000010 15 16\n000012\n", "in - AA550102006162630D0AFF10111213141516\n", ""},
	{"TsharkX", Text2pcap, Untimed, "0000  aa 55 01 02 00 61 62 63 0d 0a ff 10 11 12 13 14   .U...abc........\n0010  15 16                                             ..\n\n0000  41 42   AB\n\n",
		"in - AA550102006162630D0AFF10111213141516\nin - 4142\n", ""},
	{"Text2pcap", Text2pcap, Dated, "#TEXT2PCAP\nI 2026-08-22T10:42:33.123456789Z\n000000 aa 55\n000002\nO 2026-08-22T18:42:33.2+08:00\n0000 01\nnothing\n",
		"in 2026-08-22 10:42:33.123456789 AA55\nout 2026-08-22 10:42:33.2 01\n", "1 lines that are neither bytes nor a time were left out"},
	{"Text2pcapClock", Text2pcap, Elapsed, "I 06:48:47.728605\n0000 aa 55\nO 06:48:47.8\n0000 01\n", "in 06:48:47.728605 AA55\nout 06:48:47.8 01\n", ""},
	{"Text2pcapUnix", Text2pcap, Dated, "1787395353.000000001\n0000 aa 55\n", "in 2026-08-22 10:42:33.000000001 AA55\n", ""},
	{"Text2pcapTextLikeHex", Text2pcap, Untimed, "I\n0000 61 62 20 ab\n0003 63\n", "in - 61622063\n", ""},
	{"Logic1", Logic1, Elapsed, "Time [s],Value,Parity Error,Framing Error\r\n0.042909760000000,0x00,,Error\r\n0.042980320000000,0xD4,,\r\n",
		"in 00:00:00.04290976 00\nin 00:00:00.04298032 D4\n", "1 bytes have a parity or framing error; they are kept"},
	{"Logic1BeforeTheTrigger", Logic1, Elapsed, "Time [s],Value,Parity Error,Framing Error\n-0.5,0b01010101,,\n", "in -00:00:00.5 55\n", ""},
	{"Logic2", Logic2, Elapsed, "name,type,start_time,duration,data,ack,error\n\"Async Serial\",\"data\",0.001,8.6e-05,0xAA,,\n\"I2C\",\"start\",0.0015,0.000000002,,,\n\"Async, [1]\",\"data\",0.002,0.000086,\"0x55\",,\"framing\"\n",
		"in Async Serial 00:00:00.001086 AA\nin Async, [1] 00:00:00.002086 55\n", "1 lines that hold no byte of a serial line were left out; 1 bytes have a parity or framing error; they are kept"},
	{"Logic2ISO", Logic2, Dated, "name,type,start_time,duration,data\nuart,data,2026-08-22T10:42:33.123456789+00:00,0.000000001,0x55\n", "in uart 2026-08-22 10:42:33.12345679 55\n", ""},
	// socat -x -v, socat -x of version 1.7.4, whose .000839008 is .839008
	{"SocatXV", Socat, Dated, "> 2026/08/22 10:42:33.000839008  length=12 from=0 to=11\n aa 55 01 02 00 61 62 63 0d 0a                    .U...abc..\n ff 10                                            ..\n--\n< 2026/08/22 10:42:34.000164396  length=1 from=0 to=0\n 20                                                \n--\n",
		"in 2026-08-22 10:42:33.839008 AA550102006162630D0A\nin 2026-08-22 10:42:33.839008 FF10\nout 2026-08-22 10:42:34.164396 20\n", ""},
	{"SocatX", Socat, Dated, "2026/08/22 10:42:30 socat[12] N opening\n> 2026/08/22 10:42:33.123456789  length=2 from=0 to=1\n aa 55\n",
		"in 2026-08-22 10:42:33.123456789 AA55\n", "1 lines that socat said itself were left out"},
	{"Tio", Tio, Elapsed, "[10:42:33.123] Connected to /dev/ttyUSB0\r\n[10:42:33.500] 55 aa \n01\n", "in 10:42:33.5 55AA\nin 10:42:33.5 01\n", "1 lines that tio said itself were left out"},
	{"TioISO", Tio, Dated, "[2026-08-22T10:42:33.123] 55 aa \n", "in 2026-08-22 10:42:33.123 55AA\n", ""},
	{"TLog", TLog, Dated, tlogFile(3), tlogWant(3), ""},
	{"TLogJunk", TLog, Dated, tlogFile(3) + "\xFE\x00junk" + tlogFile(2), tlogWant(3) + tlogWant(2), "6 bytes that are no record of a tlog were left out"},
	{"GPSD", GPSD, Untimed, "# Name: NEO-M8U\n#\n# Date: 2026-08-22\n\xB5\x62\x01# no comment\n", "in - B562012320" + "6E6F20636F6D6D656E740A\n", ""},
	{"PuTTY", PuTTY, Untimed, puttyHead + "2026.08.22 10:42:33 =~=~=\r\n\xAA\x55" + puttyHead + "2026.08.22 =~\r\n=~=~\x01", "in - AA55\n3D7E3D7E01\n", ""},
}

// tlogFile is so many records: MAVLink 1, 2 and 2 with a signature in turn.
func tlogFile(n int) string {
	var b bytes.Buffer
	for i := range n {
		_, _ = fmt.Fprintf(&b, "\x00\x06\x50\x00\x00\x00\x00%c%s", i, tlogFrames[i%3])
	}
	return b.String()
}

var tlogFrames = []string{
	"\xFE\x01\x00\x01\x01\x00\x55\xCC\xCC",
	"\xFD\x01\x00\x00\x00\x01\x01\x00\x00\x00\x55\xCC\xCC",
	"\xFD\x01\x01\x00\x00\x01\x01\x00\x00\x00\x55\xCC\xCC" + "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D",
}

func tlogWant(n int) string {
	var b strings.Builder
	for i := range n {
		at := time.UnixMicro(0x0006500000000000 + int64(i))
		_, _ = fmt.Fprintf(&b, "in %s %X\n", at.UTC().Format("2006-01-02 15:04:05.999999999"), tlogFrames[i%3])
	}
	return b.String()
}

// shown writes packets as the table has them; those without a time that follow
// one another stand below one another.
func shown(packets []Packet, timing Timing) string {
	var b strings.Builder
	for i, p := range packets {
		if p.Time == 0 && i > 0 && timing == Untimed && packets[i-1].Direction == p.Direction && !lonely(packets) {
			_, _ = fmt.Fprintf(&b, "%X\n", p.Bytes)
			continue
		}
		b.WriteString(map[Direction]string{Inbound: "in ", Outbound: "out "}[p.Direction])
		if p.Port != "" {
			b.WriteString(p.Port + " ")
		}
		_, _ = fmt.Fprintf(&b, "%s %X\n", shownTime(p.Time, timing), p.Bytes)
	}
	return b.String()
}

// lonely reports whether the packets are not pieces of one text: text2pcap's.
func lonely(packets []Packet) bool { return len(packets) > 1 && len(packets[0].Bytes) == 18 }

func shownTime(at int64, timing Timing) string {
	switch timing {
	case Dated:
		return time.Unix(0, at).UTC().Format("2006-01-02 15:04:05.999999999")
	case Elapsed:
		d, sign := time.Duration(at)-elapsedZero, ""
		if d < 0 {
			d, sign = -d, "-"
		}
		clock := time.Unix(0, int64(d%time.Hour)).UTC().Format("04:05.999999999")
		return fmt.Sprintf("%s%02d:%s", sign, int(d.Hours()), clock)
	}
	if at != 0 {
		return fmt.Sprint(at)
	}
	return "-"
}

// inUTC makes the times that programs write without a zone those of UTC.
func inUTC(t *testing.T) {
	before := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = before })
}

func TestImports(t *testing.T) {
	inUTC(t)
	for _, row := range imports {
		for _, as := range []Format{"", row.format} {
			t.Run(row.name+string(as), func(t *testing.T) {
				src, format, err := DetectAs(strings.NewReader(row.file), as)
				if err != nil || format != row.format {
					t.Fatalf("taken for %s, %v", format, err)
				}
				timing := TimingOf(src) // before anything is read
				packets, err := readAll(src)
				if err != nil || timing != row.timing || TimingOf(src) != row.timing {
					t.Errorf("timing %d, then %d, want %d; %v", timing, TimingOf(src), row.timing, err)
				}
				if got := shown(packets, timing); got != row.want {
					t.Errorf("got\n%swant\n%s", got, row.want)
				}
				if got := strings.Join(LeftOut(src), "; "); got != row.notes {
					t.Errorf("notes %q, want %q", got, row.notes)
				}
			})
		}
	}
}

// A format is found however the bytes come in, and no more is read for that
// than the first lines.
func TestImports_InPieces(t *testing.T) {
	for _, row := range imports {
		if _, format, err := Detect(iotest.OneByteReader(strings.NewReader(row.file))); format != row.format || err != nil {
			t.Errorf("%s: taken for %s, %v", row.name, format, err)
		}
		longer := strings.Repeat(row.file, detectBytes/len(row.file)+2)
		if _, format, err := Detect(strings.NewReader(longer)); format != row.format || err != nil {
			t.Errorf("%s again and again: taken for %s, %v", row.name, format, err)
		}
	}
}

// A board that speaks through a pipe is heard at its first bytes: what follows
// is an error that Detect must not meet.
func TestDetect_DoesNotWaitForMore(t *testing.T) {
	for _, row := range []struct {
		said   string
		format Format
	}{
		{"\xAA", Raw},
		{"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A", Raw},
		{"US\x69", Raw},
		{"$GPGGA,1", Raw},
		{"[boot] v1\n", Raw},
		{"12.5\n", Raw},
		{"=~=~x", Raw},
		{"[22:00:41.748]收←◆", SSCOM},
		{"[22:00:41.748] 55 AA 01 02 03 04 ", Tio},
		{"00000000: aa55\n", XXD},
		{"0000000 55aa\n", Hexdump},
		{"000000 aa 55\n000002 01\n", Text2pcap},
		{"name,type,start_time,duration,data", Logic2},
	} {
		r := &silent{data: []byte(row.said)}
		if _, format, err := Detect(r); format != row.format || err != nil {
			t.Errorf("%q: taken for %s, %v", row.said, format, err)
		}
	}
}

// silent has nothing more to say, but does not end.
type silent struct{ data []byte }

var errSilent = errors.New("a pipe would wait now")

func (s *silent) Read(b []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, errSilent
	}
	n := copy(b, s.data[:1])
	s.data = s.data[1:]
	return n, nil
}

// Bytes of a board that look like one of the formats for a while.
func TestDetect_StaysRaw(t *testing.T) {
	for name, file := range map[string]string{
		"DigitsInLines":   "1234 and more\n",
		"BracketText":     "[22:00:41.748] hello\n",
		"HexThenBytes":    "00000000: aa55\xAA\x55\n",
		"OneTLogRecord":   tlogFile(1),
		"NineBytesThenFE": "\x00\x01\x02\x03\x04\x05\x06\x07\xFE\x00\x00\x00\x00\x00\x00\x00\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55\x55",
		"CommentsOnly":    "# Name: x\n# y\n",
		"CSV":             "name,type,start_time\n",
		"Angle":           "> hello\n",
		"Preamble":        "12:00:00\nhello\n",
	} {
		if _, format, err := Detect(strings.NewReader(file)); format != Raw || err != nil {
			t.Errorf("%s: taken for %s, %v", name, format, err)
		}
	}
}
