package capture

// Swapped takes what went to the board for what came from it, and the reverse:
// a program between two ports does not know at which of them the board is.
func Swapped(src Source) Source { return swapped{src} }

type swapped struct{ Source }

// Next returns the next packet.
func (s swapped) Next() (Packet, error) {
	p, err := s.Source.Next()
	switch p.Direction {
	case Inbound:
		p.Direction = Outbound
	case Outbound:
		p.Direction = Inbound
	}
	return p, err
}
