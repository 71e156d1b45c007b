package frame_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"serialgw/internal/frame"
	"serialgw/internal/reading"
)

// TestCaptures_MAVLink1PublishesNothing: each of the 1159 records of this
// recording is a frame cut off eight bytes before its end, behind eight bytes
// of time. pymavlink finds no frame in it either.
func TestCaptures_MAVLink1PublishesNothing(t *testing.T) {
	capture := readCapture(t, "mavlink/capture.mavlink")
	p := describedPlan(t, "mavlink1")
	records := 0
	for rest := capture; len(rest) > 0; records++ {
		if len(rest) < 14 || rest[8] != 0xFE || len(rest) < 8+int(rest[9]) {
			t.Fatalf("record %d begins % X", records, rest[:min(len(rest), 14)])
		}
		id := int(rest[8+5])
		if !slices.ContainsFunc(p.Messages(), func(m *frame.MessagePlan) bool { return m.IDs[0] == id }) {
			t.Errorf("the description lacks message %d, so its CRC is never tried", id)
		}
		rest = rest[8+int(rest[9]):]
	}
	got, m := replayFile(t, p, capture)
	if len(got) != 0 || m.Noise != uint64(len(capture)) {
		t.Errorf("got %d frames (%v) and %d bytes of noise, want 0 and %d", len(got), texts(got), m.Noise, len(capture))
	}
	// 66 records are shorter than the message of their id is today, and for the
	// last one's check the bytes are missing.
	if records != 1159 || m.CheckFailed < 1092 || m.CheckFailed+m.LengthRejected < 1158 {
		t.Errorf("got %d records, %d bad checks and %d bad lengths, want 1159, 1092 and 66", records, m.CheckFailed, m.LengthRejected)
	}
}

// mavlinkCRC is the CRC as the MAVLink guide computes it, without the tables
// of package frame.
func mavlinkCRC(b []byte, extra byte) uint16 {
	crc := uint16(0xFFFF)
	for _, x := range append(slices.Clone(b), extra) {
		x ^= byte(crc)
		x ^= x << 4
		crc = crc>>8 ^ uint16(x)<<8 ^ uint16(x)<<3 ^ uint16(x)>>4
	}
	return crc
}

// TestCaptures_MAVLink2Battery: a record of eight bytes of time, big-endian,
// and one frame with all its fields; behind it fourteen bytes of a record cut
// off. The values are pymavlink's, run on the same bytes.
func TestCaptures_MAVLink2Battery(t *testing.T) {
	log := readCapture(t, "mavlink/capture.mav2.battery_status.tlog")
	p := describedPlan(t, "mavlink2")
	us := time.Duration(binary.BigEndian.Uint64(log)) * time.Microsecond
	at := reading.Stamp{Wall: int64(us), Boot: int64(us)}
	got, m := replay(p, 0, []reading.Chunk{{Bytes: log[8:], Stamp: at}})
	// The cells that are not there, the temperature and the time remaining are
	// 65535, 32767 and 0 to pymavlink: unknown.
	const want = "BATTERY_STATUS current_consumed=0 energy_consumed=0 voltages0=12.587 current_battery=0.00 " +
		"battery_id=0 battery_function=0 battery_type=0 battery_remaining=100 charge_state=0 battery_mode=0 battery_faults=0"
	if !slices.Equal(texts(got), []string{want}) || m.Noise != 14 || got[0].stamp != at || us != 47333*time.Millisecond {
		t.Fatalf("got %q at %v and %d bytes of noise,\nwant %q at 47.333 s and 14", texts(got), us, m.Noise, want)
	}
}

// TestMAVLink2_Shorter: a sender cuts zeros off the end of a payload, and
// appends 13 bytes to a signed frame. The preset for lines on which every frame
// is signed takes them as part of it; to the other they are noise.
func TestMAVLink2_Shorter(t *testing.T) {
	p := describedPlan(t, "mavlink2")
	m := p.Message("BATTERY_STATUS")
	values := map[string]reading.Value{}
	for _, info := range m.Properties() {
		values[info.Name] = reading.IntValue(0)
	}
	whole, err := p.Encode(nil, m.Name, values)
	if err != nil {
		t.Fatal(err)
	}
	short := append(slices.Clone(whole[:10]), 0)
	short[1] = 1
	signed := append(slices.Clone(whole), make([]byte, 13)...)
	signed[2] = 1
	unknown := slices.Clone(whole)
	unknown[2] = 2 // a flag that nobody may ignore
	for _, row := range []struct {
		name, preset string
		frame        []byte
		crc          int // where it stands
		want, noise  int
	}{
		{"whole", "mavlink2", whole, len(whole) - 2, 1, 0},
		{"zeros cut off", "mavlink2", append(short, 0, 0), len(short), 1, 0},
		{"signed", "mavlink2", signed, len(whole) - 2, 1, 13},
		{"signed", "mavlink2-signed", signed, len(whole) - 2, 1, 0},
		{"unsigned", "mavlink2-signed", whole, len(whole) - 2, 0, len(whole)},
		{"unknown flag", "mavlink2", unknown, len(whole) - 2, 0, len(whole)},
	} {
		t.Run(row.preset+"/"+row.name, func(t *testing.T) {
			binary.LittleEndian.PutUint16(row.frame[row.crc:], mavlinkCRC(row.frame[1:row.crc], 154))
			got, m := replayFile(t, describedPlan(t, row.preset), row.frame)
			if len(got) != row.want || int(m.Noise) != row.noise {
				t.Errorf("got %v and %d bytes of noise from % X, want %d frames and %d", texts(got), m.Noise, row.frame, row.want, row.noise)
			}
		})
	}
}
