package frame

// Metrics counts what a Scanner has seen since it was made. Bytes count once
// they are judged: BytesIn = FrameBytes + Noise + Idle + bytes still held.
type Metrics struct {
	BytesIn    uint64 `json:"bytes_in"`
	FrameBytes uint64 `json:"frame_bytes"` // in accepted frames
	Noise      uint64 `json:"noise"`       // in no frame, and not idle
	Idle       uint64 `json:"idle"`        // idle bytes between frames
	Frames     uint64 `json:"frames"`      // accepted, listed or not
	UnknownID  uint64 `json:"unknown_id"`  // accepted, but no message has that id

	// Candidates that began with sync and were given up, by the rule that
	// they broke. Rescanning may try several within one damaged frame.
	IDRejected     uint64 `json:"id_rejected"`     // id not listed, with strict_id or without a check
	LengthRejected uint64 `json:"length_rejected"` // total below the minimum or above max, or a count above its max
	ConstRejected  uint64 `json:"const_rejected"`  // or, in a line of text, a piece that is no number
	EndRejected    uint64 `json:"end_rejected"`
	CheckFailed    uint64 `json:"check_failed"`
	EscapeRejected uint64 `json:"escape_rejected"` // an escape that means nothing
	Doubted        uint64 `json:"doubted"`         // they broke none, but stood alone in a long stretch of noise
	Expired        uint64 `json:"expired"`         // partial frames abandoned after a silence

	Resyncs     uint64 `json:"resyncs"`      // a frame, then noise, then a frame
	LongestLoss uint64 `json:"longest_loss"` // longest run of noise without a frame, bytes

	SeqLost     uint64 `json:"seq_lost"`     // frames missing according to the sequence number
	SeqRepeated uint64 `json:"seq_repeated"` // frames with the number of the frame before
	SeqBack     uint64 `json:"seq_back"`     // the number went back: the board restarted

	// SeqOutOfOrder counts frames that came behind a later one; they count
	// under SeqLost as well, from when the later one came.
	SeqOutOfOrder uint64 `json:"seq_out_of_order"`
}

// Explained returns the share of the judged bytes that lie in accepted
// frames, 0 to 1; idle bytes do not count. Below 0.9 the description and the
// board disagree, or the line is bad. It is 0 before the first verdict.
func (m Metrics) Explained() float64 {
	if m.FrameBytes == 0 {
		return 0
	}
	return float64(m.FrameBytes) / float64(m.FrameBytes+m.Noise)
}

func (m *Metrics) reject(why reason) {
	switch why {
	case whyID:
		m.IDRejected++
	case whyLength, whyCount:
		m.LengthRejected++
	case whyConst, whyText:
		m.ConstRejected++
	case whyEnd:
		m.EndRejected++
	case whyCheck:
		m.CheckFailed++
	case whyStuff:
		m.EscapeRejected++
	case whyDoubt:
		m.Doubted++
	}
}
