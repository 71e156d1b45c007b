package frame

// CRC returns the parameters of a CRC, also of one under another name; false
// for every other kind.
func (c *Checksum) CRC() (CRC, bool) {
	if c.check.kind != kindCRC {
		return CRC{}, false
	}
	s := c.check.crc.spec
	return CRC{c.name, s.width, s.poly, s.init, s.reflect, s.xorout}, true
}

// SyncBytes returns the bytes that Encode writes for sync: of several
// possible values the first, of a free one 0.
func (p *Plan) SyncBytes() []byte {
	out := make([]byte, len(p.sync))
	for i := range p.sync {
		out[i] = p.sync[i].first
	}
	return out
}

// EndBytes returns the end marker.
func (p *Plan) EndBytes() []byte { return append([]byte(nil), p.end...) }
