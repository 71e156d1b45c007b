package frame

// Work returns how many bytes the scanner's judgements may have read, plus
// those it moved.
func (s *Scanner) Work() uint64 { return s.work }
