package frame_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// vector is one single frame that someone published.
type vector struct {
	Name    string `json:"name"`
	Hex     string `json:"hex"`
	CheckOK bool   `json:"check_ok"`
}

// vectorRow says which description decodes the vectors of a name.
type vectorRow struct {
	description string
	says        string // values that the vector's source states, or its code computes
	loose       bool   // the format has no check: a changed bit may pass
}

var vectorRows = map[string]vectorRow{
	"ano-v7 F2 param":         {"ano-v7", "?", false}, // not listed: accepted, unknown
	"maix hello":              {"maix", "is_resp=false command=1", false},
	"huskylens block":         {"huskylens", "cx=300 cy=200 w=10 h=20 object=1", false},
	"wit jy61p":               {"jy901", "", false},
	"wit hwt905":              {"jy901", "", false},
	"pms5003":                 {"pmsx003", "", false}, // values: TestCaptures_PyPMS
	"sds011":                  {"sds011", "", false},  // as above
	"mh-z19b":                 {"mhz19b", "co2=636", false},
	"cse7766 ok":              {"cse7766", "power_ready=true current_ready=true voltage_ready=true voltage=207.029 current=0.105 power=20.862 pulses=2938", false}, // 194400/939, 16400/155741, 5351000/256495
	"pzem-004t v3":            {"pzem004t", "voltage=225.7 current=0.108 power=24.4 energy=38 frequency=50.0 power_factor=1.00", false},
	"modbus rsp fc3":          {"modbus", "reg0=141 reg1=142", false},
	"modbus req fc3":          {"modbus", "", false},
	"modbus req fc16":         {"modbus", "", false},
	"dlt645-97? resp":         {"dlt645", "current_a meter=171118445100 current_a=0.000", false},
	"dlt645 energy":           {"dlt645", "energy meter=1 energy=26.37", false},
	"sps30 shdlc stuffed":     {"sps30", "pm01=6.96922", false}, // values: TestCaptures_PyPMS
	"mavlink1 heartbeat":      {"mavlink1", "type=6 autopilot=8 mavlink_version=3", false},
	"msp v2 ident":            {"msp2", "request", false},
	"ibus":                    {"ibus", "ch0=0 ch1=1 ch13=13 ch14=0 ch17=0", false},
	"crsf rc":                 {"crsf", "ch0=189 ch1=993 ch2=978 ch3=983", false},
	"ubx hnr-pvt":             {"ubx", "", false}, // values: TestCaptures_PyUBX2
	"ld06":                    {"ld06", "speed=2152 start_angle=324.27 d0=224 q0=228 d1=220 q1=226 end_angle=334.70 time=6714", false},
	"hipnuc hi91":             {"hipnuc", "temp=35 system_time=1840392", false},
	"jbd bms":                 {"jbd", "voltage=58.88 current=0.00 year=2016 month=3 day=24 remaining=7.20 nominal=10.00 cycles=0 soc=72 ntc0=20.3 ntc1=21.5", false},
	"enocean esp3":            {"enocean", "rorg=210 sender=008035C4 dbm=-77", false},
	"xbee api1":               {"xbee", "frame_type=35", false},
	"zdt pos":                 {"zdt-emm", "position=-0.016", true},
	"nextion touch":           {"nextion", "page=0 component=1 pressed=1", true},
	"justfloat":               {"justfloat", "ch0=1 ch1=-2.5", true},
	"ld2410 basic":            {"ld2410", "target=2 moving_distance=81 still_energy=59", true},
	"tfmini cmd (doc ok)":     {"tfmini-command", "command=17", false},
	"tfmini cmd (doc WRONG?)": {"tfmini-command", "", false},
}

// vectorsOfTheirOwn names the vectors whose verdict is not ours, and who is
// right. TestVectors_MaixLength proves it.
var vectorsOfTheirOwn = map[string]string{
	"maix applist resp": "the check holds, but the manual's length field is 5 too small: there is no such frame",
}

// unguarded is the byte of a vector that its format's check does not cover and
// that may have several values: MSP's direction and CRSF's address stand in front
// of what the CRC covers.
var unguarded = map[string]int{"msp v2 ident": 2, "crsf rc": 0}

func readVectors(t *testing.T) []vector {
	t.Helper()
	var all []vector
	if err := json.Unmarshal(readCapture(t, "vectors.json"), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// judgeVector returns what a scanner makes of a frame on its own: "" unless
// all of it, but bytes between frames, is one frame. An end marker alone
// delimits only behind another one, which the frame itself provides. [WIRE-12]
func judgeVector(p *frame.Plan, b []byte) string {
	before := 0
	if p.Name() == "justfloat" {
		b, before = append(slices.Clone(b), b...), len(b)
	}
	got, m := replay(p, 0, []reading.Chunk{{Bytes: b}})
	if len(got) != 1 || int(m.Noise) != before {
		return ""
	}
	return got[0].text
}

// TestVectors_Verdicts: for every published frame that can be described, the
// check holds or fails as the file says, and the values that its source states
// come out.
func TestVectors_Verdicts(t *testing.T) {
	unused := map[string]bool{}
	for name := range vectorRows {
		unused[name] = true
	}
	covered := 0
	for i, v := range readVectors(t) {
		row, ok := vectorRows[v.Name]
		if delete(unused, v.Name); !ok {
			if vectorsOfTheirOwn[v.Name] == "" {
				t.Errorf("%s: neither described nor judged otherwise", v.Name)
			}
			continue
		}
		covered++
		t.Run(fmt.Sprint(v.Name, "/", i), func(t *testing.T) {
			text := judgeVector(describedPlan(t, row.description), fromHex(t, v.Hex))
			if (text != "") != v.CheckOK {
				t.Errorf("%s: got %q, but the check holds is %v", v.Hex, text, v.CheckOK)
			}
			for want := range strings.FieldsSeq(row.says) {
				if !slices.Contains(strings.Fields(text), want) {
					t.Errorf("got %s, want %s in it", text, want)
				}
			}
		})
	}
	if len(unused) > 0 || covered != 37 {
		t.Errorf("%d vectors covered, want 37; rows without a vector: %v", covered, unused)
	}
}

// TestVectors_ChangedBits: of a frame with a check no single bit can change
// unnoticed.
func TestVectors_ChangedBits(t *testing.T) {
	for _, v := range readVectors(t) {
		row, ok := vectorRows[v.Name]
		if !ok || row.loose || !v.CheckOK {
			continue
		}
		p := describedPlan(t, row.description)
		b := fromHex(t, v.Hex)
		free, ok := unguarded[v.Name]
		for bit := range 8 * len(b) {
			if ok && bit/8 == free {
				continue
			}
			b[bit/8] ^= 1 << (bit % 8)
			if text := judgeVector(p, b); text != "" {
				t.Errorf("%s: accepted with bit %d of byte %d changed: % X, %s", v.Name, bit%8, bit/8, b, text)
			}
			b[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// TestVectors_MaixLength: the answer printed in MaixCDK's protocol.md has a
// right CRC over a wrong length, 0A for 0F. Cut by its true size the check
// holds, as the file says; with the length put right it fails, because it
// covers the length. So no stream of bytes holds that frame.
func TestVectors_MaixLength(t *testing.T) {
	for _, v := range readVectors(t) {
		if vectorsOfTheirOwn[v.Name] == "" {
			continue
		}
		b := fromHex(t, v.Hex)
		p := describedPlan(t, "maix")
		d := described(t, "maix")
		d.Size, d.Length = len(b), nil
		if judgeVector(mustCompile(t, "maix", d), b) == "" || !v.CheckOK {
			t.Errorf("%s: the check fails over the true size", v.Name)
		}
		if text := judgeVector(p, b); text != "" {
			t.Errorf("%s: accepted with the length %d: %s", v.Name, b[4], text)
		}
		b[4] = byte(len(b) - 8)
		if text := judgeVector(p, b); text != "" {
			t.Errorf("%s: accepted with the length put right: %s", v.Name, text)
		}
	}
}
