package infer

import (
	"sync"

	"serialgw/internal/frame"
)

// kind is one kind of check with one byte order.
type kind struct {
	sum  *frame.Checksum
	spec frame.Check // kind, parameters, endian
	size int
	big  bool
}

// kinds returns every kind that may be tried, by bytes.
var kinds = sync.OnceValue(func() map[int][]kind { //nolint:gochecknoglobals // made once, never changed
	specs := []frame.Check{
		// In everyday use without a name: RoboMaster's head, LD06, CRSF commands.
		{Kind: "crc", Width: 8, Poly: 0x31, Init: 0xFF, Reflect: true},
		{Kind: "crc", Width: 8, Poly: 0x4D},
		{Kind: "crc", Width: 8, Poly: 0xBA},
	}
	for _, name := range frame.CheckKinds() {
		specs = append(specs, frame.Check{Kind: name})
	}
	out := map[int][]kind{}
	for _, spec := range specs {
		for _, endian := range []string{"little", "big"} {
			spec.Endian = endian
			sum, err := frame.NewChecksum(spec)
			if err != nil {
				continue // this kind has only one order
			}
			k := kind{sum: sum, spec: spec, size: sum.Size(), big: endian == "big"}
			if k.size == 1 || spec.Kind == "sum+sum" {
				k.spec.Endian = ""
			}
			out[k.size] = append(out[k.size], k)
			if k.size == 1 || spec.Kind == "sum+sum" {
				break
			}
		}
	}
	return out
})
