package frame_test

import (
	"bytes"
	"encoding/json"
	"maps"
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
// between them are gpsd's own rendering of the same values, see notCovered.
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

// gpsdKey says which value of which UBX message gpsd publishes under a key,
// and how many of our units make one of gpsd's.
type gpsdKey struct {
	key, message, property string
	units                  float64
}

// gpsdKeys follow drivers/driver_ubx.c of gpsd: metres, m/s and degrees where
// u-blox has mm, cm and their like.
var gpsdKeys = map[string][]gpsdKey{
	"TPV": {
		{"mode", "HNR-PVT", "gpsFix", 1}, {"lat", "HNR-PVT", "lat", 1}, {"lon", "HNR-PVT", "lon", 1},
		{"altHAE", "HNR-PVT", "height", 1000}, {"altMSL", "HNR-PVT", "hMSL", 1000}, {"alt", "HNR-PVT", "hMSL", 1000},
		{"speed", "HNR-PVT", "gSpeed", 1000}, {"track", "HNR-PVT", "headMot", 1},
		{"eph", "HNR-PVT", "hAcc", 1000}, {"epv", "HNR-PVT", "vAcc", 1000},
		{"eps", "HNR-PVT", "sAcc", 1000}, {"epd", "HNR-PVT", "headAcc", 1},
		{"leapseconds", "NAV-TIMEGPS", "leapS", 1},
		{"ecefx", "NAV-POSECEF", "ecefX", 100}, {"ecefy", "NAV-POSECEF", "ecefY", 100},
		{"ecefz", "NAV-POSECEF", "ecefZ", 100}, {"ecefpAcc", "NAV-POSECEF", "pAcc", 100},
		{"ecefvx", "NAV-VELECEF", "ecefVX", 100}, {"ecefvy", "NAV-VELECEF", "ecefVY", 100},
		{"ecefvz", "NAV-VELECEF", "ecefVZ", 100}, {"ecefvAcc", "NAV-VELECEF", "sAcc", 100},
	},
	"ATT": {
		{"roll", "HNR-ATT", "roll", 1}, {"pitch", "HNR-ATT", "pitch", 1}, {"heading", "HNR-ATT", "heading", 1},
		{"yaw", "ESF-ALG", "yaw", 1},
	},
	"SKY": {
		{"gdop", "NAV-DOP", "gDOP", 1}, {"pdop", "NAV-DOP", "pDOP", 1}, {"tdop", "NAV-DOP", "tDOP", 1},
		{"vdop", "NAV-DOP", "vDOP", 1}, {"hdop", "NAV-DOP", "hDOP", 1},
		{"ydop", "NAV-DOP", "nDOP", 1}, {"xdop", "NAV-DOP", "eDOP", 1},
		{"nSat", "NAV-SAT", "numSvs", 1}, {"uSat", "NAV-PVT", "numSV", 1},
	},
}

// gpsdOwn are the keys that are no field of a message here: what gpsd makes of
// several values or of a model of the earth, and the satellites, see notCovered.
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
		if text := strconv.FormatFloat(v.Float()/k.units, 'f', len(decimals), 64); !ok || text != r.text(key) {
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
	got, m := replayFile(t, describedPlan(t, "ubx"), log)
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
	if compared != 258 {
		t.Errorf("compared %d values, want 258", compared)
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
			last["HNR-ATT"] = last["ESF-ALG"]
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
