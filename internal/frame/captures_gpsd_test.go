package frame_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"serialgw/internal/reading"
)

const gpsdLog = "gpsd/ublox-neo-m8u-hnr.log"

// gpsdReport is one JSON line of gpsd's transcript; numbers are kept as text.
type gpsdReport map[string]any

func (r gpsdReport) text(key string) string {
	n, _ := r[key].(json.Number)
	return n.String()
}

func (r gpsdReport) time(t *testing.T) time.Time {
	t.Helper()
	text, _ := r["time"].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// gpsdReports reads the JSON lines of the transcript by class. The NMEA lines
// between them are gpsd's own rendering of the same values: see TestCaptures_NMEA.
func gpsdReports(t *testing.T) map[string][]gpsdReport {
	t.Helper()
	out := map[string][]gpsdReport{}
	for line := range bytes.Lines(readCapture(t, gpsdLog+".chk")) {
		if line[0] != '{' {
			continue
		}
		var r gpsdReport
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		class, _ := r["class"].(string)
		out[class] = append(out[class], r)
	}
	return out
}

// gpsdKey says which value of which UBX message gpsd publishes under a key.
type gpsdKey struct{ key, message, property string }

// gpsdKeys follow drivers/driver_ubx.c of gpsd; like the preset it has metres,
// m/s and degrees where u-blox has mm, cm and their like.
var gpsdKeys = map[string][]gpsdKey{
	"TPV": {
		{"mode", "HNR-PVT", "gpsFix"}, {"lat", "HNR-PVT", "lat"}, {"lon", "HNR-PVT", "lon"},
		{"altHAE", "HNR-PVT", "height"}, {"altMSL", "HNR-PVT", "hMSL"}, {"alt", "HNR-PVT", "hMSL"},
		{"speed", "HNR-PVT", "gSpeed"}, {"track", "HNR-PVT", "headMot"},
		{"eph", "HNR-PVT", "hAcc"}, {"epv", "HNR-PVT", "vAcc"},
		{"eps", "HNR-PVT", "sAcc"}, {"epd", "HNR-PVT", "headAcc"},
		{"leapseconds", "NAV-TIMEGPS", "leapS"},
		{"ecefx", "NAV-POSECEF", "ecefX"}, {"ecefy", "NAV-POSECEF", "ecefY"},
		{"ecefz", "NAV-POSECEF", "ecefZ"}, {"ecefpAcc", "NAV-POSECEF", "pAcc"},
		{"ecefvx", "NAV-VELECEF", "ecefVX"}, {"ecefvy", "NAV-VELECEF", "ecefVY"},
		{"ecefvz", "NAV-VELECEF", "ecefVZ"}, {"ecefvAcc", "NAV-VELECEF", "sAcc"},
	},
	"ATT": {
		{"roll", "HNR-ATT", "roll"}, {"pitch", "HNR-ATT", "pitch"}, {"heading", "HNR-ATT", "heading"},
		{"yaw", "ESF-ALG", "alignYaw"},
	},
	"SKY": {
		{"gdop", "NAV-DOP", "gDOP"}, {"pdop", "NAV-DOP", "pDOP"}, {"tdop", "NAV-DOP", "tDOP"},
		{"vdop", "NAV-DOP", "vDOP"}, {"hdop", "NAV-DOP", "hDOP"},
		{"ydop", "NAV-DOP", "nDOP"}, {"xdop", "NAV-DOP", "eDOP"},
		{"nSat", "NAV-SAT", "numSvs"}, {"uSat", "NAV-PVT", "numSV"},
	},
}

// gpsdOwn are the keys that are no field of a message here: what gpsd makes of
// several values or of a model of the earth, and the satellites, see compareSatellites.
var gpsdOwn = []string{"class", "time", "status", "ept", "epx", "epy", "epc", "sep", "climb",
	"magtrack", "magvar", "geoidSep", "satellites"}

// compareReport compares what a report says with what the messages said last,
// and returns how many values agree.
func compareReport(t *testing.T, class string, r gpsdReport, last map[string]sighting) int {
	t.Helper()
	compared := 0
	for _, key := range slices.Sorted(maps.Keys(r)) {
		i := slices.IndexFunc(gpsdKeys[class], func(k gpsdKey) bool { return k.key == key })
		if i < 0 {
			if !slices.Contains(gpsdOwn, key) {
				t.Errorf("%s: nothing is known about gpsd's %q", class, key)
			}
			continue
		}
		k := gpsdKeys[class][i]
		v, ok := last[k.message].values[k.property]
		_, decimals, _ := strings.Cut(r.text(key), ".")
		if text := strconv.FormatFloat(v.Float(), 'f', len(decimals), 64); !ok || text != r.text(key) {
			t.Errorf("%s at %v, %s: got %s of %s %v, want %s", class, r["time"], key, text, k.message, v, r.text(key))
		}
		compared++
	}
	return compared
}

// towOf is the GPS time of week that u-blox calls iTOW.
func towOf(at time.Time) reading.Value {
	week := 7 * 24 * time.Hour
	epoch := time.Date(1980, 1, 6, 0, 0, 0, 0, time.UTC)
	return reading.IntValue((at.Add(gpsLeap).Sub(epoch) % week).Milliseconds())
}

// TestCaptures_GPSD replays a recorded u-blox M8U: 46 UBX frames behind the
// text that gpsd put in front, compared with what gpsd published of them.
func TestCaptures_GPSD(t *testing.T) {
	log := readCapture(t, gpsdLog)
	for bytes.HasPrefix(log, []byte("#")) {
		_, log, _ = bytes.Cut(log, []byte("\n"))
	}
	noise := bytes.Index(log, []byte("\xB5\x62")) + len("\n") // a line feed ends the recording
	got, m := replayFile(t, describedPlan(t, "ubx-satellites"), log)
	good, bad := walkUBX(log)
	if len(got) != 46 || len(good) != 46 || len(bad) != 0 || int(m.Noise) != noise {
		t.Fatalf("got %d frames and %d bytes of noise, want %d (46) and %d", len(got), m.Noise, len(good), noise)
	}
	reports, last, compared := gpsdReports(t), map[string]sighting{}, 0
	counts := map[string]int{}
	for i, s := range got {
		if !slices.Equal(s.bytes, good[i]) {
			t.Errorf("frame %d: got %s, want %s", i, ubxID(s.bytes), ubxID(good[i]))
		}
		counts[s.message]++
		last[s.message] = s
		if s.message == "HNR-PVT" && counts[s.message] <= len(reports["TPV"]) {
			r := reports["TPV"][counts[s.message]-1]
			compareClock(t, s, r.time(t))
			compared += compareReport(t, "TPV", r, last)
		}
	}
	want := map[string]int{"HNR-PVT": 12, "HNR-ATT": 12, "HNR-INS": 12, "NAV-PVT": 1, "NAV-SAT": 1, "NAV-POSECEF": 1,
		"NAV-DOP": 1, "NAV-VELECEF": 1, "NAV-TIMEGPS": 1, "NAV-EOE": 1, "ESF-STATUS": 1, "ESF-ALG": 1, "ESF-INS": 1}
	if !maps.Equal(counts, want) || len(reports["TPV"]) != 12 {
		t.Errorf("got %v, want %v; gpsd has %d reports", counts, want, len(reports["TPV"]))
	}
	compared += compareAttitudes(t, got, reports["ATT"]) + compareSky(t, last, reports["SKY"])
	compared += compareSatellites(t, last["NAV-SAT"], reports["SKY"][0])
	if compared != 258+25*8 {
		t.Errorf("compared %d values, want %d", compared, 258+25*8)
	}
}

// compareClock compares the UTC fields with the time of a report.
func compareClock(t *testing.T, s sighting, want time.Time) {
	t.Helper()
	part := func(name string) int { return int(s.values[name].Int64()) }
	at := time.Date(part("year"), time.Month(part("month")), part("day"), part("hour"), part("min"), part("second"), part("nano"), time.UTC)
	if !at.Round(time.Millisecond).Equal(want) || s.values["iTOW"] != towOf(want) {
		t.Errorf("%s: got %v and iTOW %v, want %v and %v", s.message, at, s.values["iTOW"], want, towOf(want))
	}
}

// compareAttitudes finds each report's message by its time: gpsd is one report
// behind, and the one without heading is that of ESF-ALG.
func compareAttitudes(t *testing.T, got []sighting, reports []gpsdReport) int {
	t.Helper()
	compared := 0
	for _, r := range reports {
		tow := towOf(r.time(t))
		last := map[string]sighting{}
		for _, s := range got {
			if s.message == "ESF-ALG" || s.message == "HNR-ATT" && s.values["iTOW"] == tow {
				last[s.message] = s
			}
			if strings.HasSuffix(s.message, "INS") && (s.values["xAngRateValid"].Bool() || s.values["xAccelValid"].Bool()) {
				t.Errorf("%s: a valid rate, but gpsd publishes none", s.message)
			}
		}
		if r.text("heading") == "" {
			align := last["ESF-ALG"].values
			last["HNR-ATT"] = sighting{values: map[string]reading.Value{"roll": align["alignRoll"], "pitch": align["alignPitch"]}}
			if last["ESF-ALG"].values["iTOW"] != tow {
				t.Errorf("ESF-ALG: got iTOW %v, want %v", last["ESF-ALG"].values["iTOW"], tow)
			}
		}
		compared += compareReport(t, "ATT", r, last)
	}
	return compared
}

// compareSky compares the dilutions of precision. gpsd's first report comes
// between NAV-SAT and NAV-DOP: its vdop, 1.21, is gpsd's own computation from
// the places of the satellites; NAV-DOP says 1.20, and so does gpsd from then on.
func compareSky(t *testing.T, last map[string]sighting, reports []gpsdReport) int {
	t.Helper()
	compared := 0
	for i, r := range reports {
		if i == 0 {
			if r.text("vdop") != "1.21" {
				t.Errorf("gpsd's own vdop: got %s, want 1.21", r.text("vdop"))
			}
			delete(r, "vdop")
		}
		compared += compareReport(t, "SKY", r, last)
	}
	return compared
}

// compareSatellites compares the group of NAV-SAT, eight values a satellite.
func compareSatellites(t *testing.T, s sighting, r gpsdReport) int {
	t.Helper()
	all, _ := r["satellites"].([]any)
	if len(all) != int(s.values["numSvs"].Int64()) {
		t.Errorf("NAV-SAT says %v satellites, gpsd %d", s.values["numSvs"], len(all))
	}
	compared := 0
	for i, one := range all {
		want, _ := one.(map[string]any)
		for key, name := range map[string]string{"gnssid": "gnssId", "svid": "svId", "ss": "cno", "el": "elev", "az": "azim",
			"prRes": "prRes", "qual": "qualityInd", "used": "svUsed"} {
			v := s.values[name+strconv.Itoa(i)]
			text := fmt.Sprint(want[key])
			if key == "used" && text != strconv.FormatBool(v.Bool()) || key != "used" && !equals(v, text) {
				t.Errorf("satellite %d, %s: got %v, want %s", i, key, v, text)
			}
			compared++
		}
	}
	return compared
}

// TestCaptures_NMEA reads gpsd's transcript, in which sentences of NMEA 0183
// stand between lines of JSON: each sentence is found, its pieces come out as
// they are written, and the position is that of the JSON behind it.
func TestCaptures_NMEA(t *testing.T) {
	log := readCapture(t, gpsdLog+".chk")
	got, m := replayFile(t, describedPlan(t, "nmea0183"), log)
	lines, noise, compared := 0, 0, 0
	reports := gpsdReports(t)["TPV"]
	positions := 0
	for line := range strings.Lines(string(log)) {
		if !strings.HasPrefix(line, "$") {
			noise += len(line)
			continue
		}
		if lines == len(got) || string(got[lines].bytes) != line {
			t.Fatalf("sentence %d: want %q", lines, line)
		}
		s := got[lines]
		lines++
		pieces := strings.Split(line[1:strings.IndexByte(line, '*')], ",")
		compared += comparePieces(t, s, pieces)
		if s.message == "gga" {
			comparePosition(t, s, reports[positions])
			positions++
		}
	}
	if lines != 61 || len(got) != 61 || int(m.Noise) != noise || positions != 12 || compared != 319 {
		t.Errorf("got %d sentences (61), %d bytes of noise (%d), %d positions (12), %d pieces (319)", len(got), m.Noise, noise, positions, compared)
	}
}

// nmeaPieces says which piece of a sentence a property is.
var nmeaPieces = map[string]map[string]int{
	"gga": {"utc": 1, "quality": 6, "satellites": 7, "hdop": 8, "altitude": 9, "geoid": 11},
	"rmc": {"utc": 1, "status": 2, "speed": 7, "course": 8, "date": 9, "variation": 10, "variation_ew": 11},
	"zda": {"utc": 1, "day": 2, "month": 3, "year": 4},
	"gsv": {"sentences": 1, "sentence": 2, "in_view": 3, "prn0": 4, "elevation0": 5, "azimuth0": 6, "snr0": 7, "prn1": 8, "elevation1": 9,
		"azimuth1": 10, "snr1": 11, "prn2": 12, "elevation2": 13, "azimuth2": 14, "snr2": 15, "prn3": 16, "elevation3": 17, "azimuth3": 18, "snr3": 19},
}

func comparePieces(t *testing.T, s sighting, pieces []string) int {
	t.Helper()
	compared := 0
	for name, i := range nmeaPieces[s.message] {
		v, ok := s.values[name]
		switch {
		case i >= len(pieces) || pieces[i] == "":
			if ok {
				t.Errorf("%v, %s: got %v, want none", pieces, name, v)
			}
			continue
		case v.Kind == reading.Text && v.Str() == pieces[i], v.Kind == reading.Decimal && v.String() == pieces[i], v.Kind == reading.Int && equals(v, pieces[i]):
			compared++
		default:
			t.Errorf("%v, %s: got %v, want %s", pieces, name, v, pieces[i])
		}
	}
	return compared
}

// comparePosition: gpsd prints nine decimals of a degree, a sentence has seven
// of a minute and the letter of the hemisphere.
func comparePosition(t *testing.T, s sighting, r gpsdReport) {
	t.Helper()
	for _, key := range []string{"lat", "lon"} {
		want, err := strconv.ParseFloat(r.text(key), 64)
		if got := s.values[key].Float(); err != nil || math.Abs(got-want) > 1e-7 {
			t.Errorf("%s at %v: got %v, want %v", key, r["time"], got, want)
		}
	}
	if want, err := strconv.ParseFloat(r.text("altMSL"), 64); err != nil || math.Abs(s.values["altitude"].Float()-want) > 0.0051 {
		t.Errorf("altitude at %v: got %v, want %s", r["time"], s.values["altitude"], r.text("altMSL"))
	}
}
